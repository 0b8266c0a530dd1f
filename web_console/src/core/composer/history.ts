/** What was done, so that it can be taken back. Edits of one kind that follow each other at once are one step. Pure. */

export interface History<T> {
  past: readonly T[];
  now: T;
  future: readonly T[];
  /** What the last step was: dragging a card is one step, not a hundred. */
  kind: string;
}

const MOST = 200;

export function begun<T>(now: T): History<T> {
  return { past: [], now, future: [], kind: "" };
}

export function done<T>(history: History<T>, next: T, kind = ""): History<T> {
  if (next === history.now) return history;
  const goesOn = kind !== "" && kind === history.kind;
  const past = goesOn ? history.past : [...history.past, history.now].slice(-MOST);
  return { past, now: next, future: [], kind };
}

export function undone<T>(history: History<T>): History<T> {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  return { past: history.past.slice(0, -1), now: before, future: [history.now, ...history.future], kind: "" };
}

export function redone<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future;
  return next === undefined ? history : { past: [...history.past, history.now], now: next, future, kind: "" };
}
