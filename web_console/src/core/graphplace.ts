/** Where the nodes of a run's graph stand: columns of levels, bands of rows, no two nodes on one place. Pure. */

import type { Band, Column, GraphEdge, GraphInput, GraphLayout, GraphNode } from "./graph";

export const CHILD = { width: 114, height: 42, gap: 8, drop: 20 };
const GAP = { x: 44, y: 12 };
const BAND = { pad: 14, head: 26, gap: 8 };

export function place(
  nodes: GraphNode[],
  edges: readonly GraphEdge[],
  tasks: readonly GraphInput[],
): Pick<GraphLayout, "bands" | "columns" | "width" | "height"> {
  const widths = new Map<number, number>();
  for (const node of nodes) widths.set(node.level, Math.max(widths.get(node.level) ?? 0, node.width));
  const byLevel = Map.groupBy(
    nodes.filter((node) => node.parent === undefined),
    (node) => node.level,
  );
  const columns: Column[] = [];
  let x = BAND.pad;
  for (const level of [...widths.keys()].sort((a, b) => a - b)) {
    columns.push({ level, x, width: widths.get(level)!, label: columnLabel(byLevel.get(level)!, tasks) });
    x += widths.get(level)! + GAP.x;
  }
  const xs = new Map(columns.map((column) => [column.level, column.x]));
  const order = barycentres(nodes, edges);
  const children = Map.groupBy(
    nodes.filter((node) => node.parent !== undefined),
    (node) => node.parent!,
  );
  const beneath = (node: GraphNode): readonly GraphNode[] => children.get(node.id) ?? [];
  const byRow = Map.groupBy(
    nodes.filter((node) => node.parent === undefined),
    (node) => node.row,
  );
  const bands: Band[] = [];
  let y = 0;
  for (const key of rowOrder(nodes)) {
    const bottoms = new Map<number, number>();
    const mine = byRow.get(key)!.sort((a, b) => a.level - b.level || order[a.id]! - order[b.id]! || a.id - b.id);
    const top = y + (key ? BAND.head : BAND.pad);
    let bottom = top;
    for (const node of mine) {
      node.x = xs.get(node.level)!;
      node.y = bottoms.get(node.level) ?? top;
      const end = node.y + tall(node, beneath(node));
      bottoms.set(node.level, end + GAP.y);
      bottom = Math.max(bottom, end);
    }
    // A column with fewer nodes than the tallest stands in the middle of the band.
    for (const node of mine) {
      node.y += Math.floor((bottom - (bottoms.get(node.level)! - GAP.y)) / 2);
      beneath(node).forEach((child, index) => {
        child.x = node.x + (index % 2) * (node.width - CHILD.width);
        child.y = node.y + node.height + CHILD.drop + Math.floor(index / 2) * (CHILD.height + CHILD.gap);
      });
    }
    bands.push({ key, y, height: bottom + BAND.pad - y });
    y = bottom + BAND.pad + BAND.gap;
  }
  return { bands, columns, width: Math.max(0, x - GAP.x + BAND.pad), height: Math.max(0, y - BAND.gap) };
}

function rowOrder(nodes: readonly GraphNode[]): string[] {
  const sizes = new Map<string, number>();
  for (const node of nodes)
    if (node.parent === undefined) sizes.set(node.row, (sizes.get(node.row) ?? 0) + node.members.length);
  return [...sizes.keys()].sort((a, b) => sizes.get(b)! - sizes.get(a)! || a.localeCompare(b));
}

/** What a column does: the one step in it, or their type, or how many types they are of. */
function columnLabel(nodes: readonly GraphNode[], tasks: readonly GraphInput[]): string {
  if (nodes.length === 1) return nodes[0]!.label;
  const types = new Set(nodes.map((node) => tasks[node.members[0]!]!.type));
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

/** How much a node takes in its column, with what stands beneath it. */
function tall(node: GraphNode, children: readonly GraphNode[]): number {
  if (!children.length) return node.height;
  const rows = Math.ceil(children.length / 2);
  return node.height + CHILD.drop + rows * CHILD.height + (rows - 1) * CHILD.gap;
}
