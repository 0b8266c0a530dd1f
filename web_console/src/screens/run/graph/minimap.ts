import type { Surface } from "../../../ui/canvas";
import type { Drawn, Seen } from "./paint";

const SIZE = { width: 132, height: 56 };
const EVERY_MS = 500;
const NODES = 3_000;

interface Kept {
  canvas: OffscreenCanvas;
  key: string;
  at: number;
}
const kept = new WeakMap<object, Kept>();

/** The whole graph, small, with a frame around what is seen; left out where all of it is. */
export function drawMap({ context: c, width, height, colors }: Surface, drawn: Drawn, seen: Seen): void {
  const { layout } = drawn.facts;
  const whole = seen.left <= 1 && seen.top <= 1 && seen.right >= layout.width - 1 && seen.bottom >= layout.height - 1;
  if (whole || width < 500) return;
  const scale = Math.min(SIZE.width / layout.width, SIZE.height / layout.height);
  const [w, h] = [Math.max(8, layout.width * scale), Math.max(8, layout.height * scale)];
  const [x, y] = [width - w - 24, height - h - 20];
  c.fillStyle = colors.get("surface");
  c.fillRect(x - 6, y - 6, w + 12, h + 12);
  c.strokeStyle = colors.get("line");
  c.lineWidth = 1;
  c.strokeRect(x - 5.5, y - 5.5, w + 11, h + 11);
  c.drawImage(picture(drawn, colors, w, h, scale), x, y, w, h);
  c.strokeStyle = colors.get("accent");
  c.lineWidth = 1.5;
  const [left, top] = [Math.max(0, seen.left), Math.max(0, seen.top)];
  c.strokeRect(
    x + left * scale,
    y + top * scale,
    (Math.min(layout.width, seen.right) - left) * scale,
    (Math.min(layout.height, seen.bottom) - top) * scale,
  );
}

/** Drawn twice a second at most: states change by the thousand, and it is small. */
function picture(
  { facts, now }: Drawn,
  colors: Surface["colors"],
  w: number,
  h: number,
  scale: number,
): OffscreenCanvas {
  const key = `${colors.get("surface")}|${facts.model.version}`;
  const known = kept.get(facts);
  if (known && (known.key === key || now - known.at < EVERY_MS)) return known.canvas;
  const canvas = known?.canvas ?? new OffscreenCanvas(Math.ceil(w * 2), Math.ceil(h * 2));
  const c = canvas.getContext("2d")!;
  c.clearRect(0, 0, canvas.width, canvas.height);
  const { nodes } = facts.layout;
  const step = Math.ceil(nodes.length / NODES);
  for (let index = 0; index < nodes.length; index += step) {
    const node = nodes[index]!;
    const kind = facts.worst(node);
    c.fillStyle = colors.get(kind === "completed" ? "done" : kind === "created" ? "line-strong" : kind);
    c.fillRect(
      node.x * scale * 2,
      node.y * scale * 2,
      Math.max(3, node.width * scale * 2),
      Math.max(3, node.height * scale * 2),
    );
  }
  kept.set(facts, { canvas, key, at: now });
  return canvas;
}
