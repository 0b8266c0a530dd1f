/** The twelve states that the console draws, and how the platform's own states map onto them. */

export const KINDS = [
  "created",
  "scheduled",
  "queued",
  "executing",
  "retry-wait",
  "blocked",
  "paused",
  "canceling",
  "completed",
  "failed",
  "canceled",
  "skipped",
] as const;
export type Kind = (typeof KINDS)[number];

export const LABELS: Record<Kind, string> = {
  created: "Created",
  scheduled: "Scheduled",
  queued: "Queued",
  executing: "Executing",
  "retry-wait": "Retry wait",
  blocked: "Blocked",
  paused: "Paused",
  canceling: "Canceling",
  completed: "Completed",
  failed: "Failed",
  canceled: "Canceled",
  skipped: "Skipped",
};

const OF: Record<string, Kind> = {
  CREATED: "created",
  VALIDATED: "created",
  INTENT: "created",
  SCHEDULED: "scheduled",
  LAUNCHED: "scheduled",
  SUBMITTED: "queued",
  QUEUED: "queued",
  STARTED: "executing",
  CONFIGURING_WORKSPACE: "executing",
  INPUT_DATA_STAGING: "executing",
  EXECUTING: "executing",
  MONITORING: "executing",
  OUTPUT_DATA_STAGING: "executing",
  POST_PROCESSING: "executing",
  ACTIVE: "executing",
  RETRY_WAIT: "retry-wait",
  UNKNOWN: "retry-wait",
  BLOCKED: "blocked",
  PAUSED: "paused",
  SUSPENDED: "paused",
  CANCELING: "canceling",
  COMPLETED: "completed",
  COMPLETE: "completed",
  FAILED: "failed",
  LOST: "failed",
  CANCELED: "canceled",
  SKIPPED: "skipped",
};

/** Return the drawn state of one of the platform's; an unknown one of a later version is drawn as created. */
export function kindOf(state: string): Kind {
  return OF[state] ?? "created";
}

export function isTerminal(state: string): boolean {
  return ["COMPLETED", "COMPLETE", "FAILED", "CANCELED", "SKIPPED"].includes(state);
}

/** Worst first: what stands for many. */
export const SEVERITY: readonly Kind[] = [
  "failed",
  "blocked",
  "retry-wait",
  "paused",
  "canceling",
  "executing",
  "queued",
  "scheduled",
  "created",
  "canceled",
  "skipped",
  "completed",
];

export function worst(kinds: Iterable<Kind>): Kind {
  const present = new Set(kinds);
  return SEVERITY.find((kind) => present.has(kind)) ?? "created";
}

/** Which of an experiment's states to show: its process knows better what an executing one does. */
export function shownState(experiment: {
  state: string;
  process_state?: string | null;
  tasks?: Record<string, number>;
}): Kind {
  const kind = kindOf(experiment.state);
  if (kind !== "executing" && kind !== "scheduled") return kind;
  const process = experiment.process_state ? kindOf(experiment.process_state) : kind;
  if (process === "queued" || process === "blocked" || process === "paused" || process === "canceling") return process;
  const tasks = experiment.tasks ?? {};
  if (tasks.RETRY_WAIT && !tasks.EXECUTING && !tasks.SCHEDULED) return "retry-wait";
  return kind;
}
