/** How a resource is, from the attempts of its last hour: a word and two lines. Pure. */

import { duration } from "./time";

export interface Measured {
  name: string;
  enabled: boolean;
  attempts: number;
  unreachable: number;
  refused: number;
  failed: number;
  p95_seconds: number | null;
  lane: string | null;
  last_success_at: string | null;
  last_failure_at: string | null;
  last_sentence: string | null;
  last_kind: string | null;
  running: number;
  waiting: number;
  retrying: number;
  next_at: string | null;
  jobs_active: number;
  jobs_queued: number;
}

export type Health = "out" | "slow" | "draining" | "healthy";
export const WORST: readonly Health[] = ["out", "slow", "draining", "healthy"];

/** Out: it was reached for last in vain. Slow: in the slow lane, or a tenth of what was tried failed to get through. */
export function healthOf(one: Measured): Health {
  if (!one.enabled) return "draining";
  const troubled = one.unreachable + one.refused;
  const lastFailed =
    one.last_failure_at !== null && (one.last_success_at === null || one.last_success_at < one.last_failure_at);
  if (troubled > 0 && lastFailed && (one.retrying > 0 || one.refused > 0 || troubled >= 3)) return "out";
  if (one.lane === "slow" || (one.attempts >= 10 && troubled / one.attempts > 0.1)) return "slow";
  return "healthy";
}

export function healthLines(one: Measured): { now: string; next: string; at: string | null } {
  const health = healthOf(one);
  if (health === "draining")
    return { now: "Switched off for new work", next: "Switch it on in Compute resources", at: null };
  if (health === "out") {
    const next = one.retrying
      ? `${one.retrying} ${one.retrying === 1 ? "task is" : "tasks are"} tried again`
      : "The next launch tries it again";
    return { now: one.last_sentence ?? "It does not answer", next, at: one.next_at };
  }
  const jobs = one.jobs_active + one.jobs_queued;
  const work = jobs
    ? `${one.jobs_active} jobs run, ${one.jobs_queued} wait in its queues`
    : one.running
      ? `${one.running} tasks run`
      : "No work at the moment";
  if (health === "slow")
    return {
      now: `Steps take up to ${duration((one.p95_seconds ?? 0) * 1000)}; ${work.toLowerCase()}`,
      next: one.lane === "slow" ? "In the slow lane, apart from the others" : "Watched",
      at: null,
    };
  return { now: work, next: one.waiting ? `${one.waiting} tasks wait for a worker` : "Nothing waits", at: null };
}
