import type { ScheduleRunShown } from "../../api/client";
import { At } from "../../ui/time";

const OUTCOMES = { launched: "Launched", waiting: "Waits", "left-out": "Left out", refused: "Refused" } as const;

/** What became of a moment, and when that was. */
export function Outcome({ run }: { run: ScheduleRunShown }) {
  return (
    <span className={`clip block ${run.outcome === "refused" ? "text-failed" : ""}`} title={run.reason}>
      {OUTCOMES[run.outcome]} <At at={run.due_at} />
    </span>
  );
}
