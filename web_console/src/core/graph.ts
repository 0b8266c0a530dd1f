/**
 * The layout of a run's graph: columns are levels, rows a chosen key, large fan-outs one node.
 *
 * Linear in tasks and edges: levels by longest path, members of a level with the same stem and key put together, nodes
 * of a cell stacked in the order of what feeds them. Pure: the drawing is elsewhere.
 */

import { CHILD, place } from "./graphplace";

export interface GraphInput {
  name: string;
  type: string;
  resource_id: string | null;
  depends_on: number[];
}

export type RowKey = "resource" | "type" | "none";

export interface GraphNode {
  id: number;
  label: string;
  level: number;
  row: string;
  members: number[];
  /** The fan-out beneath which it stands, being one of its members. */
  parent?: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface GraphEdge {
  from: number;
  to: number;
}

export interface Band {
  key: string;
  y: number;
  height: number;
}

export interface Column {
  level: number;
  x: number;
  width: number;
  label: string;
}

export interface GraphLayout {
  nodes: GraphNode[];
  edges: GraphEdge[];
  bands: Band[];
  columns: Column[];
  width: number;
  height: number;
  nodeOf: Int32Array;
}

export const FAN_OUT = 12;
export const CELLS = 400;
export const CELL = 10;
export const PER_ROW = 20;
const NODE = { width: 156, height: 46 };
const FAN = { width: 236, head: 50, foot: 50 };
export const PULLED = 4;

/** The longest path to each task; a task that waits for itself (there are none) would stay at 0. */
export function levels(tasks: readonly GraphInput[]): Int32Array {
  const level = new Int32Array(tasks.length);
  const missing = new Int32Array(tasks.length);
  const after: number[][] = tasks.map(() => []);
  tasks.forEach((task, place) => {
    missing[place] = task.depends_on.length;
    for (const earlier of task.depends_on) after[earlier]?.push(place);
  });
  const ready: number[] = [];
  missing.forEach((count, place) => {
    if (count === 0) ready.push(place);
  });
  for (let next = 0; next < ready.length; next += 1) {
    const place = ready[next]!;
    for (const later of after[place]!) {
      level[later] = Math.max(level[later]!, level[place]! + 1);
      missing[later]! -= 1;
      if (missing[later] === 0) ready.push(later);
    }
  }
  return level;
}

/** `window-117` and `window 118` have the stem `window`; a name without a number is its own. */
export function stem(name: string): string {
  return name.replace(/[\s._:#-]*\d[\d._:-]*$/, "") || name;
}

export interface GraphOptions {
  rows: RowKey;
  rowName: (task: GraphInput) => string;
  expanded: ReadonlySet<string>;
  /** The places of the tasks that are shown beneath their fan-out: what failed, what is held, what takes longest. */
  notable?: ReadonlySet<number>;
}

export function groupKey(task: GraphInput, level: number, row: string): string {
  return `${level}|${row}|${task.type}|${stem(task.name)}`;
}

/** Tasks of one level, row and kind, put together; it depends on nothing that moves while a run goes on. */
export interface Groups {
  level: Int32Array;
  byKey: Map<string, number[]>;
}

export function groupsOf(tasks: readonly GraphInput[], options: Pick<GraphOptions, "rows" | "rowName">): Groups {
  const level = levels(tasks);
  const byKey = new Map<string, number[]>();
  tasks.forEach((task, place) => {
    const key = groupKey(task, level[place]!, rowOf(task, options));
    const members = byKey.get(key);
    if (members) members.push(place);
    else byKey.set(key, [place]);
  });
  return { level, byKey };
}

function rowOf(task: GraphInput, { rows, rowName }: Pick<GraphOptions, "rows" | "rowName">): string {
  return rows === "none" ? "" : rowName(task);
}

export function layoutGraph(
  tasks: readonly GraphInput[],
  options: GraphOptions,
  { level, byKey }: Groups = groupsOf(tasks, options),
): GraphLayout {
  const nodes: GraphNode[] = [];
  const nodeOf = new Int32Array(tasks.length);
  for (const [key, members] of byKey) {
    const folded = members.length > FAN_OUT && !options.expanded.has(key);
    for (const part of folded ? [members] : members.map((one) => [one])) {
      const first = tasks[part[0]!]!;
      const node = {
        id: nodes.length,
        label: folded ? stem(first.name) : first.name,
        level: level[part[0]!]!,
        row: rowOf(first, options),
        members: part,
      };
      nodes.push({ ...node, x: 0, y: 0, ...size(part.length) });
      for (const member of part) nodeOf[member] = node.id;
      if (folded) pull(tasks, nodes, options.notable);
    }
  }
  const edges = joinEdges(tasks, nodeOf);
  return { nodes, edges, nodeOf, ...place(nodes, edges, tasks) };
}

/** Put the notable members of the fan-out that was added last beneath it; edges still lead to the fan-out. */
function pull(tasks: readonly GraphInput[], nodes: GraphNode[], notable: ReadonlySet<number> | undefined): void {
  const fan = nodes.at(-1)!;
  const chosen = notable ? fan.members.filter((place) => notable.has(place)).slice(0, PULLED) : [];
  chosen.forEach((place) => {
    const { level, row, id: parent } = fan;
    const { width, height } = CHILD;
    nodes.push({
      id: nodes.length,
      label: tasks[place]!.name,
      level,
      row,
      members: [place],
      parent,
      x: 0,
      y: 0,
      width,
      height,
    });
  });
}

function size(members: number): { width: number; height: number } {
  if (members === 1) return NODE;
  const rows = members > CELLS ? 2 : Math.ceil(members / PER_ROW);
  return { width: FAN.width, height: FAN.head + rows * CELL + FAN.foot };
}

function joinEdges(tasks: readonly GraphInput[], nodeOf: Int32Array): GraphEdge[] {
  const seen = new Set<number>();
  const edges: GraphEdge[] = [];
  tasks.forEach((task, later) => {
    for (const earlier of task.depends_on) {
      const from = nodeOf[earlier]!;
      const to = nodeOf[later]!;
      const key = from * 1_000_003 + to;
      if (from === to || seen.has(key)) continue;
      seen.add(key);
      edges.push({ from, to });
    }
  });
  return edges;
}
