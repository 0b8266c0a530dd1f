import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import {
  type ApplicationExperiment,
  api,
  call,
  type ExperimentInFull,
  type InterfaceShown,
  type ResourceShown,
} from "../../api/client";
import type { InputSpec } from "../../core/inputs";
import { Tabs } from "../../ui/tabs";
import { Script } from "../script";

type Tab = "plan" | "script" | "request" | "compare";

interface PlanProps {
  app: InterfaceShown;
  inputs: readonly InputSpec[];
  resource: ResourceShown | undefined;
  request: ApplicationExperiment | null;
  /** Whether it could be sent as it is. */
  complete: boolean;
  origin: ExperimentInFull | undefined;
}

/** What will be done, step by step; the request as a program would send it. */
export function Plan({ app, inputs, resource, request, complete, origin }: PlanProps) {
  const [tab, setTab] = useState<Tab>("plan");
  const files = inputs.filter((one) => one.type === "file").length;
  const outputs = app.outputs.length;
  const steps: [string, string][] = [
    ["env-setup", "a work directory of its own"],
    ...(files ? ([["input-staging", `${files} ${files === 1 ? "file" : "files"}`]] as [string, string][]) : []),
    ["job-submission", "exactly one job"],
    [
      "job-monitoring",
      resource?.scheduler === "fork"
        ? "until the process ends"
        : `until ${resource?.scheduler ?? "the scheduler"} says it has ended`,
    ],
    ...(outputs
      ? ([["output-staging", `${outputs} ${outputs === 1 ? "output" : "outputs"}`]] as [string, string][])
      : []),
    ["env-cleanup", "removed when it succeeded"],
  ];
  const before = origin ? flat(origin.spec) : null;
  const after = request ? flat(request) : {};
  const changed = before
    ? [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
        (one) =>
          !["name", "description"].includes(one) &&
          before[one] !== after[one] &&
          (before[one] ?? "null") !== (after[one] ?? "null"),
      )
    : [];
  useEffect(() => {
    if (!origin && tab === "compare") setTab("plan");
  }, [origin, tab]);
  return (
    <aside
      className="scroll w-[400px] shrink-0 border-line border-l bg-bg max-xl:w-[320px] max-lg:hidden"
      aria-label="What will be done"
    >
      <Tabs
        label="About the launch"
        tabs={[
          ["plan", "Plan"],
          ["script", "Script"],
          ["request", "Request"],
          ...(origin
            ? ([
                [
                  "compare",
                  <span key="compare">
                    Compare <span className="num font-normal text-ink-3">{changed.length}</span>
                  </span>,
                ],
              ] as const)
            : []),
        ]}
        chosen={tab}
        onChoose={setTab}
        className="px-5"
      />
      <div className="p-5">
        {tab === "plan" && (
          <ol className="m-0 list-none p-0">
            {steps.map(([step, words], index) => (
              <li key={step} className="relative flex items-start gap-3 pb-4 last:pb-0">
                {index < steps.length - 1 && <span className="absolute top-4 bottom-0 left-[5px] w-px bg-strong" />}
                <span className="mt-[5px] size-[11px] shrink-0 rounded-[2px] border border-strong bg-surface" />
                <span className="min-w-0 flex-1">
                  <b className="font-semibold">{step}</b> <span className="text-ink-2">{words}</span>
                </span>
                <span className="text-ink-2">{resource?.name}</span>
              </li>
            ))}
          </ol>
        )}
        {tab === "script" &&
          (request && complete ? (
            <Preview request={request} />
          ) : (
            <p className="m-0 text-ink-2">Shown as soon as all fields are right.</p>
          ))}
        {tab === "request" && (
          <pre className="mono m-0 overflow-auto whitespace-pre-wrap break-all rounded border border-line bg-code p-3">
            {JSON.stringify(request, null, 2)}
          </pre>
        )}
        {tab === "compare" && (
          <>
            {changed.length === 0 && <p className="m-0 text-ink-2">The same as the last run.</p>}
            {changed.map((one) => (
              <p key={one} className="mono m-0 mb-2">
                {one}
                <br />
                <span className="text-failed">− {before?.[one] ?? ""}</span>
                <br />
                <span className="text-completed">+ {after[one] ?? ""}</span>
              </p>
            ))}
          </>
        )}
      </div>
    </aside>
  );
}

/** The script of the request as it is now, asked for when one has stopped typing. */
function Preview({ request }: { request: ApplicationExperiment }) {
  const [asked, setAsked] = useState(request);
  const now = JSON.stringify(request);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the request is told apart by its text
  useEffect(() => {
    const timer = setTimeout(() => setAsked(request), 600);
    return () => clearTimeout(timer);
  }, [now]);
  const script = useQuery({
    queryKey: ["script", JSON.stringify(asked)],
    queryFn: () => call(api.POST("/api/v1/experiments:script", { params: { query: { wait: 20 } }, body: asked })),
    placeholderData: (before) => before,
    staleTime: 60_000,
    retry: false,
  });
  return <Script script={script.data} error={script.error} retry={() => void script.refetch()} />;
}

function flat(value: unknown, path = "", found: Record<string, string> = {}): Record<string, string> {
  if (value !== null && typeof value === "object" && !Array.isArray(value))
    for (const [one, inner] of Object.entries(value)) flat(inner, path ? `${path}.${one}` : one, found);
  else if (Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined)
    found[path] = typeof value === "object" ? JSON.stringify(value) : String(value);
  return found;
}
