/**
 * The layout of a run's graph: columns are levels, rows a chosen key, large fan-outs one node.
 *
 * Linear in tasks and edges: levels by longest path, members of a level with the same stem and key put together, nodes
 * of a cell stacked in the order of what feeds them. Pure: the drawing is elsewhere.
 */

import { type Kind, SEVERITY, worst } from "./states";

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
const GAP = { x: 44, y: 12 };
const BAND = { pad: 14, head: 26, gap: 8 };

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
}

export function groupKey(task: GraphInput, level: number, row: string): string {
  return `${level}|${row}|${task.type}|${stem(task.name)}`;
}

export function layoutGraph(tasks: readonly GraphInput[], options: GraphOptions): GraphLayout {
  const level = levels(tasks);
  const rowOf = (task: GraphInput): string => (options.rows === "none" ? "" : options.rowName(task));
  const groups = new Map<string, number[]>();
  tasks.forEach((task, place) => {
    const key = groupKey(task, level[place]!, rowOf(task));
    const members = groups.get(key);
    if (members) members.push(place);
    else groups.set(key, [place]);
  });
  const nodes: GraphNode[] = [];
  const nodeOf = new Int32Array(tasks.length);
  for (const [key, members] of groups) {
    const folded = members.length > FAN_OUT && !options.expanded.has(key);
    for (const part of folded ? [members] : members.map((one) => [one])) {
      const first = tasks[part[0]!]!;
      const node = {
        id: nodes.length,
        label: folded ? stem(first.name) : first.name,
        level: level[part[0]!]!,
        row: rowOf(first),
        members: part,
      };
      nodes.push({ ...node, x: 0, y: 0, ...size(part.length) });
      for (const member of part) nodeOf[member] = node.id;
    }
  }
  const edges = joinEdges(tasks, nodeOf);
  return { nodes, edges, nodeOf, ...place(nodes, edges, tasks) };
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

function place(
  nodes: GraphNode[],
  edges: readonly GraphEdge[],
  tasks: readonly GraphInput[],
): Pick<GraphLayout, "bands" | "columns" | "width" | "height"> {
  const widths = new Map<number, number>();
  for (const node of nodes) widths.set(node.level, Math.max(widths.get(node.level) ?? 0, node.width));
  const columns: Column[] = [];
  let x = BAND.pad;
  for (const level of [...widths.keys()].sort((a, b) => a - b)) {
    columns.push({ level, x, width: widths.get(level)!, label: columnLabel(nodes, level, tasks) });
    x += widths.get(level)! + GAP.x;
  }
  const xs = new Map(columns.map((column) => [column.level, column.x]));
  const order = barycentres(nodes, edges);
  const bands: Band[] = [];
  let y = 0;
  for (const key of rowOrder(nodes)) {
    const bottoms = new Map<number, number>();
    const mine = nodes
      .filter((node) => node.row === key)
      .sort((a, b) => a.level - b.level || order[a.id]! - order[b.id]! || a.id - b.id);
    const top = y + (key ? BAND.head : BAND.pad);
    let bottom = top;
    for (const node of mine) {
      node.x = xs.get(node.level)!;
      node.y = bottoms.get(node.level) ?? top;
      bottoms.set(node.level, node.y + node.height + GAP.y);
      bottom = Math.max(bottom, node.y + node.height);
    }
    // A column with fewer nodes than the tallest stands in the middle of the band.
    for (const node of mine) node.y += Math.floor((bottom - (bottoms.get(node.level)! - GAP.y)) / 2);
    bands.push({ key, y, height: bottom + BAND.pad - y });
    y = bottom + BAND.pad + BAND.gap;
  }
  return { bands, columns, width: Math.max(0, x - GAP.x + BAND.pad), height: Math.max(0, y - BAND.gap) };
}

function rowOrder(nodes: readonly GraphNode[]): string[] {
  const sizes = new Map<string, number>();
  for (const node of nodes) sizes.set(node.row, (sizes.get(node.row) ?? 0) + node.members.length);
  return [...sizes.keys()].sort((a, b) => sizes.get(b)! - sizes.get(a)! || a.localeCompare(b));
}

function columnLabel(nodes: readonly GraphNode[], level: number, tasks: readonly GraphInput[]): string {
  const types = new Set(nodes.filter((node) => node.level === level).map((node) => tasks[node.members[0]!]!.type));
  return types.size === 1 ? [...types][0]! : `${types.size} types`;
}

/** The mean place of what feeds a node: keeps edges from crossing where it is cheap to. */
function barycentres(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Float64Array {
  const sum = new Float64Array(nodes.length);
  const count = new Float64Array(nodes.length);
  for (const edge of edges) {
    sum[edge.to]! += edge.from;
    count[edge.to]! += 1;
  }
  return sum.map((total, id) => (count[id] ? total / count[id]! : id));
}

export type EdgeKind = "done" | "coming" | "held-failed" | "held-blocked";

/** What an edge says: it has run, is to come, or is held up by what it comes from. */
export function edgeKind(from: readonly Kind[], to: readonly Kind[]): EdgeKind {
  const waits = to.some((kind) => kind === "created" || kind === "skipped");
  if (waits && from.includes("failed")) return "held-failed";
  if (waits && from.includes("blocked")) return "held-blocked";
  return from.every((kind) => kind === "completed" || kind === "skipped") && !waits ? "done" : "coming";
}

/** Counts of a fan-out in words, worst first. */
export function tally(kinds: readonly Kind[]): [Kind, number][] {
  const counts = new Map<Kind, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return SEVERITY.filter((kind) => counts.has(kind)).map((kind) => [kind, counts.get(kind)!]);
}

export function nodeKind(kinds: readonly Kind[]): Kind {
  return worst(kinds);
}

/** The node that an arrow key leads to: along an edge to the right and left, within the column up and down. */
export function neighbour(layout: GraphLayout, id: number, key: string): number {
  const node = layout.nodes[id];
  if (!node) return layout.nodes[0]?.id ?? -1;
  const near = (ids: number[]): number => {
    let best = -1;
    let distance = Number.POSITIVE_INFINITY;
    for (const one of ids) {
      const d = Math.abs(layout.nodes[one]!.y - node.y) + Math.abs(layout.nodes[one]!.x - node.x) / 10;
      if (d < distance) [best, distance] = [one, d];
    }
    return best < 0 ? id : best;
  };
  if (key === "ArrowRight") return near(layout.edges.filter((edge) => edge.from === id).map((edge) => edge.to));
  if (key === "ArrowLeft") return near(layout.edges.filter((edge) => edge.to === id).map((edge) => edge.from));
  const down = key === "ArrowDown";
  return near(
    layout.nodes
      .filter((one) => one.level === node.level && (down ? one.y > node.y : one.y < node.y))
      .map((one) => one.id),
  );
}

/** The nodes from which a failure came and what it holds up: shown first. */
export function failedPath(layout: GraphLayout, kinds: (node: GraphNode) => Kind): number[] {
  return layout.nodes.filter((node) => kinds(node) === "failed" || kinds(node) === "blocked").map((node) => node.id);
}
