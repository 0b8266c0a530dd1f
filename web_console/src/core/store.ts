/**
 * The one place where live events arrive: queued as they come, told to views once per animation frame.
 *
 * Canonical and flat: for every entity the last state that was heard of, with the `seq` of its experiment. An event
 * that a view has already (its data was read later than that) is recognised by `seq`; nothing is applied twice. The
 * queue is bounded: a tab that can't keep up forgets what waits and is told to read anew.
 */

export interface Transition {
  entity: "experiment" | "process" | "task" | "job";
  id: string;
  from: string | null;
  to: string;
}

export interface Change {
  seq: number;
  kind: string;
  at: string;
  actor: string;
  experiment_id: string;
  process_id: string | null;
  task_id: string | null;
  attempt: number | null;
  changes: Transition[];
  payload: Record<string, unknown>;
}

export interface Flush {
  changes: readonly Change[];
  /** Events were lost on the way: whatever is shown must be read anew. */
  reset: boolean;
  /** A lane was paused or resumed: what waits there waits for something else now. */
  lanes: boolean;
}

export type Schedule = (callback: () => void) => void;

export const MAX_PENDING = 20_000;
const MAX_KNOWN = 50_000;

export class EventStore {
  readonly #schedule: Schedule;
  readonly #listeners = new Set<(flush: Flush) => void>();
  readonly #seqs = new Map<string, number>();
  readonly #states = new Map<string, string>();
  #pending: Change[] = [];
  #reset = false;
  #lanes = false;
  #scheduled = false;
  /** How many events were told to views so far. */
  applied = 0;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  subscribe(listener: (flush: Flush) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Take events in. Those that were seen before (a replay overlaps) are dropped. */
  push(changes: readonly Change[]): void {
    for (const change of changes) {
      const known = this.#seqs.get(change.experiment_id) ?? 0;
      if (change.seq <= known) continue;
      remember(this.#seqs, change.experiment_id, change.seq);
      for (const one of change.changes) remember(this.#states, one.id, one.to);
      this.#pending.push(change);
    }
    if (this.#pending.length > MAX_PENDING) {
      this.#pending = [];
      this.#reset = true;
    }
    if (this.#pending.length || this.#reset) this.#plan();
  }

  /** The stream began anew: what happened in between is not known. */
  reset(): void {
    this.#pending = [];
    this.#seqs.clear();
    this.#reset = true;
    this.#plan();
  }

  /** A lane was paused or resumed, or may have been while nobody listened. */
  lanesChanged(): void {
    this.#lanes = true;
    this.#plan();
  }

  /** The last state heard of. */
  state(id: string): string | undefined {
    return this.#states.get(id);
  }

  seq(experimentId: string): number {
    return this.#seqs.get(experimentId) ?? 0;
  }

  #plan(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      const flush = { changes: this.#pending, reset: this.#reset, lanes: this.#lanes };
      this.#pending = [];
      this.#reset = false;
      this.#lanes = false;
      this.applied += flush.changes.length;
      for (const listener of this.#listeners) listener(flush);
    });
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_KNOWN) map.delete(map.keys().next().value as string);
}

/** Move an experiment's counts of tasks by state with the events that it lacks; the input is not changed. */
export function moved<T extends Shown>(row: T, changes: readonly Change[]): T {
  let next = row;
  for (const change of changes) {
    if (change.experiment_id !== row.id || change.seq <= next.last_seq) continue;
    const tasks = { ...next.tasks };
    let { state, process_state } = next;
    for (const one of change.changes) {
      if (one.entity === "experiment") state = one.to as T["state"];
      else if (one.entity === "process") process_state = one.to as T["process_state"];
      else if (one.entity === "task") {
        if (one.from && tasks[one.from]) tasks[one.from]! -= 1;
        tasks[one.to] = (tasks[one.to] ?? 0) + 1;
        if (!one.from) tasks.total = (tasks.total ?? 0) + 1;
      }
    }
    for (const name of Object.keys(tasks)) if (!tasks[name] && name !== "total") delete tasks[name];
    next = { ...next, state, process_state, tasks, last_seq: change.seq };
  }
  return next;
}

export interface Shown {
  id: string;
  state: string;
  process_state: string | null;
  last_seq: number;
  tasks: Record<string, number>;
}
