import type { GraphLayout, GraphNode } from "../../../core/graph";
import type { Kind } from "../../../core/states";
import type { Surface } from "../../../ui/canvas";
import type { Drawn } from "./paint";

/** What was painted when the graph was looked at from this place last. */
interface Kept {
  key: string;
  picture: OffscreenCanvas | null;
  kinds: Kind[];
}
const kept = new WeakMap<GraphLayout, Kept>();

/**
 * Nodes of which only the colour can be seen. States change by the thousand while nobody moves the graph: it is then
 * painted once, and after that only the nodes whose colour is another. While it is moved, a picture would cost more.
 */
export function drawSpecks({ context: c, colors }: Surface, drawn: Drawn, nodes: readonly GraphNode[]): void {
  const { facts } = drawn;
  const { a, e, f } = c.getTransform();
  const { width, height } = c.canvas;
  const key = [a, e, f, width, height, colors.get("surface")].join("|");
  const before = kept.get(facts.layout);
  if (before?.key !== key) {
    kept.set(facts.layout, { key, picture: null, kinds: [] });
    paint(c, colors, drawn, nodes);
    return;
  }
  before.picture ??= new OffscreenCanvas(width, height);
  const onto = before.picture.getContext("2d")!;
  onto.setTransform(c.getTransform());
  const changed = nodes.filter((node) => before.kinds[node.id] !== facts.worst(node));
  for (const node of changed) before.kinds[node.id] = facts.worst(node);
  paint(onto, colors, drawn, changed);
  c.save();
  c.resetTransform();
  c.drawImage(before.picture, 0, 0);
  c.restore();
}

/** One colour after the other. */
function paint(
  c: Pick<CanvasRenderingContext2D, "fillStyle" | "fillRect">,
  colors: Surface["colors"],
  drawn: Drawn,
  nodes: readonly GraphNode[],
): void {
  for (const [kind, list] of Map.groupBy(nodes, (node) => drawn.facts.worst(node))) {
    c.fillStyle = colors.get(
      kind === "completed" ? "done" : kind === "created" || kind === "scheduled" ? "track" : kind,
    );
    for (const node of list) c.fillRect(node.x, node.y, node.width, node.height);
  }
}
