import { Focus, Minus, Plus, Route } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import {
  CELL,
  CELLS,
  type GraphInput,
  type GraphNode,
  groupKey,
  groupsOf,
  layoutGraph,
  PER_ROW,
  type RowKey,
} from "../../../core/graph";
import { GraphFacts, notable } from "../../../core/graphfacts";
import { connected, neighbour } from "../../../core/graphread";
import type { RunModel } from "../../../core/run";
import { useCanvas } from "../../../ui/canvas";
import { useNow } from "../../../ui/prefs";
import { READABLE, useCamera } from "./camera";
import { drawGraph } from "./paint";
import { Legend, Twin } from "./twin";

interface Props {
  model: RunModel;
  version: number;
  rows: RowKey;
  names: ReadonlyMap<string, string>;
  open: string | undefined;
  onOpen: (taskId: string | undefined) => void;
  onRows: (rows: RowKey) => void;
}

/** The run as a graph on a canvas, with a list beside it for those who can't see one. */
export function GraphView({ model, version, rows, names, open, onOpen, onRows }: Props) {
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(new Set());
  const [focus, setFocus] = useState(-1);
  const [alone, setAlone] = useState(false);
  const now = useNow();
  const options = useMemo(
    () => ({
      rows,
      rowName: (task: GraphInput) => (rows === "type" ? task.type : (names.get(task.resource_id ?? "") ?? "platform")),
    }),
    [rows, names],
  );
  const groups = useMemo(() => groupsOf(model.data.tasks, options), [model, options]);
  // Who stands beneath a fan-out is decided anew once a second, not with every event: nodes must not jump about.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the second is what it is for
  const pulled = useMemo(() => notable(model, groups).join(), [model, groups, now]);
  const layout = useMemo(
    () =>
      layoutGraph(
        model.data.tasks,
        { ...options, expanded, notable: new Set(pulled ? pulled.split(",").map(Number) : []) },
        groups,
      ),
    [model, options, expanded, pulled, groups],
  );
  const facts = useMemo(() => new GraphFacts(model, layout), [model, layout]);
  const place = model.place(open ?? "") ?? -1;
  const openNode =
    place < 0
      ? -1
      : (layout.nodes.find((node) => node.parent !== undefined && node.members[0] === place)?.id ??
        layout.nodeOf[place]!);
  const lit = useMemo(
    () =>
      alone && focus >= 0 ? connected(layout, focus) : alone && openNode >= 0 ? connected(layout, openNode) : null,
    [alone, layout, focus, openNode],
  );
  const { ref, redraw } = useCanvas((surface) =>
    drawGraph(surface, { facts, view: camera.view.current, openNode, focus, lit, now }),
  );
  const camera = useCamera(ref, layout, redraw);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another version of the run is drawn anew
  useEffect(redraw, [version, redraw]);

  const failedPath = useCallback(() => {
    const bad = layout.nodes.filter((node) => facts.worst(node) === "failed");
    const first = bad.find((node) => node.members.length === 1) ?? bad[0];
    if (!first) return camera.fit();
    setFocus(first.id);
    camera.show(first.id, 0.8);
  }, [layout, facts, camera]);

  const first = useRef("");
  useEffect(() => {
    const key = `${model.data.process?.id}|${rows}`;
    if (first.current === key) return;
    first.current = key;
    camera.fit();
    if (camera.view.current.scale < READABLE) failedPath();
  }, [model, rows, camera, failedPath]);

  const toggle = (node: GraphNode): void => {
    const place = node.members[0]!;
    const key = groupKey(model.data.tasks[place]!, groups.level[place]!, node.row);
    const next = new Set(expanded);
    if (!next.delete(key)) next.add(key);
    setExpanded(next);
  };
  const hit = (event: React.MouseEvent): { node: GraphNode; member: number | null } | null => {
    const box = ref.current!.getBoundingClientRect();
    const v = camera.view.current;
    return nodeAt(layout.nodes, (event.clientX - box.left - v.x) / v.scale, (event.clientY - box.top - v.y) / v.scale);
  };
  const openPlace = (place: number): void => onOpen(model.data.tasks[place]?.id);
  const enter = (node: GraphNode | undefined): void => {
    if (!node) return;
    const bad = node.members.find((place) => model.kind(place) === facts.worst(node));
    openPlace(bad ?? node.members[0]!);
  };
  const keys: Record<string, () => void> = {
    Enter: () => enter(layout.nodes[focus >= 0 ? focus : openNode]),
    e: () => focus >= 0 && toggle(layout.nodes[focus]!),
    f: failedPath,
    "+": () => camera.zoom(1.25),
    "=": () => camera.zoom(1.25),
    "-": () => camera.zoom(0.8),
    "0": camera.fit,
  };
  const press = (event: React.KeyboardEvent): void => {
    if (event.key.startsWith("Arrow")) {
      const next = neighbour(layout, focus >= 0 ? focus : openNode, event.key);
      setFocus(next);
      camera.show(next);
    } else if (keys[event.key] && !event.metaKey && !event.ctrlKey) keys[event.key]!();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const drag = useRef<{ x: number; y: number } | null>(null);
  const focused = layout.nodes[focus];
  return (
    <div className="relative min-h-0 min-w-0 flex-1 bg-bg">
      <div className="absolute top-3 left-4 z-10 flex gap-2">
        <button type="button" className="btn small" onClick={failedPath}>
          <Route size={14} /> <span className="max-sm:sr-only">Failed path first</span>
        </button>
        <label className="btn small">
          <span className="max-sm:hidden">Rows</span>
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
        <button
          type="button"
          className={`btn small ${alone ? "on" : ""}`}
          aria-pressed={alone}
          title="Show only what the chosen task needs and what needs it"
          onClick={() => setAlone(!alone)}
        >
          <Focus size={14} /> <span className="max-sm:sr-only">Focus</span>
        </button>
        {focused && (focused.members.length > 1 || expanded.size > 0) && focused.parent === undefined && (
          <button type="button" className="btn small max-sm:hidden" onClick={() => toggle(focused)}>
            {focused.members.length > 1 ? "Expand" : "Fold"} {focused.label}
          </button>
        )}
      </div>
      <div className="absolute top-3 right-4 z-10 flex gap-1">
        <button type="button" className="btn small !px-[6px]" aria-label="Zoom out" onClick={() => camera.zoom(0.8)}>
          <Minus size={14} />
        </button>
        <button type="button" className="btn small plain" onClick={camera.fit}>
          Fit
        </button>
        <button type="button" className="btn small !px-[6px]" aria-label="Zoom in" onClick={() => camera.zoom(1.25)}>
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
          drag.current = { x: event.clientX, y: event.clientY };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          const from = drag.current;
          if (!from) return;
          const [x, y] = [event.clientX - from.x, event.clientY - from.y];
          if (!camera.moving.current && Math.abs(x) + Math.abs(y) <= 3) return;
          camera.moving.current = true;
          drag.current = { x: event.clientX, y: event.clientY };
          camera.pan(x, y);
        }}
        onPointerUp={(event) => {
          drag.current = null;
          if (camera.moving.current) {
            camera.moving.current = false;
            return;
          }
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
      <Twin facts={facts} tick={now} onOpen={onOpen} />
    </div>
  );
}

/** The node at a place of the graph, and of a fan-out the member whose cell is there. */
function nodeAt(nodes: readonly GraphNode[], x: number, y: number): { node: GraphNode; member: number | null } | null {
  const node = nodes.find((one) => x >= one.x && x <= one.x + one.width && y >= one.y && y <= one.y + one.height);
  if (!node) return null;
  if (node.members.length === 1) return { node, member: node.members[0]! };
  const [cx, cy] = [Math.floor((x - node.x - 18) / CELL), Math.floor((y - node.y - 46) / CELL)];
  const index = cy * PER_ROW + cx;
  const inside = node.members.length <= CELLS && cx >= 0 && cx < PER_ROW && cy >= 0 && index < node.members.length;
  return { node, member: inside ? node.members[index]! : null };
}
