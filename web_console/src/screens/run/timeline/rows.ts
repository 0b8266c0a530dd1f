import { tally } from "../../../core/graphread";
import { LABELS } from "../../../core/states";
import { duration, ticking } from "../../../core/time";
import { area, type TimelineRow } from "../../../core/timeline";
import { drawIcon, FONT, fitted, hatch, type Surface } from "../../../ui/canvas";

import { type Drawn, FAN, NARROW, ROW } from "./draw";

export function drawRow(
  surface: Surface,
  d: Drawn,
  row: TimelineRow,
  y: number,
  height: number,
  x: (at: number) => number,
  side: number,
): void {
  const { context: c, width, colors } = surface;
  const ground = colors.get("surface");
  if (row.key === d.open) {
    c.fillStyle = colors.get("selected");
    c.fillRect(0, y, width, height);
    c.fillStyle = colors.get("accent");
    c.fillRect(0, y, 3, height);
  }
  const indent = 24 + row.depth * 18;
  if (row.critical) {
    c.fillStyle = colors.get("ink");
    c.fillRect(12, y + 8, 3, 13);
  }
  drawIcon(surface, row.kind, indent, y + 8, 13, ground);
  c.font = `${row.depth ? 400 : 600} 12px ${FONT}`;
  c.fillStyle = colors.get("ink");
  c.fillText(fitted(c, row.label, side - indent - (side === NARROW ? 30 : 90)), indent + 22, y + 19);
  if (row.members.length > 1) {
    drawFanOut(surface, d, row, y, x, side);
    return;
  }
  c.font = `400 11px ${FONT}`;
  c.fillStyle = colors.get("ink-2");
  c.textAlign = "right";
  if (row.from !== null && side !== NARROW)
    c.fillText(row.to === null ? ticking(d.now - row.from) : duration(row.to - row.from), side - 14, y + 19);
  c.textAlign = "left";
  c.save();
  c.beginPath();
  c.rect(side, y, width - side, height);
  c.clip();
  const middle = y + ROW / 2;
  for (const segment of row.segments) {
    const left = x(segment.from);
    const right = Math.max(left + 2, x(segment.to ?? d.now));
    const w = right - left;
    switch (segment.kind) {
      case "wait":
        c.strokeStyle = colors.get("queued");
        c.lineWidth = 1;
        c.strokeRect(left + 0.5, middle - 5.5, Math.max(1, w - 1), 11);
        break;
      case "run":
        c.fillStyle = colors.get(segment.to === null ? "executing" : "done");
        c.fillRect(left, middle - 6, w, 12);
        break;
      case "copy":
        c.fillStyle = colors.get(segment.to === null ? "executing" : "done");
        c.fillRect(left, middle - 3, w, 6);
        break;
      case "retry":
        c.strokeStyle = colors.get("retry-wait");
        c.lineWidth = 2;
        c.setLineDash([2, 3]);
        c.beginPath();
        c.moveTo(left, middle);
        c.lineTo(right, middle);
        c.stroke();
        c.setLineDash([]);
        break;
      case "blocked":
        c.fillStyle = colors.get("hatch");
        c.fillRect(left, middle - 6, w, 12);
        hatch(c, colors.get("blocked"), left, middle - 6, w, 12);
        break;
      case "failed":
        c.globalAlpha = 0.28;
        c.fillStyle = colors.get("failed");
        c.fillRect(left, middle - 6, w, 12);
        c.globalAlpha = 1;
        c.strokeStyle = colors.get("failed");
        c.lineWidth = 1;
        c.strokeRect(left + 0.5, middle - 5.5, Math.max(1, w - 1), 11);
        drawIcon(surface, "failed", right - 6, middle - 6, 12, ground);
    }
  }
  c.restore();
}

function drawFanOut(
  surface: Surface,
  d: Drawn,
  row: TimelineRow,
  y: number,
  x: (at: number) => number,
  side: number,
): void {
  const { context: c, width, colors } = surface;
  c.font = `400 11px ${FONT}`;
  const counts = tally(row.members.map((place) => d.model.kind(place)));
  const abreast = side < 250 ? 1 : 2;
  counts.slice(0, 2 * abreast).forEach(([kind, number], index) => {
    const [left, top] = [46 + (index % abreast) * 100, y + 40 + Math.floor(index / abreast) * 18];
    drawIcon(surface, kind, left, top - 9, 11, colors.get("surface"));
    c.fillStyle = colors.get("ink-2");
    c.fillText(`${number} ${LABELS[kind].toLowerCase()}`, left + 16, top);
  });
  if (row.from === null) return;
  const steps = 160;
  const to = d.running ? d.now : d.timeline.to;
  const curve = area(d.model, row.members, row.from, to, steps);
  const base = y + FAN - 10;
  const tall = FAN - 26;
  c.save();
  c.beginPath();
  c.rect(side, y, width - side, FAN);
  c.clip();
  const layer = (upTo: (counts: [number, number, number]) => number, fill: string | null): void => {
    c.beginPath();
    c.moveTo(x(row.from!), base);
    curve.forEach((counts, index) => {
      c.lineTo(
        x(row.from! + ((to - row.from!) * index) / (steps - 1)),
        base - (upTo(counts) / row.members.length) * tall,
      );
    });
    c.lineTo(x(to), base);
    if (fill) {
      c.fillStyle = fill;
      c.fill();
    } else c.stroke();
  };
  c.strokeStyle = colors.get("queued");
  c.lineWidth = 1;
  layer(([done, run, queued]) => done + run + queued, null);
  layer(([done, run]) => done + run, colors.get("executing"));
  layer(([done]) => done, colors.get("done"));
  c.restore();
  c.fillStyle = colors.get("ink-3");
  c.textAlign = "right";
  c.fillText(String(row.members.length), x(row.from) - 6, base - tall + 8);
  c.textAlign = "left";
}
