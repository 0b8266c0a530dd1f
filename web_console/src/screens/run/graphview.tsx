import { Maximize, Minus, Plus, Route } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import {
  CELL,
  CELLS,
  edgeKind,
  type GraphLayout,
  type GraphNode,
  groupKey,
  layoutGraph,
  levels,
  neighbour,
  PER_ROW,
  type RowKey,
  tally,
} from "../../core/graph";
import type { RunModel } from "../../core/run";
import { type Kind, kindOf, LABELS, worst } from "../../core/states";
import { count, duration, ticking } from "../../core/time";
import { drawIcon, FONT, fitted, hatch, type Surface, useCanvas } from "../../ui/canvas";
import { useNow } from "../../ui/prefs";
import { StateIcon } from "../../ui/state";

interface View {
  x: number;
  y: number;
  scale: number;
}

interface Props {
  model: RunModel;
  version: number;
  rows: RowKey;
  names: ReadonlyMap<string, string>;
  open: string | undefined;
  onOpen: (taskId: string | undefined) => void;
  onRows: (rows: RowKey) => void;
}

const HEAD = 76;

/** The run as a graph on a canvas, with a list beside it for those who can't see one. */
export function GraphView({ model, version, rows, names, open, onOpen, onRows }: Props) {
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(new Set());
  const [focus, setFocus] = useState(-1);
  const now = useNow();
  const layout = useMemo(
    () =>
      layoutGraph(model.data.tasks, {
        rows,
        expanded,
        rowName: (task) => (rows === "type" ? task.type : (names.get(task.resource_id ?? "") ?? "platform")),
      }),
    [model, rows, names, expanded],
  );
  const view = useRef<View>({ x: 0, y: 0, scale: 1 });
  const openNode = open === undefined ? -1 : (layout.nodeOf[model.place(open) ?? -1] ?? -1);
  const kinds = useCallback((node: GraphNode): Kind[] => node.members.map((place) => model.kind(place)), [model]);
  const { ref, redraw } = useCanvas((surface) =>
    drawGraph(surface, { layout, model, kinds, view: view.current, openNode, focus, now }),
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: another version of the run is drawn anew
  useEffect(redraw, [version, redraw]);

  const fitAll = useCallback(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const scale = Math.min(
      1,
      (canvas.clientWidth - 32) / layout.width,
      (canvas.clientHeight - HEAD - 24) / layout.height,
    );
    view.current = { scale: Math.max(0.04, scale), x: 16, y: HEAD };
    redraw();
  }, [layout, ref, redraw]);
  const show = useCallback(
    (id: number) => {
      const node = layout.nodes[id];
      const canvas = ref.current;
      if (!node || !canvas) return;
      const { scale } = view.current;
      view.current.x = canvas.clientWidth / 2 - (node.x + node.width / 2) * scale;
      view.current.y = canvas.clientHeight / 2 - (node.y + node.height / 2) * scale;
      redraw();
    },
    [layout, ref, redraw],
  );
  const failedPath = useCallback(() => {
    const bad = layout.nodes.find((node) => kinds(node).includes("failed"));
    if (!bad) return fitAll();
    view.current.scale = Math.max(view.current.scale, 0.8);
    setFocus(bad.id);
    show(bad.id);
  }, [layout, kinds, fitAll, show]);

  const first = useRef("");
  useEffect(() => {
    const key = `${model.data.process?.id}|${rows}`;
    if (first.current === key) return;
    first.current = key;
    fitAll();
    const readable = view.current.scale >= 0.55;
    if (!readable) {
      view.current = { x: 16, y: HEAD, scale: 0.8 };
      failedPath();
    }
  }, [model, rows, fitAll, failedPath]);

  const zoom = useCallback(
    (factor: number, cx?: number, cy?: number) => {
      const canvas = ref.current;
      if (!canvas) return;
      const v = view.current;
      const scale = Math.min(2, Math.max(0.03, v.scale * factor));
      const [px, py] = [cx ?? canvas.clientWidth / 2, cy ?? canvas.clientHeight / 2];
      view.current = { scale, x: px - ((px - v.x) * scale) / v.scale, y: py - ((py - v.y) * scale) / v.scale };
      redraw();
    },
    [ref, redraw],
  );

  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) zoom(Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
      else {
        view.current.x -= event.shiftKey ? event.deltaY : event.deltaX;
        view.current.y -= event.shiftKey ? 0 : event.deltaY;
        redraw();
      }
    };
    canvas.addEventListener("wheel", wheel, { passive: false });
    return () => canvas.removeEventListener("wheel", wheel);
  }, [ref, redraw, zoom]);

  const toggle = (node: GraphNode): void => {
    const task = model.data.tasks[node.members[0]!]!;
    const level = levels(model.data.tasks)[node.members[0]!]!;
    const key = groupKey(task, level, node.row);
    const next = new Set(expanded);
    if (!next.delete(key)) next.add(key);
    setExpanded(next);
  };
  const hit = (event: React.MouseEvent): { node: GraphNode; member: number | null } | null => {
    const box = ref.current!.getBoundingClientRect();
    const v = view.current;
    const [x, y] = [(event.clientX - box.left - v.x) / v.scale, (event.clientY - box.top - v.y) / v.scale];
    const node = layout.nodes.find(
      (one) => x >= one.x && x <= one.x + one.width && y >= one.y && y <= one.y + one.height,
    );
    if (!node) return null;
    if (node.members.length === 1) return { node, member: node.members[0]! };
    const [cx, cy] = [Math.floor((x - node.x - 18) / CELL), Math.floor((y - node.y - 46) / CELL)];
    const index = cy * PER_ROW + cx;
    const inside = node.members.length <= CELLS && cx >= 0 && cx < PER_ROW && cy >= 0 && index < node.members.length;
    return { node, member: inside ? node.members[index]! : null };
  };
  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  const openPlace = (place: number): void => onOpen(model.data.tasks[place]?.id);
  const enter = (node: GraphNode | undefined): void => {
    if (!node) return;
    const bad = node.members.find((place) => model.kind(place) === worst(kinds(node)));
    openPlace(bad ?? node.members[0]!);
  };
  const press = (event: React.KeyboardEvent): void => {
    const at = focus >= 0 ? focus : openNode;
    if (event.key.startsWith("Arrow")) {
      const next = neighbour(layout, at, event.key);
      setFocus(next);
      show(next);
    } else if (event.key === "Enter") enter(layout.nodes[at]);
    else if (event.key === "e") {
      const node = layout.nodes[at];
      if (node) toggle(node);
    } else if (event.key === "f") failedPath();
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") fitAll();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const focused = layout.nodes[focus];
  return (
    <div className="relative min-h-0 min-w-0 flex-1 bg-bg">
      <div className="absolute top-3 left-4 z-10 flex gap-2">
        <button type="button" className="btn small" onClick={failedPath}>
          <Route size={14} /> Failed path first
        </button>
        <label className="btn small">
          Rows
          <select
            className="bg-transparent font-semibold"
            value={rows}
            onChange={(event) => onRows(event.target.value as RowKey)}
            aria-label="Rows by"
          >
            <option value="resource">resource</option>
            <option value="type">task type</option>
            <option value="none">none</option>
          </select>
        </label>
        {focused && focused.members.length > 1 && (
          <button type="button" className="btn small" onClick={() => toggle(focused)}>
            Expand {focused.label}
          </button>
        )}
      </div>
      <div className="absolute top-3 right-4 z-10 flex gap-1">
        <button type="button" className="btn small !px-[6px]" aria-label="Zoom out" onClick={() => zoom(0.8)}>
          <Minus size={14} />
        </button>
        <button type="button" className="btn small" onClick={fitAll}>
          <Maximize size={13} /> Fit
        </button>
        <button type="button" className="btn small !px-[6px]" aria-label="Zoom in" onClick={() => zoom(1.25)}>
          <Plus size={14} />
        </button>
      </div>
      <canvas
        ref={ref}
        data-testid="graph"
        tabIndex={0}
        role="img"
        aria-label={`Graph of ${model.data.tasks.length} tasks in ${layout.columns.length} levels. Arrow keys walk along the edges, Enter opens a task. A list follows.`}
        className="absolute inset-0 block size-full touch-none"
        onKeyDown={press}
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, y: event.clientY, moved: false };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          const from = drag.current;
          if (!from) return;
          if (Math.abs(event.clientX - from.x) + Math.abs(event.clientY - from.y) > 3) from.moved = true;
          if (!from.moved) return;
          view.current.x += event.clientX - from.x;
          view.current.y += event.clientY - from.y;
          drag.current = { x: event.clientX, y: event.clientY, moved: true };
          redraw();
        }}
        onPointerUp={(event) => {
          const moved = drag.current?.moved;
          drag.current = null;
          if (moved) return;
          const found = hit(event);
          setFocus(found?.node.id ?? -1);
          if (found?.member != null) openPlace(found.member);
          else if (found) enter(found.node);
          else onOpen(undefined);
        }}
        onDoubleClick={(event) => {
          const found = hit(event);
          if (found && found.node.members.length > 1) toggle(found.node);
        }}
      />
      <Legend />
      <Twin model={model} layout={layout} kinds={kinds} onOpen={onOpen} />
    </div>
  );
}

function Legend() {
  const line = "inline-block w-[22px] border-t-2 align-middle";
  return (
    <div
      className="pointer-events-none absolute bottom-3 left-5 flex gap-4 text-[11px] text-ink-2 leading-4 max-sm:hidden"
      aria-hidden="true"
    >
      <span>
        <i className={`${line} border-strong`} /> has run
      </span>
      <span>
        <i className={`${line} border-strong border-dashed`} /> to come
      </span>
      <span>
        <i className={`${line} border-failed border-dashed`} /> held by a failure
      </span>
      <span>
        <i className={`${line} border-blocked border-dotted`} /> held by an outage
      </span>
    </div>
  );
}

const TWIN = 200;

function Twin({
  model,
  layout,
  kinds,
  onOpen,
}: {
  model: RunModel;
  layout: GraphLayout;
  kinds: (node: GraphNode) => Kind[];
  onOpen: (id: string) => void;
}) {
  return (
    <ul className="sr-only" aria-label="Tasks by level">
      {layout.nodes.slice(0, TWIN).map((node) => (
        <li key={node.id}>
          <button type="button" tabIndex={-1} onClick={() => onOpen(model.data.tasks[node.members[0]!]!.id)}>
            Level {node.level + 1}: {node.label}
            {node.members.length > 1 ? ` × ${node.members.length}` : ""},{" "}
            {tally(kinds(node))
              .map(([kind, number]) => (node.members.length > 1 ? `${number} ${LABELS[kind]}` : LABELS[kind]))
              .join(", ")}
            <StateIcon kind={worst(kinds(node))} />
          </button>
        </li>
      ))}
    </ul>
  );
}

interface Drawn {
  layout: GraphLayout;
  model: RunModel;
  kinds: (node: GraphNode) => Kind[];
  view: View;
  openNode: number;
  focus: number;
  now: number;
}

function drawGraph(surface: Surface, drawn: Drawn): void {
  const { context: c, width, height, colors } = surface;
  const { layout, view } = drawn;
  c.fillStyle = colors.get("bg");
  c.fillRect(0, 0, width, height);
  c.save();
  c.translate(view.x, view.y);
  c.scale(view.scale, view.scale);
  const seen = {
    left: -view.x / view.scale,
    top: -view.y / view.scale,
    right: (width - view.x) / view.scale,
    bottom: (height - view.y) / view.scale,
  };
  for (const band of layout.bands) {
    c.fillStyle = colors.get("band");
    round(c, 0, band.y, layout.width, band.height, 4);
    c.fill();
    if (band.key && view.scale > 0.35) {
      c.fillStyle = colors.get("ink");
      c.font = `600 12px ${FONT}`;
      c.fillText(band.key, Math.max(12, seen.left + 12), band.y + 18);
    }
  }
  const visible = (node: GraphNode): boolean =>
    node.x < seen.right && node.x + node.width > seen.left && node.y < seen.bottom && node.y + node.height > seen.top;
  drawEdges(surface, drawn, seen);
  for (const node of layout.nodes) if (visible(node)) drawNode(surface, drawn, node);
  c.restore();
  drawHeads(surface, drawn);
  drawMap(surface, drawn, seen);
}

function round(c: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, radius: number): void {
  c.beginPath();
  c.roundRect(x, y, width, height, radius);
}

function drawEdges(
  { context: c, colors }: Surface,
  { layout, kinds, view }: Drawn,
  seen: { left: number; top: number; right: number; bottom: number },
): void {
  const styles = {
    done: ["line-strong", []],
    coming: ["line-strong", [5, 4]],
    "held-failed": ["failed", [6, 4]],
    "held-blocked": ["blocked", [2, 3]],
  } as const;
  const cache = new Map<number, Kind[]>();
  const of = (id: number): Kind[] => {
    let found = cache.get(id);
    if (!found) {
      found = layout.nodes[id]!.members.length > 50 ? [worst(kinds(layout.nodes[id]!))] : kinds(layout.nodes[id]!);
      cache.set(id, found);
    }
    return found;
  };
  for (const edge of layout.edges) {
    const from = layout.nodes[edge.from]!;
    const to = layout.nodes[edge.to]!;
    const [x1, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2];
    if (x1 > seen.right || x2 < seen.left || Math.max(y1, y2) < seen.top || Math.min(y1, y2) > seen.bottom) continue;
    const [color, dash] = styles[edgeKind(of(edge.from), of(edge.to))];
    c.strokeStyle = colors.get(color);
    c.lineWidth = color === "line-strong" ? 1.25 : 1.75;
    c.setLineDash(dash as unknown as number[]);
    c.beginPath();
    c.moveTo(x1, y1);
    const middle = (x1 + x2) / 2;
    if (Math.abs(y1 - y2) < 2) c.lineTo(x2 - 5, y2);
    else c.bezierCurveTo(middle, y1, middle, y2, x2 - 5, y2);
    c.stroke();
    if (view.scale < 0.3) continue;
    c.setLineDash([]);
    c.fillStyle = colors.get(color);
    c.beginPath();
    c.moveTo(x2, y2);
    c.lineTo(x2 - 6, y2 - 3.5);
    c.lineTo(x2 - 6, y2 + 3.5);
    c.fill();
  }
  c.setLineDash([]);
}

function drawNode(surface: Surface, drawn: Drawn, node: GraphNode): void {
  const { context: c, colors } = surface;
  const all = drawn.kinds(node);
  const kind = worst(all);
  const trouble = kind === "failed" || kind === "blocked";
  const ground = colors.get("surface");
  if (drawn.view.scale < 0.3) {
    c.fillStyle =
      kind === "completed"
        ? colors.get("done")
        : kind === "created" || kind === "scheduled"
          ? colors.get("track")
          : colors.get(kind);
    c.fillRect(node.x, node.y, node.width, node.height);
    return;
  }
  const many = node.members.length > 1;
  if (many) {
    for (const step of [6, 3]) {
      c.fillStyle = ground;
      c.strokeStyle = colors.get("node-edge");
      round(c, node.x + step, node.y - step, node.width - step * 2, node.height, 4);
      c.fill();
      c.stroke();
    }
  }
  round(c, node.x, node.y, node.width, node.height, 4);
  c.fillStyle = ground;
  c.fill();
  if (trouble && !many) {
    c.save();
    c.globalAlpha = colors.dark ? 0.16 : 0.1;
    c.fillStyle = colors.get(kind);
    c.fill();
    c.restore();
  }
  c.strokeStyle = colors.get(trouble ? kind : "node-edge");
  c.lineWidth = trouble ? 1.5 : 1;
  c.setLineDash(kind === "created" ? [4, 3] : []);
  c.stroke();
  c.setLineDash([]);
  if (node.id === drawn.openNode || node.id === drawn.focus) {
    c.strokeStyle = colors.get("accent");
    c.lineWidth = 2;
    round(c, node.x - 3, node.y - 3, node.width + 6, node.height + 6, 6);
    c.stroke();
  }
  drawIcon(surface, kind, node.x + 12, node.y + 9, 13, ground);
  c.fillStyle = colors.get(kind === "created" ? "ink-2" : "ink");
  c.font = `600 12px ${FONT}`;
  const title = many ? `${node.label} × ${count(node.members.length)}` : node.label;
  c.fillText(fitted(c, title, node.width - 44), node.x + 32, node.y + 20);
  c.font = `400 11px ${FONT}`;
  c.fillStyle = colors.get("ink-2");
  c.fillText(
    fitted(c, many ? "" : fact(drawn.model, node.members[0]!, drawn.now), node.width - 44),
    node.x + 32,
    node.y + 36,
  );
  if (many) drawFan(surface, node, all);
}

function fact(model: RunModel, place: number, now: number): string {
  const task = model.data.tasks[place]!;
  if (task.state === "FAILED") return task.failure?.sentence ?? "failed";
  if (task.state === "RETRY_WAIT" && task.due_at)
    return `attempt ${task.attempt + 1} in ${ticking(Math.max(0, Date.parse(task.due_at) - now))}`;
  if (task.state === "CREATED") return "waits for earlier tasks";
  if (task.state === "SKIPPED") return "left out";
  if (!task.started_at)
    return task.state === "SCHEDULED" ? "waits for a worker" : LABELS[kindOf(task.state)].toLowerCase();
  const span = (task.ended_at ? Date.parse(task.ended_at) : now) - Date.parse(task.started_at);
  return task.ended_at ? duration(span) : `${ticking(span)} so far`;
}

function drawFan({ context: c, colors }: Surface, node: GraphNode, all: Kind[]): void {
  const [left, top] = [node.x + 18, node.y + 46];
  c.font = `400 11px ${FONT}`;
  const counts = tally(all);
  const rows = node.members.length > CELLS ? 2 : Math.ceil(node.members.length / PER_ROW);
  if (node.members.length > CELLS) {
    let x = left;
    for (const [kind, number] of counts) {
      const width = Math.max(2, (number / all.length) * PER_ROW * CELL);
      fillCell(c, colors, kind, x, top, width - 1, CELL * 2 - 4);
      x += width;
    }
  } else {
    all.forEach((kind, index) => {
      const [x, y] = [left + (index % PER_ROW) * CELL, top + Math.floor(index / PER_ROW) * CELL];
      fillCell(c, colors, kind, x, y, CELL - 1, CELL - 1);
    });
  }
  c.fillStyle = colors.get("ink");
  let x = left;
  let y = top + rows * CELL + 16;
  for (const [kind, number] of counts.slice(0, 6)) {
    const text = `${count(number)} ${LABELS[kind].toLowerCase()}`;
    const width = c.measureText(text).width + 28;
    if (x + width > node.x + node.width && x > left) {
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
  if (kind === "queued" || kind === "created" || kind === "scheduled") {
    c.fillStyle = colors.get("track");
    if (kind === "queued") {
      c.strokeStyle = colors.get("queued");
      c.lineWidth = 1;
      c.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
      return;
    }
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

function drawHeads({ context: c, width, colors }: Surface, { layout, view }: Drawn): void {
  c.fillStyle = colors.get("bg");
  c.fillRect(0, 0, width, HEAD);
  if (view.scale < 0.45) return;
  c.font = `400 11px ${FONT}`;
  for (const column of layout.columns) {
    const x = view.x + column.x * view.scale;
    if (x > width || x + column.width * view.scale < 0) continue;
    // Under the toolbar, so only where nothing covers it.
    c.fillStyle = colors.get("ink-3");
    c.fillText(fitted(c, `${column.level + 1}  ${column.label}`, (column.width + 30) * view.scale), x, HEAD - 10);
  }
}

function drawMap(
  { context: c, width, height, colors }: Surface,
  { layout, kinds }: Drawn,
  seen: { left: number; top: number; right: number; bottom: number },
): void {
  const whole = seen.left <= 1 && seen.top <= 1 && seen.right >= layout.width - 1 && seen.bottom >= layout.height - 1;
  if (whole || width < 500) return;
  const scale = Math.min(150 / layout.width, 60 / layout.height);
  const [w, h] = [layout.width * scale, layout.height * scale];
  const [x, y] = [width - w - 20, height - h - 16];
  c.fillStyle = colors.get("surface");
  c.fillRect(x - 4, y - 4, w + 8, h + 8);
  c.strokeStyle = colors.get("line");
  c.strokeRect(x - 4, y - 4, w + 8, h + 8);
  for (const node of layout.nodes.length > 3_000 ? layout.nodes.filter((_, index) => index % 4 === 0) : layout.nodes) {
    const kind = node.members.length > 50 ? worst(kinds(node)) : worst(kinds(node));
    c.fillStyle =
      kind === "completed" ? colors.get("done") : kind === "created" ? colors.get("line-strong") : colors.get(kind);
    c.fillRect(
      x + node.x * scale,
      y + node.y * scale,
      Math.max(2, node.width * scale),
      Math.max(2, node.height * scale),
    );
  }
  c.strokeStyle = colors.get("accent");
  c.lineWidth = 1.5;
  const left = Math.max(0, seen.left);
  const top = Math.max(0, seen.top);
  c.strokeRect(
    x + left * scale,
    y + top * scale,
    (Math.min(layout.width, seen.right) - left) * scale,
    (Math.min(layout.height, seen.bottom) - top) * scale,
  );
}
