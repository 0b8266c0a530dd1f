import { CELL, CELLS, type GraphNode, PER_ROW } from "../../../core/graph";
import type { RunModel, RunTask } from "../../../core/run";
import { type Kind, kindOf, LABELS } from "../../../core/states";
import { count, duration, ticking } from "../../../core/time";
import { drawIcon, FONT, fitted, hatch, type Surface } from "../../../ui/canvas";
import { type Drawn, round } from "./paint";

const FAINT = 0.25;

export function drawNode(surface: Surface, drawn: Drawn, node: GraphNode): void {
  const { context: c, colors } = surface;
  const kind = drawn.facts.worst(node);
  const many = node.members.length > 1;
  c.save();
  if (drawn.lit && !drawn.lit.has(node.id)) c.globalAlpha = FAINT;
  if (many) drawSheets(surface, node);
  drawBox(surface, node, kind, many);
  if (node.id === drawn.openNode || node.id === drawn.focus) mark(surface, drawn, node.id);
  const pad = node.parent === undefined ? 12 : 8;
  const [left, room] = [node.x + pad + 19, node.width - pad - 23];
  drawIcon(surface, kind, node.x + pad, node.y + 9, 13, colors.get("surface"));
  c.fillStyle = colors.get(kind === "created" ? "ink-2" : "ink");
  c.font = `600 12px ${FONT}`;
  const title = many ? `${node.label} × ${count(node.members.length)}` : node.label;
  c.fillText(fitted(c, title, room), left, node.y + 20);
  c.font = `400 11px ${FONT}`;
  c.fillStyle = colors.get("ink-2");
  const place = node.members[0]!;
  const words = many ? drawn.facts.model.data.tasks[place]!.type : fact(drawn.facts.model, place, drawn.now);
  c.fillText(fitted(c, words, room), left, node.y + 35);
  if (many) drawFan(surface, drawn, node);
  c.restore();
}

/** Two sheets behind it: it stands for several tasks. */
function drawSheets({ context: c, colors }: Surface, node: GraphNode): void {
  c.fillStyle = colors.get("surface");
  c.strokeStyle = colors.get("node-edge");
  c.lineWidth = 1;
  for (const step of [6, 3]) {
    round(c, node.x + step, node.y - step, node.width - step * 2, node.height, 4);
    c.fill();
    c.stroke();
  }
}

function drawBox({ context: c, colors }: Surface, node: GraphNode, kind: Kind, many: boolean): void {
  const trouble = kind === "failed" || kind === "blocked";
  round(c, node.x, node.y, node.width, node.height, 4);
  c.fillStyle = colors.get("surface");
  c.fill();
  if (trouble && !many) {
    const before = c.globalAlpha;
    c.globalAlpha = before * (colors.dark ? 0.16 : 0.1);
    c.fillStyle = colors.get(kind);
    c.fill();
    c.globalAlpha = before;
  }
  c.strokeStyle = colors.get(trouble ? kind : "node-edge");
  c.lineWidth = trouble ? 1.5 : 1;
  c.setLineDash(kind === "created" ? [4, 3] : []);
  c.stroke();
  c.setLineDash([]);
}

/** The frame around the open node, and the one that the keys are at. */
export function mark(
  { context: c, colors }: Pick<Surface, "context" | "colors">,
  { facts, view }: Drawn,
  id: number,
): void {
  const node = facts.layout.nodes[id]!;
  c.strokeStyle = colors.get("accent");
  c.lineWidth = Math.max(2, 1 / view.scale);
  round(c, node.x - 3, node.y - 3, node.width + 6, node.height + 6, 6);
  c.stroke();
}

/** The one fact about a task that fits into its node. */
function fact(model: RunModel, place: number, now: number): string {
  const task = model.data.tasks[place]!;
  if (task.state === "FAILED") return task.failure ? cause(task.failure) : "failed";
  if (model.kind(place) === "blocked") return "its resource is away";
  if (task.state === "RETRY_WAIT" && task.due_at)
    return `attempt ${task.attempt + 1} in ${ticking(Math.max(0, Date.parse(task.due_at) - now))}`;
  if (task.state === "CREATED") return "waits for earlier tasks";
  if (task.state === "SKIPPED") return "left out";
  if (!task.started_at)
    return task.state === "SCHEDULED" ? "waits for a worker" : LABELS[kindOf(task.state)].toLowerCase();
  const span = (task.ended_at ? Date.parse(task.ended_at) : now) - Date.parse(task.started_at);
  return task.ended_at ? duration(span) : `${ticking(span)} so far`;
}

const CAUSES: Record<string, string> = {
  transient: "did not work in the end",
  throttled: "logins are limited",
  authentication: "was refused",
  host_key: "another host key",
  timeout: "time limit",
  lost: "job is lost",
  internal: "our mistake",
};

function cause({ kind, sentence, exit_status: status }: NonNullable<RunTask["failure"]>): string {
  return status != null ? `exit code ${status}` : (CAUSES[kind] ?? sentence);
}

/** A cell per member, or a bar where there are too many, and the counts in words. */
function drawFan({ context: c, colors }: Surface, drawn: Drawn, node: GraphNode): void {
  const [left, top] = [node.x + 18, node.y + 46];
  const counts = drawn.facts.tally(node);
  const bar = node.members.length > CELLS;
  if (bar) {
    let x = left;
    for (const [kind, number] of counts) {
      const width = Math.max(2, (number / node.members.length) * PER_ROW * CELL);
      fillCell(c, colors, kind, x, top, width - 1, CELL * 2 - 4);
      x += width;
    }
  } else {
    drawn.facts.kinds(node).forEach((kind, index) => {
      const [x, y] = [left + (index % PER_ROW) * CELL, top + Math.floor(index / PER_ROW) * CELL];
      fillCell(c, colors, kind, x, y, CELL - 1, CELL - 1);
    });
  }
  const rows = bar ? 2 : Math.ceil(node.members.length / PER_ROW);
  drawCounts({ context: c, colors }, counts, left, top + rows * CELL + 16, node.x + node.width);
}

function drawCounts(
  { context: c, colors }: Pick<Surface, "context" | "colors">,
  counts: readonly [Kind, number][],
  left: number,
  top: number,
  right: number,
): void {
  let [x, y] = [left, top];
  c.font = `400 11px ${FONT}`;
  for (const [kind, number] of counts.slice(0, 6)) {
    const text = `${count(number)} ${LABELS[kind].toLowerCase()}`;
    const width = c.measureText(text).width + 28;
    if (x + width > right && x > left) {
      x = left;
      y += 18;
    }
    drawIcon({ context: c, colors }, kind, x, y - 9, 11, colors.get("surface"));
    c.fillStyle = colors.get("ink");
    c.fillText(text, x + 16, y);
    x += width;
  }
}

function fillCell(
  c: CanvasRenderingContext2D,
  colors: Surface["colors"],
  kind: Kind,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  if (kind === "queued") {
    c.strokeStyle = colors.get("queued");
    c.lineWidth = 1;
    c.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  } else if (kind === "created" || kind === "scheduled") {
    c.fillStyle = colors.get("track");
    c.fillRect(x, y, width, height);
  } else if (kind === "blocked") {
    c.fillStyle = colors.get("hatch");
    c.fillRect(x, y, width, height);
    hatch(c, colors.get("blocked"), x, y, width, height);
  } else if (kind === "retry-wait") {
    c.fillStyle = colors.get("retry-wait");
    for (let at = x; at < x + width; at += 4) c.fillRect(at, y, 2, height);
  } else {
    c.fillStyle = colors.get(kind === "completed" ? "done" : kind);
    c.fillRect(x, y, width, height);
  }
}
