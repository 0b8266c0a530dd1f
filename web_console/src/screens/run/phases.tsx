import { useMemo } from "react";
import type { RunModel } from "../../core/run";
import { isTerminal } from "../../core/states";
import { count, duration } from "../../core/time";
import { useNow } from "../../ui/prefs";
import { Elapsed } from "../../ui/time";

const PHASES: readonly [string, string][] = [
  ["CONFIGURING_WORKSPACE", "Prepare"],
  ["INPUT_DATA_STAGING", "Stage in"],
  ["EXECUTING", "Submit"],
  ["MONITORING", "Execute"],
  ["OUTPUT_DATA_STAGING", "Stage out"],
  ["POST_PROCESSING", "Tidy up"],
];

interface Phase {
  label: string;
  from: number | null;
  to: number | null;
  done: boolean;
  failed: boolean;
}

/** When each phase began and ended, in one pass over the tasks. */
export function phases(model: RunModel): Phase[] {
  const found = new Map<string, Phase & { last: number | null }>();
  for (const task of model.data.tasks) {
    if (!task.phase) continue;
    const phase = found.get(task.phase) ?? { label: "", from: null, to: null, last: null, done: true, failed: false };
    found.set(task.phase, phase);
    const from = task.started_at ? Date.parse(task.started_at) : null;
    if (from !== null) phase.from = Math.min(phase.from ?? from, from);
    if (task.ended_at && task.state !== "SKIPPED") phase.last = Math.max(phase.last ?? 0, Date.parse(task.ended_at));
    phase.done &&= isTerminal(task.state);
    phase.failed ||= task.state === "FAILED";
  }
  return PHASES.flatMap(([name, label]) => {
    const phase = found.get(name);
    return phase ? [{ ...phase, label, to: phase.done ? phase.last : null }] : [];
  });
}

export function Phases({ model, state }: { model: RunModel; state: string }) {
  const now = useNow();
  // Once a second is often enough: every task is looked at.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the second is what it is for
  const found = useMemo(() => phases(model), [model, now, state]);
  if (found.length < 2) return model.data.tasks.length > 0 ? <Overall model={model} /> : null;
  return (
    <ol className="m-0 mt-2 flex list-none gap-1 overflow-hidden p-0 max-md:hidden" aria-label="Phases">
      {found.map((phase) => {
        const active = phase.from !== null && !phase.done;
        const color = phase.failed
          ? "var(--failed)"
          : phase.done && phase.from !== null
            ? "var(--done)"
            : active && !isTerminal(state)
              ? "var(--executing)"
              : "var(--track)";
        const span = phase.from === null ? null : (phase.to ?? now) - phase.from;
        return (
          <li
            key={phase.label}
            className="min-w-0"
            style={{ flex: `${Math.min(6, Math.max(1, Math.log10(Math.max(10, span ?? 10)) - 1))} 1 0` }}
          >
            <span className="block h-1" style={{ background: color }} />
            <span className={`second clip mt-1 block ${active ? "!text-executing" : ""}`}>
              <span className={phase.from === null ? "" : "text-ink"}>{phase.label}</span>{" "}
              {span !== null && (!active || !isTerminal(state)) && (
                <span className="num text-ink-3">{duration(span)}</span>
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function Overall({ model }: { model: RunModel }) {
  const total = model.data.tasks.length;
  const done = model.counts.get("COMPLETED") ?? 0;
  const process = model.data.process;
  return (
    <div className="mt-2 flex items-center gap-3">
      <span className="block h-1 flex-1 bg-track">
        <span className="block h-full bg-done" style={{ width: `${(done / total) * 100}%` }} />
      </span>
      <span className="meta num">
        {count(done)} of {count(total)} done{" "}
        {process && (
          <>
            in <Elapsed from={process.created_at} to={process.ended_at} />
          </>
        )}
      </span>
    </div>
  );
}
