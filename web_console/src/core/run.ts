/** One run as graph, timeline and tables see it: read once, then moved by events. Free of the framework. */

import { isTerminal, type Kind, kindOf } from "./states";
import type { Change } from "./store";

export interface RunTask {
  id: string;
  name: string;
  type: string;
  state: string;
  phase: string | null;
  resource_id: string | null;
  attempt: number;
  due_at: string | null;
  /** It waits for a resource that is away; `due_at` is when it gives up. */
  blocked?: boolean;
  started_at: string | null;
  ended_at: string | null;
  depends_on: number[];
  failure: { kind: string; sentence: string; exit_status?: number | null } | null;
}

export interface RunAttempt {
  task: number;
  attempt: number;
  state: string;
  lane: string | null;
  published_at: string;
  started_at: string | null;
  ended_at: string | null;
}

export interface RunJob {
  task: number;
  state: string;
  native_id: string | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
}

export interface RunData {
  process: { id: string; state: string; number: number; created_at: string; ended_at: string | null } | null;
  last_seq: number;
  tasks: RunTask[];
  attempts: RunAttempt[];
  jobs: RunJob[];
}

export class RunModel {
  /** Moved in place: whoever keeps it sees what events told since. */
  readonly data: RunData;
  readonly #places = new Map<string, number>();
  #attempts = new Map<number, RunAttempt[]>();
  #jobs = new Map<number, RunJob[]>();
  readonly counts = new Map<string, number>();
  /** Goes up with every change that can be seen. */
  version = 0;
  /** An event told of something that the data does not have: another run, a new task. */
  outdated = false;

  constructor(data: RunData) {
    this.data = data;
    data.tasks.forEach((task, place) => {
      this.#places.set(task.id, place);
      this.#count(task, 1);
    });
    this.#index();
  }

  /** The last of this experiment's events that is in here. */
  get seq(): number {
    return this.data.last_seq;
  }

  #index(): void {
    this.#attempts = new Map();
    this.#jobs = new Map();
    for (const attempt of this.data.attempts) push(this.#attempts, attempt.task, attempt);
    for (const job of this.data.jobs) push(this.#jobs, job.task, job);
  }

  /**
   * Take over what was read again, if it is the same run with the same tasks: the layout stays. Tells whether it was;
   * an answer older than the events that are in here already is the same, and ignored.
   */
  take(fresh: RunData): boolean {
    const { tasks, process } = this.data;
    if (fresh.process?.id !== process?.id || fresh.tasks.length !== tasks.length) return false;
    if (fresh.tasks.some((task, place) => task.id !== tasks[place]!.id)) return false;
    if (fresh.last_seq < this.data.last_seq) return true;
    Object.assign(this.data, fresh);
    this.counts.clear();
    for (const task of fresh.tasks) this.#count(task, 1);
    this.#index();
    this.outdated = false;
    this.version += 1;
    return true;
  }

  place(taskId: string): number | undefined {
    return this.#places.get(taskId);
  }

  attempts(place: number): readonly RunAttempt[] {
    return this.#attempts.get(place) ?? [];
  }

  jobs(place: number): readonly RunJob[] {
    return this.#jobs.get(place) ?? [];
  }

  kind(place: number): Kind {
    return kindOf(shown(this.data.tasks[place]!));
  }

  /** Apply the events that this run lacks; returns the places of the tasks that changed. */
  apply(changes: readonly Change[], experimentId: string): Set<number> {
    const touched = new Set<number>();
    for (const change of changes) {
      if (change.experiment_id !== experimentId || change.seq <= this.seq) continue;
      this.data.last_seq = change.seq;
      if (change.process_id && change.process_id !== this.data.process?.id) this.outdated = true;
      for (const one of change.changes) {
        if (one.entity === "process" && this.data.process?.id === one.id) {
          this.data.process.state = one.to;
          if (isTerminal(one.to)) this.data.process.ended_at = change.at;
        }
        if (one.entity !== "task") continue;
        const place = this.#places.get(one.id);
        if (place === undefined) this.outdated = true;
        else {
          this.#move(place, one.to, change);
          touched.add(place);
        }
      }
      if (change.kind.startsWith("job-") || change.changes.some((one) => one.entity === "job")) this.outdated = true;
    }
    if (touched.size || this.outdated) this.version += 1;
    return touched;
  }

  #move(place: number, state: string, change: Change): void {
    const task = this.data.tasks[place]!;
    this.#count(task, -1);
    task.state = state;
    task.blocked = false; // whether it waits for a resource is read again
    this.#count(task, 1);
    const list = this.#attempts.get(place) ?? [];
    const last = list.at(-1);
    if (state === "SCHEDULED") {
      task.attempt =
        change.attempt && change.task_id === task.id
          ? change.attempt
          : task.attempt + (last?.ended_at || !last ? 1 : 0);
      const begun = {
        task: place,
        attempt: task.attempt,
        state,
        lane: last?.lane ?? null,
        published_at: change.at,
        started_at: null,
        ended_at: null,
      };
      push(this.#attempts, place, begun);
    } else if (state === "EXECUTING") {
      task.started_at ??= change.at;
      if (last) Object.assign(last, { state, started_at: last.started_at ?? change.at });
    } else if (state === "RETRY_WAIT" || isTerminal(state)) {
      if (last && !last.ended_at)
        Object.assign(last, { state: state === "RETRY_WAIT" ? "FAILED" : state, ended_at: change.at });
      if (isTerminal(state)) task.ended_at = change.at;
      const failure = change.payload.failure as RunTask["failure"] | undefined;
      if (failure && change.task_id === task.id) task.failure = failure;
    }
  }

  #count(task: RunTask, by: number): void {
    const state = shown(task);
    this.counts.set(state, (this.counts.get(state) ?? 0) + by);
  }
}

/** The state that is counted and drawn: what waits for a resource that is away is BLOCKED. */
export function shown(task: RunTask): string {
  return task.blocked && task.state === "RETRY_WAIT" ? "BLOCKED" : task.state;
}

function push<V>(map: Map<number, V[]>, key: number, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
