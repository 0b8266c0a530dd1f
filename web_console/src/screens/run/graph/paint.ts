import type { GraphNode } from "../../../core/graph";
import type { GraphFacts } from "../../../core/graphfacts";
import { duration, ticking } from "../../../core/time";
import { FONT, fitted, type Surface } from "../../../ui/canvas";
import { HEAD, type View } from "./camera";
import { drawEdges } from "./edges";
import { drawMap } from "./minimap";
import { drawNode, mark } from "./nodes";
import { drawSpecks } from "./specks";

export interface Drawn {
  facts: GraphFacts;
  view: View;
  /** The node of the open task, and the one that the keys are at; -1 for none. */
  openNode: number;
  focus: number;
  /** In focus mode: the nodes that are connected to the one in focus; the others are faint. */
  lit: ReadonlySet<number> | null;
  now: number;
}

export interface Seen {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Below this a node is a speck of its colour, without text. */
export const SPECKS_BELOW = 0.3;

export function drawGraph(surface: Surface, drawn: Drawn): void {
  const { context: c, width, height, colors } = surface;
  const { view } = drawn;
  const { layout } = drawn.facts;
  c.fillStyle = colors.get("bg");
  c.fillRect(0, 0, width, height);
  const seen = {
    left: -view.x / view.scale,
    top: -view.y / view.scale,
    right: (width - view.x) / view.scale,
    bottom: (height - view.y) / view.scale,
  };
  c.save();
  c.translate(view.x, view.y);
  c.scale(view.scale, view.scale);
  for (const band of layout.bands) {
    c.fillStyle = colors.get("band");
    round(c, 0, band.y, layout.width, band.height, 4);
    c.fill();
    if (!band.key || view.scale <= 0.35) continue;
    c.fillStyle = colors.get("ink");
    c.font = `600 12px ${FONT}`;
    c.fillText(band.key, Math.max(12, seen.left + 12), band.y + 18);
  }
  drawEdges(surface, drawn, seen);
  const visible = (node: GraphNode): boolean =>
    node.x < seen.right && node.x + node.width > seen.left && node.y < seen.bottom && node.y + node.height > seen.top;
  const nodes = layout.nodes.filter(visible);
  if (view.scale < SPECKS_BELOW) {
    drawSpecks(surface, drawn, nodes);
    for (const id of [drawn.openNode, drawn.focus]) if (layout.nodes[id]) mark(surface, drawn, id);
  } else for (const node of nodes) drawNode(surface, drawn, node);
  c.restore();
  drawHeads(surface, drawn);
  drawMap(surface, drawn, seen);
}

export function round(
  c: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  radius: number,
): void {
  c.beginPath();
  c.roundRect(x, y, width, height, radius);
}

/** Number, name and time of each column, under the toolbar. */
function drawHeads({ context: c, width, colors }: Surface, { facts, view, now }: Drawn): void {
  c.fillStyle = colors.get("bg");
  c.fillRect(0, 0, width, HEAD - 4);
  if (view.scale < 0.45) return;
  for (const column of facts.layout.columns) {
    const x = view.x + column.x * view.scale;
    const room = (column.width + 36) * view.scale;
    if (x > width || x + room < 0) continue;
    c.font = `400 12px ${FONT}`;
    c.fillStyle = colors.get("ink-3");
    const number = String(column.level + 1);
    c.fillText(number, x, HEAD - 28);
    const indent = c.measureText(number).width + 8;
    c.font = `600 12px ${FONT}`;
    c.fillStyle = colors.get("ink");
    c.fillText(fitted(c, column.label, room - indent), x + indent, HEAD - 28);
    const { from, to } = facts.span(column.level, now);
    if (from === null) continue;
    c.font = `400 11px ${FONT}`;
    c.fillStyle = colors.get("ink-3");
    c.fillText(fitted(c, to === null ? `${ticking(now - from)} so far` : duration(to - from), room), x, HEAD - 13);
  }
}
