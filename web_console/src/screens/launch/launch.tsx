import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import * as ask from "../../queries";
import { useTitle } from "../../shell/shell";
import { Failure } from "../../ui/parts";

import { Form } from "./form";

/** Choose an application; then its form, made from its interface. */
export function Launch() {
  const { app, from, draft } = useSearch({ from: "/inside/launch" });
  const interfaces = useQuery(ask.interfaces);
  const origin = useQuery({ ...ask.experiment(from ?? draft ?? ""), enabled: Boolean(from ?? draft) });
  const chosen = interfaces.data?.find((one) => one.name === app || one.id === origin.data?.interface_id);
  useTitle(
    <span>
      <Link to="/launch" className="font-normal text-ink-2 hover:underline">
        Launch
      </Link>
      {chosen && (
        <>
          {" "}
          <span className="font-normal text-ink-3">/</span> {chosen.name}
        </>
      )}
    </span>,
    chosen ? `Launch ${chosen.name}` : "Launch",
  );
  if (interfaces.error) return <Failure error={interfaces.error} retry={() => void interfaces.refetch()} />;
  if ((from ?? draft) && !origin.data) return origin.error ? <Failure error={origin.error} /> : null;
  if (chosen)
    return (
      <Form key={`${chosen.id}-${from ?? draft ?? ""}`} app={chosen} origin={origin.data} draft={Boolean(draft)} />
    );
  return (
    <div className="scroll flex-1 p-6 max-sm:p-4">
      <p className="mt-0 text-ink-2">
        {interfaces.data?.length
          ? "What is to be run?"
          : interfaces.isPending
            ? "…"
            : "No application is described yet."}
      </p>
      <ul className="m-0 max-w-[720px] list-none border-line border-t p-0">
        {interfaces.data?.map((one) => (
          <li key={one.id} className="border-line border-b">
            <Link to="/launch" search={{ app: one.name }} className="flex items-center gap-4 px-3 py-3 hover:bg-hover">
              <span className="min-w-0 flex-1">
                <span className="name block">{one.name}</span>
                <span className="second block">{one.description || "No description"}</span>
              </span>
              <span className="meta">{one.inputs.length} inputs</span>
            </Link>
          </li>
        ))}
      </ul>
      {!interfaces.data?.length && (
        <Link to="/applications" className="btn">
          Describe one
        </Link>
      )}
    </div>
  );
}
