import { Link } from "@tanstack/react-router";
import type { TaskTypeShown } from "../../api/client";
import { duration } from "../../core/time";
import { CloseButton, CopyButton, Drawer, Facts } from "../../ui/parts";
import { USES } from "./words";

const seconds = (value: number): string => duration(value * 1_000);

interface Props {
  type: TaskTypeShown;
  /** For those who may. */
  onEdit: (() => void) | undefined;
  onClose: () => void;
}

/** One task type: how its tasks run, what they give and take. */
export function TypeDrawer({ type, onEdit, onClose }: Props) {
  const said = type.description;
  const schema = JSON.stringify(said.parameters, null, 2);
  return (
    <Drawer label={`Task type ${type.name}`} onClose={onClose}>
      <header className="flex items-center gap-2 border-line border-b px-5 py-3">
        <h2 className="clip m-0 flex-1 font-semibold text-[15px]">
          {type.name} <span className="font-normal text-ink-3">version {type.version}</span>
        </h2>
        <CloseButton onClick={onClose} />
      </header>
      <div className="border-line border-b px-5 py-3">
        {said.description && <p className="m-0 mb-3">{said.description}</p>}
        <Facts
          facts={[
            ["Resource", USES[said.resource]],
            [
              "Lane",
              <Link key="l" className="link" to="/lanes" search={{ open: `${type.name}/${said.lane}` }}>
                {said.lane}
              </Link>,
            ],
            [
              "Deadline",
              `${seconds(said.limits.deadline_seconds)}, at most ${seconds(said.limits.max_deadline_seconds)}`,
            ],
            ["Attempts", `at most ${said.limits.max_attempts}`],
            said.image
              ? [
                  "Image",
                  <span key="i" className="mono break-all">
                    {said.image}
                  </span>,
                ]
              : null,
            said.module
              ? [
                  "Module",
                  <span key="m" className="mono break-all">
                    {said.module}
                  </span>,
                ]
              : null,
            ["Registered by", type.registered_by],
          ]}
        />
        <div className="mt-3 flex flex-wrap gap-2">
          {onEdit && (
            <button type="button" className="btn small" onClick={onEdit}>
              Edit or remove…
            </button>
          )}
          <Link className="btn small" to="/services" search={{ open: type.name }}>
            Its service
          </Link>
          <Link className="btn small" to="/services" search={{ open: "new" }}>
            Deploy…
          </Link>
        </div>
      </div>
      <section aria-label="Ports" className="border-line border-b px-5 py-3">
        <h3 className="m-0 mb-2 font-semibold">Gives</h3>
        {!said.outputs.length && <p className="m-0 text-ink-2">Nothing that another task could take up.</p>}
        {said.outputs.map((port) => (
          <p key={port.name} className="m-0 py-[2px]">
            <span className="mono">{port.name}</span> <span className="text-ink-3">{port.type}</span>
            {port.description && <span className="second block whitespace-normal">{port.description}</span>}
          </p>
        ))}
        {said.branches.length > 0 && <p className="m-0 mt-2 text-ink-2">Leaves by: {said.branches.join(", ")}</p>}
      </section>
      <section aria-label="Parameters" className="px-5 py-3">
        <div className="mb-2 flex items-center justify-between">
          <h3 className="m-0 font-semibold">Takes (JSON Schema)</h3>
          <CopyButton text={schema} label="Copy" />
        </div>
        <pre className="mono m-0 whitespace-pre-wrap break-words rounded border border-line bg-code p-3">{schema}</pre>
      </section>
    </Drawer>
  );
}
