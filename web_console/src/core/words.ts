/** Two lines for everything unfinished: what is the case, and what comes next. Pure. */

export interface Told {
  /** Of an application, whose phases have words of their own, or of tasks that the user spelled out. */
  kind: string;
  state: string;
  next: string;
  failure: { kind: string; sentence: string; task?: string | null; attempts?: number | null } | null;
  process_state: string | null;
  tasks: Record<string, number>;
  next_attempt_at: string | null;
  /** Why it waits its turn, within a quota or for the end of a maintenance. */
  queued: string | null;
  /** The resource that is away and that it waits for. */
  blocked: {
    resource: string;
    cause: { sentence: string } | null;
    failed_probes: number | null;
    next_probe_at: string | null;
  } | null;
}

export interface Lines {
  now: string;
  /** What comes next in words; where it is an instant, `at` has it. */
  next: string;
  at: string | null;
}

const DOING: Record<string, string> = {
  CREATED: "Being published",
  STARTED: "Starting",
  CONFIGURING_WORKSPACE: "Preparing the work directory",
  INPUT_DATA_STAGING: "Copying inputs to the resource",
  EXECUTING: "Submitting the job",
  MONITORING: "The job is with the scheduler",
  OUTPUT_DATA_STAGING: "Bringing outputs back",
  POST_PROCESSING: "Tidying up",
};
const AFTER: Record<string, string> = {
  CONFIGURING_WORKSPACE: "Then inputs are staged",
  INPUT_DATA_STAGING: "Then the job is submitted",
  EXECUTING: "Then the job is followed until it ends",
  MONITORING: "Then outputs are brought back",
  OUTPUT_DATA_STAGING: "Then the work directory is tidied",
  POST_PROCESSING: "Then it is done",
};

const REMEDY: Record<string, string> = {
  transient: "Every attempt failed. Retry it when the resource answers again",
  throttled: "Ended. Retry it later, or lower the account's rate",
  authentication: "Not retried. Renew the credential, then retry it",
  host_key: "Nothing was sent. Check the host key with the resource's operators",
  permanent: "Not retried. Read the log, then retry it or relaunch with edits",
  timeout: "Relaunch it with more time",
  lost: "Not counted as done. Check the resource, then retry it",
  canceled: "Clone it to run it again",
  internal: "Our mistake. Retrying is safe",
};

export function remedy(kind: string): string {
  return REMEDY[kind] ?? "Read the log, then retry it";
}

export const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

export function lines(told: Told): Lines {
  const { tasks } = told;
  switch (told.state) {
    case "FAILED":
      return { now: told.failure?.sentence ?? "It failed", next: remedy(told.failure?.kind ?? ""), at: null };
    case "COMPLETED":
      return { now: "Done, outputs can be fetched", next: "Nothing is left to do", at: null };
    case "CANCELED":
      return { now: told.failure?.sentence ?? "Stopped on request", next: "Clone it to run it again", at: null };
    case "CREATED":
    case "VALIDATED":
      return { now: "Not launched yet", next: "Launch it to start the run", at: null };
    case "CANCELING":
      return { now: "Being stopped where it runs", next: "Canceled once the resource confirms", at: null };
  }
  const held = holding(told);
  if (held) return held;
  if (tasks.RETRY_WAIT && !tasks.EXECUTING) {
    return {
      now: `${plural(tasks.RETRY_WAIT, "task", "tasks")} broke off for a passing reason`,
      next: "Next attempt",
      at: told.next_attempt_at,
    };
  }
  return { now: doing(told), next: following(told), at: null };
}

/** What holds a whole run, why, and what lets it go. */
function holding({ process_state, queued, blocked }: Told): Lines | null {
  switch (process_state) {
    case "PAUSED":
      return { now: "Paused", next: "Continues when resumed", at: null };
    case "QUEUED": {
      const [why, place] = (queued ?? "It waits for its turn within the gateway's quota").split(
        /; (?=\d+\w\w in line$)/,
      );
      return { now: why!, next: place ? `${place}; starts when there is room` : "Starts when there is room", at: null };
    }
    case "BLOCKED": {
      const why = blocked?.cause?.sentence.replace(/\.$/, "");
      const now = why ?? (blocked ? `${blocked.resource} does not answer` : "Its resource does not answer");
      if (!blocked) return { now, next: "Resumes by itself when it does", at: null };
      const probe = `Resumes by itself; probe ${(blocked.failed_probes ?? 0) + 1}`;
      return blocked.next_probe_at
        ? { now, next: probe, at: blocked.next_probe_at }
        : { now, next: `${blocked.resource} is being probed`, at: null };
    }
    default:
      return null;
  }
}

function doing({ kind, process_state: phase, tasks }: Told): string {
  const words = kind === "application" ? DOING[phase ?? ""] : undefined;
  const running = tasks.EXECUTING ?? 0;
  if (!words || (tasks.total ?? 0) > 30) {
    if (running) return `${plural(running, "task runs", "tasks run")} now`;
    return tasks.SCHEDULED ? `${plural(tasks.SCHEDULED, "task waits", "tasks wait")} for a worker` : "Launched";
  }
  return words;
}

function following({ kind, process_state: phase, tasks }: Told): string {
  const waiting = tasks.CREATED ?? 0;
  if (kind !== "application" || (tasks.total ?? 0) > 30 || !AFTER[phase ?? ""])
    return waiting ? `Then ${plural(waiting, "more task", "more tasks")}` : "Then it is done";
  return AFTER[phase ?? ""]!;
}

/** What became what, by an event: "3 tasks scheduled"; what `said` tells already is left out. */
export function became(changes: readonly { entity: string; to: string }[], said: string): string {
  const counts = new Map<string, [entity: string, to: string, times: number]>();
  for (const { entity, to } of changes) {
    const known = counts.get(`${entity} ${to}`);
    if (known) known[2] += 1;
    else counts.set(`${entity} ${to}`, [entity, to.toLowerCase().replaceAll("_", " "), 1]);
  }
  return [...counts.values()]
    .map(([entity, to, times]) => `${plural(times, entity, entity === "process" ? "processes" : `${entity}s`)} ${to}`)
    .map((words) => words.replace(/^1 /, ""))
    .filter((words) => words !== said)
    .join(", ");
}
