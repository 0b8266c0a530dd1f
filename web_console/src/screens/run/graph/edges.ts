import type { GraphNode } from "../../../core/graph";
import type { EdgeKind } from "../../../core/graphread";
import type { Surface } from "../../../ui/canvas";
import { type Drawn, type Seen, SPECKS_BELOW } from "./paint";

const STYLES: Record<EdgeKind, { color: string; dash: number[]; width: number }> = {
  done: { color: "line-strong", dash: [], width: 1.25 },
  coming: { color: "line-strong", dash: [5, 4], width: 1.25 },
  "held-failed": { color: "failed", dash: [6, 4], width: 1.75 },
  "held-blocked": { color: "blocked", dash: [2, 3], width: 1.75 },
};
/** The width in which an edge turns: what lies between two columns. */
const TURN = 40;
/** So many edges of specks say nothing and cost a frame: they come back when one looks closer. */
const MOST_OF_SPECKS = 3_000;

export function drawEdges({ context: c, colors }: Surface, drawn: Drawn, seen: Seen): void {
  const { facts, view, lit } = drawn;
  const { layout } = facts;
  const specks = view.scale < SPECKS_BELOW;
  if (specks && layout.edges.length > MOST_OF_SPECKS) return;
  const byKind = new Map<EdgeKind, [GraphNode, GraphNode][]>();
  layout.edges.forEach((edge, index) => {
    const [from, to] = [layout.nodes[edge.from]!, layout.nodes[edge.to]!];
    if (!crosses(from, to, seen) || (lit && !(lit.has(edge.from) && lit.has(edge.to)))) return;
    const kind = facts.edge(index);
    const list = byKind.get(kind);
    if (list) list.push([from, to]);
    else byKind.set(kind, [[from, to]]);
  });
  for (const [kind, edges] of byKind) {
    const style = STYLES[kind];
    c.strokeStyle = colors.get(style.color);
    c.fillStyle = c.strokeStyle;
    c.lineWidth = style.width;
    c.setLineDash(specks ? [] : style.dash);
    c.beginPath();
    for (const [from, to] of edges) trace(c, from, to);
    c.stroke();
    if (specks) continue;
    c.setLineDash([]);
    c.beginPath();
    for (const [, to] of edges) head(c, to.x, to.y + to.height / 2);
    c.fill();
  }
  c.setLineDash([]);
  drawDrops({ context: c, colors }, drawn, seen);
}

function crosses(from: GraphNode, to: GraphNode, seen: Seen): boolean {
  const [top, bottom] = from.y < to.y ? [from.y, to.y + to.height] : [to.y, from.y + from.height];
  return from.x + from.width < seen.right && to.x > seen.left && top < seen.bottom && bottom > seen.top;
}

function trace(c: CanvasRenderingContext2D, from: GraphNode, to: GraphNode): void {
  const [begin, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x - 5, to.y + to.height / 2];
  c.moveTo(begin, y1);
  // Past whole columns it stays in its own row, and turns in the last gap: not behind the nodes between.
  const x1 = Math.max(begin, x2 - TURN);
  if (x1 > begin) c.lineTo(x1, y1);
  const middle = (x1 + x2) / 2;
  if (Math.abs(y1 - y2) < 2) c.lineTo(x2, y2);
  else c.bezierCurveTo(middle, y1, middle, y2, x2, y2);
}

function head(c: CanvasRenderingContext2D, x: number, y: number): void {
  c.moveTo(x, y);
  c.lineTo(x - 6, y - 3.5);
  c.lineTo(x - 6, y + 3.5);
}

/** From a fan-out down to the members that are shown beneath it. */
function drawDrops({ context: c, colors }: Pick<Surface, "context" | "colors">, { facts }: Drawn, seen: Seen): void {
  for (const node of facts.layout.nodes) {
    if (node.parent === undefined || node.x > seen.right || node.y > seen.bottom) continue;
    const fan = facts.layout.nodes[node.parent]!;
    const kind = facts.worst(node);
    c.strokeStyle = colors.get(kind === "failed" || kind === "blocked" ? kind : "line-strong");
    c.lineWidth = 1.5;
    c.beginPath();
    c.moveTo(node.x + node.width / 2, fan.y + fan.height);
    c.lineTo(node.x + node.width / 2, node.y);
    c.stroke();
  }
}
