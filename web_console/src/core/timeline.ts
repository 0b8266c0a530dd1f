/**
 * The layout of a run's timeline: rows of segments, the critical path, and where its time went.
 *
 * Waits, runs, file copies, retry gaps are told apart from attempts and jobs. Times are milliseconds; an open end is
 * null and reaches to now. Pure: the drawing is elsewhere.
 */

import { FAN_OUT, stem } from "./graph";
import type { RunModel } from "./run";
import { isTerminal, type Kind, worst } from "./states";

export type SegmentKind = "wait" | "run" | "copy" | "failed" | "retry" | "blocked";

export interface Segment {
  kind: SegmentKind;
  from: number;
  to: number | null;
}

export interface TimelineRow {
  key: string;
  label: string;
  depth: number;
  kind: Kind;
  /** One task, or all of a fan-out. */
  members: number[];
  segments: Segment[];
  from: number | null;
  to: number | null;
  critical: boolean;
}

export interface Timeline {
  rows: TimelineRow[];
  from: number;
  to: number;
  critical: number[];
  spent: Record<SegmentKind | "platform", number>;
}

const COPIES = new Set(["input-staging", "output-staging"]);

export function segments(model: RunModel, place: number): Segment[] {
  const task = model.data.tasks[place]!;
  const copies = COPIES.has(task.type);
  const found: Segment[] = [];
  let gapFrom: number | null = null;
  for (const attempt of model.attempts(place)) {
    const published = Date.parse(attempt.published_at);
    const started = attempt.started_at ? Date.parse(attempt.started_at) : null;
    const ended = attempt.ended_at ? Date.parse(attempt.ended_at) : null;
    if (gapFrom !== null) found.push({ kind: "retry", from: gapFrom, to: published });
    if (started === null) {
      found.push({ kind: "wait", from: published, to: ended });
    } else {
      found.push({ kind: "wait", from: published, to: started });
      const kind = attempt.state === "FAILED" ? "failed" : copies ? "copy" : "run";
      found.push(...split(model, place, kind, started, ended));
    }
    gapFrom = attempt.state === "FAILED" ? ended : null;
  }
  if (task.state === "RETRY_WAIT" && gapFrom !== null)
    found.push({ kind: task.blocked ? "blocked" : "retry", from: gapFrom, to: null });
  return found.filter((one) => one.to === null || one.to > one.from || one.kind === "failed");
}

/** A task that follows a job: the part before the job began is the cluster's queue. */
function split(model: RunModel, place: number, kind: SegmentKind, started: number, ended: number | null): Segment[] {
  const task = model.data.tasks[place]!;
  if (task.type !== "job-monitoring" || kind === "failed") return [{ kind, from: started, to: ended }];
  const job = task.depends_on.flatMap((earlier) => model.jobs(earlier)).at(-1);
  if (!job) return [{ kind, from: started, to: ended }];
  const began = job.started_at ? Math.max(started, Date.parse(job.started_at)) : null;
  if (began === null) return [{ kind: isTerminal(job.state) ? "run" : "wait", from: started, to: ended }];
  if (ended !== null && began >= ended) return [{ kind, from: started, to: ended }];
  return [
    { kind: "wait", from: started, to: began },
    { kind, from: began, to: ended },
  ];
}

/** From what ended last (or still goes on) back along what it had waited for longest. */
export function criticalPath(model: RunModel, now: number): number[] {
  const tasks = model.data.tasks;
  const end = (place: number): number => {
    const task = tasks[place]!;
    if (task.ended_at && task.state !== "SKIPPED") return Date.parse(task.ended_at);
    return model.attempts(place).length ? now : Number.NEGATIVE_INFINITY;
  };
  const latest = (places: readonly number[]): number => {
    let best = -1;
    for (const place of places)
      if (end(place) > Number.NEGATIVE_INFINITY && (best < 0 || end(place) > end(best))) best = place;
    return best;
  };
  const path: number[] = [];
  let place = latest(tasks.map((_, index) => index));
  while (place >= 0) {
    path.push(place);
    place = latest(tasks[place]!.depends_on);
  }
  return path.reverse();
}

function spentOn(model: RunModel, path: readonly number[], now: number, from: number): Timeline["spent"] {
  const spent = { wait: 0, run: 0, copy: 0, failed: 0, retry: 0, blocked: 0, platform: 0 };
  let at = from;
  for (const place of path) {
    for (const segment of segments(model, place)) {
      const begin = Math.max(at, segment.from);
      const end = Math.max(begin, segment.to ?? now);
      spent.platform += begin - at;
      spent[segment.kind] += end - begin;
      at = end;
    }
  }
  return spent;
}

export interface TimelineOptions {
  now: number;
  expanded: ReadonlySet<string>;
}

/** Lay the run out; a fan-out is one row whose three longest members stand beneath it. */
export function layoutTimeline(model: RunModel, options: TimelineOptions): Timeline {
  const groups = new Map<string, number[]>();
  model.data.tasks.forEach((task, place) => {
    const key = `${task.type}|${stem(task.name)}`;
    const members = groups.get(key);
    if (members) members.push(place);
    else groups.set(key, [place]);
  });
  const critical = criticalPath(model, options.now);
  const onPath = new Set(critical);
  const rows: TimelineRow[] = [];
  for (const [key, members] of groups) {
    if (members.length <= FAN_OUT) {
      for (const place of members) rows.push(row(model, place, 0, onPath));
      continue;
    }
    rows.push(fanOut(model, key, members, onPath));
    const shown = options.expanded.has(key) ? members : pulledOut(model, members, options.now);
    for (const place of shown) rows.push(row(model, place, 1, onPath));
  }
  const begins = rows.flatMap((one) => (one.from === null ? [] : [one.from]));
  const created = model.data.process ? Date.parse(model.data.process.created_at) : options.now;
  const from = begins.reduce((a, b) => Math.min(a, b), created);
  const ended = model.data.process?.ended_at ? Date.parse(model.data.process.ended_at) : null;
  return {
    rows,
    from,
    to: Math.max(from + 1, ended ?? options.now),
    critical,
    spent: spentOn(model, critical, ended ?? options.now, from),
  };
}

function row(model: RunModel, place: number, depth: number, critical: ReadonlySet<number>): TimelineRow {
  const task = model.data.tasks[place]!;
  const parts = segments(model, place);
  const open = parts.length > 0 && parts.some((one) => one.to === null);
  return {
    key: task.id,
    label: task.name,
    depth,
    kind: model.kind(place),
    members: [place],
    segments: parts,
    from: parts[0]?.from ?? null,
    to: open ? null : (parts.at(-1)?.to ?? null),
    critical: critical.has(place),
  };
}

function fanOut(model: RunModel, key: string, members: number[], critical: ReadonlySet<number>): TimelineRow {
  const first = model.data.tasks[members[0]!]!;
  let from: number | null = null;
  for (const place of members) {
    const begin = model.attempts(place)[0]?.published_at;
    if (begin && (from === null || Date.parse(begin) < from)) from = Date.parse(begin);
  }
  const label = `${stem(first.name)} × ${members.length}`;
  const kinds = members.map((place) => model.kind(place));
  return {
    key,
    label,
    depth: 0,
    kind: worst(kinds),
    members,
    segments: [],
    from,
    to: null,
    critical: members.some((one) => critical.has(one)),
  };
}

function pulledOut(model: RunModel, members: readonly number[], now: number): number[] {
  const weight = (place: number): number => {
    const kind = model.kind(place);
    const urgent = kind === "failed" ? 3e15 : kind === "blocked" ? 2e15 : kind === "retry-wait" ? 1e15 : 0;
    const task = model.data.tasks[place]!;
    const length = task.started_at
      ? (task.ended_at ? Date.parse(task.ended_at) : now) - Date.parse(task.started_at)
      : 0;
    return urgent + length;
  };
  return [...members]
    .sort((a, b) => weight(b) - weight(a))
    .slice(0, 4)
    .sort((a, b) => a - b);
}

/** Where completed, running and queued members of a fan-out stood at each of `steps` instants, as counts. */
export function area(
  model: RunModel,
  members: readonly number[],
  from: number,
  to: number,
  steps: number,
): [number, number, number][] {
  const found: [number, number, number][] = Array.from({ length: steps }, () => [0, 0, 0]);
  const slot = (at: number): number =>
    Math.min(steps, Math.max(0, Math.ceil(((at - from) / (to - from)) * (steps - 1))));
  const add = (index: 0 | 1 | 2, begin: number, end: number): void => {
    for (let i = slot(begin); i < (end === Number.POSITIVE_INFINITY ? steps : slot(end)); i += 1) found[i]![index] += 1;
  };
  for (const place of members) {
    const task = model.data.tasks[place]!;
    const published = model.attempts(place)[0]?.published_at;
    if (!published) continue;
    const started = task.started_at ? Date.parse(task.started_at) : Number.POSITIVE_INFINITY;
    const ended = task.ended_at ? Date.parse(task.ended_at) : Number.POSITIVE_INFINITY;
    add(2, Date.parse(published), Math.min(started, ended));
    if (started < ended) add(1, started, ended);
    if (ended < Number.POSITIVE_INFINITY) add(0, ended, Number.POSITIVE_INFINITY);
  }
  return found;
}
