/** A scheduler's queue as it was seen last, in a few words. Pure. */

import { duration } from "./time";

export interface QueueState {
  name: string;
  starts_jobs: boolean;
  pending: number;
  running: number;
  free_cores?: number | null;
}

export interface QueuesSeen {
  readable: boolean;
  state: "running" | "done" | "unanswered" | "never";
  seen_at: string | null;
  queues: readonly QueueState[];
  failure: { sentence: string } | null;
}

export interface QueueWords {
  words: string;
  /** When it was so, or why more is not known. */
  note: string;
  /** It starts no jobs: whoever launches there waits. */
  stopped: boolean;
}

/** Null where queues of such a scheduler can't be looked at: there is nothing to be said. */
export function queueWords(seen: QueuesSeen | undefined, name: string | undefined, now: number): QueueWords | null {
  if (!seen?.readable) return null;
  const looking = seen.state === "running";
  const failed = seen.failure?.sentence ?? "";
  if (!seen.seen_at) {
    const unknown = seen.state === "unanswered" ? "nobody answered" : failed;
    return { words: looking ? "looking …" : "not known", note: looking ? "" : unknown, stopped: false };
  }
  const age = `seen ${duration(Math.max(0, now - Date.parse(seen.seen_at)))} ago`;
  const queue =
    name === undefined && seen.queues.length === 1 ? seen.queues[0] : seen.queues.find((one) => one.name === name);
  if (!queue)
    return {
      words: name === undefined ? `${seen.queues.length} queues` : "not listed there",
      note: age,
      stopped: false,
    };
  const free = queue.free_cores == null ? "" : `, ${queue.free_cores} cores free`;
  const state = queue.starts_jobs ? `${queue.running} run, ${queue.pending} wait${free}` : "starts no jobs now";
  return { words: state, note: failed ? `${age}; since then: ${failed}` : age, stopped: !queue.starts_jobs };
}
