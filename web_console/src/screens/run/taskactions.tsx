import { useQueryClient } from "@tanstack/react-query";
import { RotateCw, SkipForward } from "lucide-react";
import { useState } from "react";
import type { ExperimentInFull, TaskInFull } from "../../api/client";
import { isTerminal } from "../../core/states";
import { Confirm } from "../../ui/parts";
import { useToast } from "../../ui/toast";
import { refusal, retry, skip } from "../steering";

const NOT_BEGUN: ReadonlySet<string> = new Set(["CREATED", "RETRY_WAIT"]);

/** What can be done with a task, the likeliest first; each question says what will happen. */
export function TaskActions({ one, task }: { one: ExperimentInFull; task: TaskInFull }) {
  const [asking, setAsking] = useState<"skip" | "leave-out" | null>(null);
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  const say = useToast();
  const stopped = isTerminal(one.state) && one.state !== "COMPLETED";
  const failed = task.state === "FAILED" && stopped;
  const act = async (words: string, action: Promise<unknown>): Promise<void> => {
    setBusy(true);
    try {
      await action;
      say(words);
    } catch (error) {
      say(refusal(error), { tone: "failed" });
    }
    setBusy(false);
    await queries.invalidateQueries({ queryKey: ["experiment", one.id] });
    await queries.invalidateQueries({ queryKey: ["run", one.id] });
  };
  return (
    <>
      {failed && (
        <>
          <button
            type="button"
            className="btn small ink"
            disabled={busy}
            onClick={() => void act("It goes on where it stopped", retry(one))}
          >
            <RotateCw size={13} /> Retry
          </button>
          <button type="button" className="btn small" disabled={busy} onClick={() => setAsking("leave-out")}>
            <SkipForward size={13} /> Leave it out…
          </button>
        </>
      )}
      {!isTerminal(one.state) && NOT_BEGUN.has(task.state) && (
        <button type="button" className="btn small" disabled={busy} onClick={() => setAsking("skip")}>
          <SkipForward size={13} /> Skip…
        </button>
      )}
      <Confirm
        open={asking !== null}
        title={asking === "skip" ? `Skip ${task.name}?` : `Go on without ${task.name}?`}
        text={
          asking === "skip"
            ? "It is not run. What needs it goes on as if it had succeeded, and may lack what it would have made."
            : "A new run adopts what was finished, leaves this task out and does the rest; what needs it may lack what it would have made."
        }
        verb={asking === "skip" ? "Skip it" : "Go on without it"}
        note={asking === "skip" ? "Why (goes into the history)" : undefined}
        onClose={() => setAsking(null)}
        onConfirm={(reason) =>
          void (asking === "skip"
            ? act("Skipped", skip(task, reason))
            : act("It goes on without that task", retry(one, { skip: [task.name] })))
        }
      />
    </>
  );
}
