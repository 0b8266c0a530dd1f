/** How a resource is: its circuit and lane first, what its last hour says second. A word and two lines. Pure. */

import { duration } from "./time";
import { plural } from "./words";

export interface Measured {
  enabled: boolean;
  attempts: number;
  unreachable: number;
  refused: number;
  p95_seconds: number | null;
  last_success_at: string | null;
  last_failure_at: string | null;
  last_sentence: string | null;
  running: number;
  waiting: number;
  jobs_active: number;
  jobs_queued: number;
}

export interface Account {
  account: string;
  circuit: "closed" | "open" | "releasing";
  since: string;
  cause: { sentence: string } | null;
  failed_probes: number;
  next_probe_at: string | null;
  probing: boolean;
  lane: "fast" | "slow";
  lane_since: string;
  seconds: number | null;
  blocked_tasks: number;
  blocked_experiments: number;
  gives_up_at: string | null;
}

export interface Standing {
  circuit: "closed" | "open" | "releasing";
  lane: "fast" | "slow";
  pinned_lane: "fast" | "slow" | null;
  blocked_tasks: number;
  blocked_experiments: number;
  accounts: readonly Account[];
}

export interface Window {
  starts_at: string;
  ends_at: string;
  reason: string;
}

/** A resource with all that is known of its health. */
export interface Looked {
  measured: Measured;
  standing: Standing | undefined;
  /** The maintenance window that has begun, or begins next. */
  window: Window | undefined;
}

export type Health = "out" | "releasing" | "slow" | "draining" | "off" | "healthy";
export const WORST: readonly Health[] = ["out", "releasing", "slow", "draining", "off", "healthy"];

/** So long before its maintenance a resource drains: what a job may take where nobody says how long it takes. */
const DRAINS_MS = 86_400_000;

/** The window of a resource that matters now: over ones are left out, the first to begin wins. */
export function windowOf<W extends Window & { resource_id: string }>(
  windows: readonly W[],
  resourceId: string,
  now: number,
): W | undefined {
  return windows
    .filter((one) => one.resource_id === resourceId && Date.parse(one.ends_at) > now)
    .sort((a, b) => a.starts_at.localeCompare(b.starts_at))[0];
}

/** The account that stands worst: of those that are away the one for which most waits. */
export function worstAccount(standing: Standing | undefined): Account | undefined {
  const gravity = { closed: 0, releasing: 1, open: 2 };
  return [...(standing?.accounts ?? [])].sort(
    (a, b) => gravity[b.circuit] - gravity[a.circuit] || b.blocked_tasks - a.blocked_tasks,
  )[0];
}

export function healthOf({ measured, standing, window }: Looked, now: number): Health {
  if (standing?.circuit === "open") return "out";
  if (!measured.enabled) return "off";
  if (refuses(measured)) return "out";
  if (standing?.circuit === "releasing") return "releasing";
  if (window && Date.parse(window.starts_at) - now < DRAINS_MS) return "draining";
  if (standing?.lane === "slow" && standing.pinned_lane !== "slow") return "slow";
  return "healthy";
}

/** A key or a host key that is refused opens no circuit: waiting would not help, a person must mend it. */
function refuses(one: Measured): boolean {
  const lastFailed =
    one.last_failure_at !== null && (one.last_success_at === null || one.last_success_at < one.last_failure_at);
  return one.refused > 0 && lastFailed;
}

export interface HealthLines {
  now: string;
  /** An instant that the first line ends with. */
  since: string | null;
  next: string;
  at: string | null;
}

export function healthLines(looked: Looked, now: number): HealthLines {
  const { measured, standing, window } = looked;
  const account = worstAccount(standing);
  const jobs = measured.jobs_active + measured.jobs_queued;
  const work = jobs
    ? `${plural(measured.jobs_active, "job runs", "jobs run")}, ${measured.jobs_queued} wait in its queues`
    : measured.running
      ? plural(measured.running, "task runs", "tasks run")
      : "No work at the moment";
  const line = (now: string, next: string, at: string | null = null, since: string | null = null): HealthLines => ({
    now,
    next,
    at,
    since,
  });
  switch (healthOf(looked, now)) {
    case "out":
      if (account?.circuit !== "open")
        return line(measured.last_sentence ?? "It refuses the login", "A person must mend it; then it is tried again");
      return line(
        trimmed(account.cause?.sentence) ?? "It does not answer",
        account.probing ? "It is being probed" : `Probe ${account.failed_probes + 1}`,
        account.probing ? null : account.next_probe_at,
        account.since,
      );
    case "releasing":
      return line(
        "It answers again",
        `${plural(account?.blocked_tasks ?? 0, "task that waited goes", "tasks that waited go")} on bit by bit`,
        null,
        account?.since ?? null,
      );
    case "off":
      return line("Switched off for new work", "Switch it on in Resources");
    case "draining": {
      const begun = Date.parse(window!.starts_at) <= now;
      return line(
        window!.reason ? `Maintenance: ${window!.reason}` : "Maintenance",
        begun ? "No new jobs; it goes on" : "Jobs that would reach into it wait; it begins",
        begun ? window!.ends_at : window!.starts_at,
      );
    }
    case "slow":
      return line(
        account?.seconds == null
          ? work
          : `Steps take ${duration(account.seconds * 1000)} on average; ${work.toLowerCase()}`,
        "In the slow lane, apart from the others; back once it is quick for 30 s",
        null,
        account?.lane_since ?? null,
      );
    default:
      return line(
        work,
        measured.waiting
          ? `${plural(measured.waiting, "task waits", "tasks wait")} for a worker`
          : standing?.pinned_lane
            ? `Kept in the ${standing.pinned_lane} lane by an operator`
            : "Nothing waits",
      );
  }
}

function trimmed(sentence: string | undefined): string | undefined {
  return sentence?.replace(/\.$/, "");
}
