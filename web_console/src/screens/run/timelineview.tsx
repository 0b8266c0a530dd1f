import { ArrowRightToLine } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { tally } from "../../core/graphread";
import type { RunModel } from "../../core/run";
import { LABELS } from "../../core/states";
import { clock, duration, ticking, ticks, type Zone } from "../../core/time";
import { area, layoutTimeline, type SegmentKind, type Timeline, type TimelineRow } from "../../core/timeline";
import { drawIcon, FONT, fitted, type Surface, useCanvas } from "../../ui/canvas";
import { useNow, usePrefs } from "../../ui/prefs";

const SIDE = 260;
const NARROW = 140;
const ROW = 29;
const FAN = 96;
const AXIS = 32;
const WORDS: Record<SegmentKind | "platform", string> = {
  wait: "queue wait",
  run: "ran",
  failed: "failed attempt",
  retry: "retry gap",
  copy: "file copy",
  platform: "platform",
};

interface Props {
  model: RunModel;
  version: number;
  open: string | undefined;
  onOpen: (taskId: string | undefined) => void;
}

/** When what ran: waits, runs, copies and retry gaps told apart; the right edge is now. */
export function TimelineView({ model, version, open, onOpen }: Props) {
  const now = useNow();
  const { zone } = usePrefs();
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(new Set());
  const running = !model.data.process?.ended_at;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version is laid out anew
  const timeline = useMemo(
    () => layoutTimeline(model, { now, expanded }),
    [model, version, expanded, running ? now : 0],
  );
  const [range, setRange] = useState<{ from: number; to: number } | null>(null);
  const [top, setTop] = useState(0);
  const padded = timeline.to + (timeline.to - timeline.from) * (running ? 0.06 : 0.02);
  const shown = range ?? { from: timeline.from, to: padded };
  const heights = timeline.rows.map((row) => (row.members.length > 1 ? FAN : ROW));
  const total = heights.reduce((a, b) => a + b, 0);
  const { ref, redraw } = useCanvas((surface) =>
    draw(surface, { model, timeline, shown, top, heights, now, zone, open, running }),
  );
  useEffect(redraw, [redraw]);

  const clampTop = useCallback(
    (value: number): number => Math.max(0, Math.min(value, total - (ref.current?.clientHeight ?? 0) + AXIS + 20)),
    [total, ref],
  );
  const side = (ref.current?.clientWidth ?? 900) < 620 ? NARROW : SIDE;
  const move = useCallback(
    (pixels: number) => {
      const width = (ref.current?.clientWidth ?? 900) - side;
      const by = (pixels / width) * (shown.to - shown.from);
      setRange({ from: shown.from + by, to: shown.to + by });
    },
    [ref, shown.from, shown.to, side],
  );
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) {
        const at = shown.from + ((event.offsetX - side) / (canvas.clientWidth - side)) * (shown.to - shown.from);
        const factor = Math.exp(event.deltaY / 300);
        setRange({ from: at - (at - shown.from) * factor, to: at + (shown.to - at) * factor });
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) move(event.deltaX || event.deltaY);
      else setTop((before) => clampTop(before + event.deltaY));
    };
    canvas.addEventListener("wheel", wheel, { passive: false });
    return () => canvas.removeEventListener("wheel", wheel);
  });

  const rowAt = (y: number): TimelineRow | undefined => {
    let at = AXIS - top;
    for (const [index, row] of timeline.rows.entries()) {
      if (y >= at && y < at + heights[index]!) return y >= AXIS ? row : undefined;
      at += heights[index]!;
    }
    return undefined;
  };
  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  const press = (event: React.KeyboardEvent): void => {
    const at = timeline.rows.findIndex((row) => row.key === open);
    if (event.key === "ArrowLeft") move(-80);
    else if (event.key === "ArrowRight") move(80);
    else if (event.key === "n" || event.key === "w") setRange(null);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next =
        timeline.rows[Math.max(0, Math.min(timeline.rows.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))];
      if (next) onOpen(next.members.length === 1 ? next.key : model.data.tasks[next.members[0]!]!.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <Spent timeline={timeline} running={running} />
      <div className="flex flex-wrap items-center gap-4 border-line border-b px-6 py-2 text-[12px] text-ink-2 max-sm:px-4">
        <Key sample={<i className="inline-block h-3 w-6 border border-[var(--queued)]" />} text="waits" />
        <Key sample={<i className="inline-block h-3 w-6 bg-done" />} text="ran" />
        <Key sample={<i className="inline-block h-3 w-6 bg-executing" />} text="runs now" />
        <Key sample={<i className="inline-block h-[6px] w-6 bg-done" />} text="file copy" />
        <Key sample={<i className="inline-block w-6 border-t-2 border-dotted border-retry" />} text="retry gap" />
        <Key sample={<i className="inline-block w-6 border-t-2 border-ink" />} text="critical path" />
        <span className="flex-1" />
        <button type="button" className={`btn small ${range ? "" : "on"}`} onClick={() => setRange(null)}>
          <ArrowRightToLine size={13} /> {running ? "Follow now" : "Whole run"}
        </button>
      </div>
      <div className="relative min-h-0 flex-1">
        <canvas
          ref={ref}
          data-testid="timeline"
          tabIndex={0}
          role="img"
          aria-label={`Timeline of ${timeline.rows.length} rows. The tasks tab has the same as a table.`}
          className="absolute inset-0 block size-full touch-none"
          onKeyDown={press}
          onPointerDown={(event) => {
            drag.current = { x: event.clientX, y: event.clientY, moved: false };
            event.currentTarget.setPointerCapture(event.pointerId);
          }}
          onPointerMove={(event) => {
            const from = drag.current;
            if (!from) return;
            if (!from.moved && Math.abs(event.clientX - from.x) + Math.abs(event.clientY - from.y) < 4) return;
            move(from.x - event.clientX);
            setTop((before) => clampTop(before + from.y - event.clientY));
            drag.current = { x: event.clientX, y: event.clientY, moved: true };
          }}
          onPointerUp={(event) => {
            const moved = drag.current?.moved;
            drag.current = null;
            if (moved) return;
            const box = event.currentTarget.getBoundingClientRect();
            const row = rowAt(event.clientY - box.top);
            if (!row) onOpen(undefined);
            else if (row.members.length === 1) onOpen(row.key);
            else {
              const next = new Set(expanded);
              if (!next.delete(row.key)) next.add(row.key);
              setExpanded(next);
            }
          }}
        />
      </div>
    </div>
  );
}

function Key({ sample, text }: { sample: React.ReactNode; text: string }) {
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap max-sm:hidden">
      {sample} {text}
    </span>
  );
}

const FILLS: Record<SegmentKind | "platform", React.CSSProperties> = {
  wait: { boxShadow: "inset 0 0 0 1px var(--queued)" },
  run: { background: "var(--done)" },
  copy: { background: "linear-gradient(var(--done) 0 0) center / 100% 6px no-repeat" },
  failed: {
    background: "color-mix(in srgb, var(--failed) 30%, var(--surface))",
    boxShadow: "inset 0 0 0 1px var(--failed)",
  },
  retry: { background: "repeating-linear-gradient(90deg, var(--retry-wait) 0 2px, transparent 2px 4px)" },
  platform: { background: "var(--line-strong)" },
};

/** Where the time of the critical path went. */
function Spent({ timeline, running }: { timeline: Timeline; running: boolean }) {
  const whole = Object.values(timeline.spent).reduce((a, b) => a + b, 0) || 1;
  const parts = (Object.entries(timeline.spent) as [SegmentKind | "platform", number][])
    .filter(([, ms]) => ms > 0)
    .sort((a, b) => b[1] - a[1]);
  return (
    <section
      aria-label="Where the critical path's time went"
      className="grid grid-cols-[236px_1fr] items-center gap-x-6 border-line border-b px-6 py-3 max-sm:grid-cols-1 max-sm:px-4"
    >
      <div>
        <div className="second">Critical path{running ? " so far" : ""}</div>
        <div className="font-[600] text-[18px] leading-[26px] num">{duration(whole)}</div>
      </div>
      <div className="min-w-0">
        <div className="flex h-3 gap-px">
          {parts.map(([kind, ms]) => (
            <span
              key={kind}
              title={`${WORDS[kind]} ${duration(ms)}`}
              style={{ ...FILLS[kind], flex: ms, minWidth: 2 }}
            />
          ))}
        </div>
        <div className="mt-2 flex flex-wrap gap-x-5 text-[12px] text-ink-2 leading-4">
          {parts.map(([kind, ms]) => (
            <span key={kind} className="inline-flex items-center gap-2">
              <i className="inline-block h-[10px] w-4" style={FILLS[kind]} />
              {WORDS[kind]} <b className="font-semibold text-ink num">{duration(ms)}</b>{" "}
              <span className="num">{Math.round((ms / whole) * 100)} %</span>
            </span>
          ))}
        </div>
      </div>
    </section>
  );
}

interface Drawn {
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

function draw(surface: Surface, d: Drawn): void {
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

function drawRow(
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
  counts.slice(0, 4).forEach(([kind, number], index) => {
    const [left, top] = [46 + (index % 2) * 100, y + 40 + Math.floor(index / 2) * 18];
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
