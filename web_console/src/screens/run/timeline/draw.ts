import type { RunModel } from "../../../core/run";
import { clock, ticks, type Zone } from "../../../core/time";
import type { Timeline } from "../../../core/timeline";
import { FONT, type Surface } from "../../../ui/canvas";

import { drawRow } from "./rows";

export const SIDE = 260;
export const NARROW = 140;
export const ROW = 29;
export const FAN = 96;
export const AXIS = 32;
export interface Drawn {
  model: RunModel;
  timeline: Timeline;
  shown: { from: number; to: number };
  top: number;
  heights: number[];
  now: number;
  zone: Zone;
  open: string | undefined;
  running: boolean;
}

/** The whole canvas: grid, rows, the critical path, now, and the axis above all. */
export function draw(surface: Surface, d: Drawn): void {
  const { context: c, width, height, colors } = surface;
  const side = width < 620 ? NARROW : SIDE;
  const x = (at: number): number => side + ((at - d.shown.from) / (d.shown.to - d.shown.from)) * (width - side);
  c.fillStyle = colors.get("surface");
  c.fillRect(0, 0, width, height);
  c.font = `400 11px ${FONT}`;
  const marks = ticks(d.shown.from, d.shown.to, Math.max(3, Math.floor((width - side) / 80)));
  c.strokeStyle = colors.get("line");
  c.lineWidth = 1;
  for (const mark of marks) {
    c.beginPath();
    c.moveTo(Math.round(x(mark)) + 0.5, AXIS);
    c.lineTo(Math.round(x(mark)) + 0.5, height);
    c.stroke();
  }
  c.save();
  c.beginPath();
  c.rect(0, AXIS, width, height - AXIS);
  c.clip();
  let y = AXIS - d.top;
  const centres = new Map<string, number>();
  d.timeline.rows.forEach((row, index) => {
    const rowHeight = d.heights[index]!;
    centres.set(row.key, y + ROW / 2);
    if (y + rowHeight > AXIS && y < height) drawRow(surface, d, row, y, rowHeight, x, side);
    y += rowHeight;
  });
  drawCritical(surface, d, centres, x, side);
  c.restore();
  if (d.running && d.now >= d.shown.from && d.now <= d.shown.to) {
    const at = Math.round(x(d.now)) + 0.5;
    c.strokeStyle = colors.get("ink");
    c.beginPath();
    c.moveTo(at, AXIS);
    c.lineTo(at, height);
    c.stroke();
  }
  drawAxis(surface, d, marks, x, side);
}

function drawAxis(
  { context: c, width, height, colors }: Surface,
  d: Drawn,
  marks: number[],
  x: (at: number) => number,
  side: number,
): void {
  c.fillStyle = colors.get("surface");
  c.fillRect(0, 0, width, AXIS);
  c.fillStyle = colors.get("ink-2");
  c.font = `400 11px ${FONT}`;
  c.textAlign = "left";
  c.fillText("Task", 24, 20);
  c.textAlign = "right";
  if (side !== NARROW) c.fillText("Took", side - 14, 20);
  c.textAlign = "center";
  const seconds = d.shown.to - d.shown.from < 1_800_000;
  for (const mark of marks)
    if (x(mark) > side + 24 && x(mark) < width - 24) c.fillText(clock(mark, d.zone, seconds), x(mark), 20);
  c.textAlign = "left";
  c.strokeStyle = colors.get("line");
  c.beginPath();
  c.moveTo(0, AXIS + 0.5);
  c.lineTo(width, AXIS + 0.5);
  c.moveTo(side + 0.5, 0);
  c.lineTo(side + 0.5, height);
  c.stroke();
}

function drawCritical(
  { context: c, width, colors }: Surface,
  d: Drawn,
  centres: ReadonlyMap<string, number>,
  x: (at: number) => number,
  side: number,
): void {
  c.save();
  c.beginPath();
  c.rect(side, AXIS, width - side, 10_000);
  c.clip();
  c.strokeStyle = colors.get("ink");
  c.lineWidth = 1.5;
  c.beginPath();
  let begun = false;
  for (const place of d.timeline.critical) {
    const task = d.model.data.tasks[place]!;
    const centre = centres.get(task.id);
    const first = d.model.attempts(place)[0];
    if (centre === undefined || !first) continue;
    const y = centre + 9.5;
    if (begun) c.lineTo(x(Date.parse(first.published_at)), y);
    else c.moveTo(x(Date.parse(first.published_at)), y);
    begun = true;
    c.lineTo(x(task.ended_at ? Date.parse(task.ended_at) : d.now), y);
  }
  c.stroke();
  c.restore();
}
