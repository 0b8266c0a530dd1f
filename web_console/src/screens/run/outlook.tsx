import type { ExperimentInFull } from "../../api/client";
import type { RunModel } from "../../core/run";
import { isTerminal, kindOf } from "../../core/states";
import { count } from "../../core/time";
import { lines, remedy } from "../../core/words";
import { StateIcon, stateStyle } from "../../ui/state";
import { Upcoming } from "../../ui/time";

/** States of a run that hold all of it. */
const HELD: ReadonlySet<string> = new Set(["QUEUED", "BLOCKED", "PAUSED"]);

/** Needs you, Runs, Waits in one line; an ended run says how it ended. */
export function Outlook({ one, model }: { one: ExperimentInFull; model: RunModel | null }) {
  const told = lines(one);
  const counts = model?.counts ?? new Map<string, number>();
  const of = (state: string): number => counts.get(state) ?? 0;
  if (isTerminal(one.state) || one.state === "CREATED" || one.state === "VALIDATED")
    return (
      <p className="m-0 mt-1 text-ink-2" data-testid="run-state">
        <span className={one.state === "FAILED" ? "text-failed" : "text-ink"}>{told.now.replace(/\.$/, "")}</span>
        {one.failure?.task && (
          <>
            {" "}
            in {one.failure.task}, after {one.failure.attempts} {one.failure.attempts === 1 ? "attempt" : "attempts"}
          </>
        )}
        . {one.state === "FAILED" ? remedy(one.failure?.kind ?? "") : told.next}.
      </p>
    );
  const part = (label: string, state: string, words: React.ReactNode) =>
    of(state) > 0 && (
      <span className="inline-flex items-center gap-2">
        <span className="text-ink-3">{label}</span>
        <StateIcon kind={kindOf(state)} /> {words}
      </span>
    );
  const few = of("EXECUTING") <= 3;
  const running = few ? model?.data.tasks.filter((task) => task.state === "EXECUTING").map((task) => task.name) : [];
  const held = HELD.has(one.process_state ?? "");
  return (
    <p className="m-0 mt-1 flex flex-wrap gap-x-6 gap-y-1" data-testid="run-state">
      {held && (
        <span className="inline-flex items-center gap-2">
          <span className="text-ink-3">Waits</span>
          <StateIcon kind={kindOf(one.process_state ?? "")} /> {told.now}.{" "}
          <span className="text-ink-2">
            {told.next}
            {told.at && (
              <>
                {" "}
                <Upcoming at={told.at} />
              </>
            )}
            .
          </span>
        </span>
      )}
      {part("Needs you", "FAILED", `${of("FAILED")} failed`)}
      {part("Runs", "EXECUTING", few ? running?.join(", ") : `${count(of("EXECUTING"))} tasks`)}
      {part(
        "Waits",
        "RETRY_WAIT",
        <>
          {of("RETRY_WAIT")} to be tried again {one.next_attempt_at && <Upcoming at={one.next_attempt_at} />}
        </>,
      )}
      {!held && part("Waits", "BLOCKED", `${count(of("BLOCKED"))} for a resource that is away`)}
      {part("Waits", "SCHEDULED", `${count(of("SCHEDULED"))} ${forWhat(one)}`)}
      {part("Then", "CREATED", `${count(of("CREATED"))} ${of("CREATED") === 1 ? "task" : "tasks"} to come`)}
      {one.state === "CANCELING" && (
        <span className="state" style={stateStyle("canceling")}>
          Being canceled; each resource confirms
        </span>
      )}
    </p>
  );
}

/** What published tasks wait for: a worker, or that a lane goes on which somebody has paused. */
function forWhat(one: ExperimentInFull): string {
  const held = one.paused_lane;
  if (!held) return "for a worker";
  return `in the ${held.lane} lane of ${held.type}, which ${held.actor} has paused${held.reason && ` (${held.reason})`}`;
}
