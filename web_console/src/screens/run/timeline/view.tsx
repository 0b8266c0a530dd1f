import { ArrowRightToLine } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { RunModel } from "../../../core/run";
import { layoutTimeline, type TimelineRow } from "../../../core/timeline";
import { useCanvas } from "../../../ui/canvas";
import { useNow, usePrefs } from "../../../ui/prefs";

import { AXIS, draw, FAN, NARROW, ROW, SIDE } from "./draw";
import { Spent } from "./spent";

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
