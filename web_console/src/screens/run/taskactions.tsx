import { useQueryClient } from "@tanstack/react-query";
import { HeartCrack, RotateCw, SkipForward } from "lucide-react";
import { useState } from "react";
import { type ExperimentInFull, refusal, type TaskInFull } from "../../api/client";
import { isTerminal } from "../../core/states";
import { Confirm } from "../../ui/parts";
import { useToast } from "../../ui/toast";
import { answer, giveUpTask, retry, skip } from "../steering";

const NOT_BEGUN: ReadonlySet<string> = new Set(["CREATED", "RETRY_WAIT"]);

type Question = "skip" | "leave-out" | "give-up";

const TITLES: Record<Question, (name: string) => string> = {
  skip: (name) => `Skip ${name}?`,
  "leave-out": (name) => `Go on without ${name}?`,
  "give-up": (name) => `Let ${name} wait no longer?`,
};
const TEXTS: Record<Question, string> = {
  skip: "It is not run. What needs it goes on as if it had succeeded, and may lack what it would have made.",
  "leave-out":
    "A new run adopts what was finished, leaves this task out and does the rest; what needs it may lack what it would have made.",
  "give-up": "It fails now, instead of going on when its resource answers. A retry takes it up again later.",
};
const VERBS: Record<Question, string> = { skip: "Skip it", "leave-out": "Go on without it", "give-up": "Give up" };

/** What can be done with a task, the likeliest first; each question says what will happen. */
export function TaskActions({ one, task }: { one: ExperimentInFull; task: TaskInFull }) {
  const [asking, setAsking] = useState<Question | null>(null);
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
  const waits = task.type === "workflow-signal" && !isTerminal(task.state) && task.params.by != null;
  const choices = waits && Array.isArray(task.params.choices) ? task.params.choices.map(String) : [];
  const confirm = (question: Question, reason: string): Promise<void> => {
    if (question === "skip") return act("Skipped", skip(task, reason));
    if (question === "give-up") return act("Given up", giveUpTask(task, reason));
    return act("It goes on without that task", retry(one, { skip: [task.name] }));
  };
  return (
    <>
      {choices.map((port, at) => (
        <button
          key={port}
          type="button"
          className={`btn small ${at === 0 ? "ink" : ""}`}
          disabled={busy}
          onClick={() => void act(`Answered: ${port}`, answer(task, port))}
        >
          {port}
        </button>
      ))}
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
      {task.blocked && (
        <button type="button" className="btn small" disabled={busy} onClick={() => setAsking("give-up")}>
          <HeartCrack size={13} /> Give up…
        </button>
      )}
      {asking && (
        <Confirm
          open
          title={TITLES[asking](task.name)}
          text={TEXTS[asking]}
          verb={VERBS[asking]}
          note={asking === "leave-out" ? undefined : "Why (goes into the history)"}
          onClose={() => setAsking(null)}
          onConfirm={(reason) => void confirm(asking, reason)}
        />
      )}
    </>
  );
}
