import { Maximize, Minus, Plus } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type Definition, moved, type Point, without, withoutEdge } from "../../core/composer/definition";
import type { Mark } from "../../core/composer/differing";
import { anchor, curve, type Line, placed } from "../../core/composer/placing";
import { type Begin, connected, type End, type Ports, refusal } from "../../core/composer/wiring";
import { CardView } from "./card";

interface Props {
  definition: Definition;
  ports: ReadonlyMap<string, Ports>;
  faulty: ReadonlySet<string>;
  marks?: ReadonlyMap<string, Mark>;
  chosen: string | undefined;
  onChoose: (name: string | undefined) => void;
  /** Absent: it is only looked at. */
  onChange?: (next: Definition, kind?: string) => void;
  onDrop?: (key: string, at: Point) => void;
}

interface View {
  x: number;
  y: number;
  scale: number;
}

const LEAST = 0.15;
const MOST = 1.6;
export const DRAGGED = "application/x-howdah-step";

/** The steps of a workflow and the lines between their ports, to be drawn with the pointer or by keys. */
export function Canvas({ definition, ports, faulty, marks, chosen, onChoose, onChange, onDrop }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const [begin, setBegin] = useState<Begin | null>(null);
  const [pointer, setPointer] = useState<Point | null>(null);
  const [over, setOver] = useState<End | null>(null);
  const [refused, setRefused] = useState("");
  const layout = useMemo(() => placed(definition, ports), [definition, ports]);
  const drawing = { definition, ports };
  const why = begin && over ? refusal(drawing, begin, over) : null;

  const showAll = useCallback(() => {
    const { clientWidth: width, clientHeight: height } = box.current ?? { clientWidth: 0, clientHeight: 0 };
    if (!width) return;
    const scale = Math.min(1, (width - 48) / (layout.width + 24), (height - 72) / (layout.height + 24));
    setView({ x: 0, y: 12, scale: Math.max(LEAST, scale) });
  }, [layout]);
  const fitted = useRef(false);
  useEffect(() => {
    if (fitted.current || !layout.cards.size) return;
    fitted.current = true;
    showAll();
  }, [showAll, layout]);
  const zoom = useCallback((factor: number, x?: number, y?: number) => {
    setView((before) => {
      const scale = Math.min(MOST, Math.max(LEAST, before.scale * factor));
      const [px, py] = [x ?? (box.current?.clientWidth ?? 0) / 2, y ?? (box.current?.clientHeight ?? 0) / 2];
      const by = scale / before.scale;
      return { scale, x: px - (px - before.x) * by, y: py - (py - before.y) * by };
    });
  }, []);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey)
        zoom(Math.exp(-event.deltaY / 300), event.clientX - left, event.clientY - top);
      else setView((before) => ({ ...before, x: before.x - event.deltaX, y: before.y - event.deltaY }));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [zoom]);

  const inside = (event: { clientX: number; clientY: number }): Point => {
    const { left, top } = box.current!.getBoundingClientRect();
    return { x: (event.clientX - left - view.x) / view.scale, y: (event.clientY - top - view.y) / view.scale };
  };
  const stop = (): void => {
    setBegin(null);
    setPointer(null);
    setOver(null);
  };
  const end = (at: End): void => {
    if (!begin || !onChange) return;
    const reason = refusal(drawing, begin, at);
    setRefused(reason ?? "");
    if (reason === null) onChange(connected(drawing, begin, at));
    stop();
  };
  const pan = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  const press = (event: React.KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    const keys: Record<string, () => void> = {
      Escape: () => (begin ? stop() : onChoose(undefined)),
      "+": () => zoom(1.25),
      "=": () => zoom(1.25),
      "-": () => zoom(0.8),
      "0": showAll,
      Delete: () => chosen && onChange?.(without(definition, chosen)),
      Backspace: () => chosen && onChange?.(without(definition, chosen)),
    };
    if (event.key.startsWith("Arrow") && event.altKey && chosen && onChange) {
      const card = layout.cards.get(chosen);
      const by = { ArrowLeft: [-16, 0], ArrowRight: [16, 0], ArrowUp: [0, -16], ArrowDown: [0, 16] }[event.key];
      if (card && by) onChange(moved(definition, chosen, { x: card.x + by[0]!, y: card.y + by[1]! }), `move ${chosen}`);
    } else if (keys[event.key] && !event.metaKey && !event.ctrlKey && !target.closest("input,textarea,select"))
      keys[event.key]!();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const from = begin && layout.cards.get(begin.node);
  const start = from && begin ? anchor(from, "out", begin.kind === "order" ? `@${begin.port}` : begin.port) : null;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the cards within are the controls; here one pans
    <div
      ref={box}
      data-testid="composer"
      className="relative min-h-0 min-w-0 flex-1 touch-none overflow-hidden bg-bg"
      onKeyDown={press}
      onPointerDown={(event) => {
        if (event.target !== event.currentTarget && !(event.target as Element).closest("svg")) return;
        pan.current = { x: event.clientX, y: event.clientY, moved: false };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (begin) {
          setPointer(inside(event));
          setOver(endAt(event));
        }
        const last = pan.current;
        if (!last) return;
        const [x, y] = [event.clientX - last.x, event.clientY - last.y];
        if (!last.moved && Math.abs(x) + Math.abs(y) < 4) return;
        pan.current = { x: event.clientX, y: event.clientY, moved: true };
        setView((before) => ({ ...before, x: before.x + x, y: before.y + y }));
      }}
      onPointerUp={(event) => {
        const at = begin && pointer ? endAt(event) : null;
        if (at) end(at);
        else if (begin && pointer && !portAt(event)) stop();
        if (pan.current && !pan.current.moved) {
          stop();
          onChoose(undefined);
        }
        pan.current = null;
      }}
      onDragOver={(event) => onDrop && event.dataTransfer.types.includes(DRAGGED) && event.preventDefault()}
      onDrop={(event) => onDrop?.(event.dataTransfer.getData(DRAGGED), inside(event))}
    >
      <div
        className="pointer-events-none absolute top-0 left-0 origin-top-left"
        style={{ transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})` }}
      >
        <svg
          aria-hidden="true"
          className="absolute top-0 left-0 overflow-visible"
          width={layout.width}
          height={layout.height}
        >
          {layout.lines.map((line) => (
            <Wire
              key={`${line.kind}-${line.from}-${line.port}-${line.to}-${line.input ?? ""}`}
              line={line}
              lit={chosen === line.from || chosen === line.to}
              onCut={
                onChange && line.kind === "order"
                  ? () => onChange(withoutEdge(definition, line.from, line.port, line.to))
                  : undefined
              }
            />
          ))}
          {start && pointer && (
            <path
              d={curve(start, pointer)}
              fill="none"
              stroke={why ? "var(--failed)" : over ? "var(--completed)" : "var(--accent)"}
              strokeWidth="2"
              strokeDasharray={begin?.kind === "data" ? "5 4" : undefined}
            />
          )}
        </svg>
        {[...layout.cards.values()].map((card) => (
          <CardView
            key={card.name}
            card={card}
            node={definition.nodes[card.name]!}
            ports={ports.get(card.name)}
            scale={view.scale}
            faulty={faulty.has(card.name)}
            mark={marks?.get(card.name)}
            chosen={chosen === card.name}
            begin={begin}
            allows={(at) => begin !== null && refusal(drawing, begin, at) === null}
            onChoose={() => onChoose(card.name)}
            onBegin={onChange ? (at) => (setRefused(""), setBegin(at)) : undefined}
            onEnd={end}
            onMove={onChange ? (to) => onChange(moved(definition, card.name, to), `move ${card.name}`) : undefined}
          />
        ))}
      </div>
      <p className="floats absolute bottom-3 left-4 m-0 px-3 py-1 empty:hidden" role="status">
        {!begin && refused}
        {begin &&
          (why ??
            (over
              ? `${begin.node}.${begin.port} to ${over.node}${over.input ? `.${over.input}` : ""}`
              : `${begin.node}.${begin.port} leads to … (${begin.kind === "order" ? "a step" : "an input"}; Esc to leave it)`))}
      </p>
      <div className="absolute top-3 right-4 flex gap-1">
        <button type="button" className="btn small !px-[6px]" aria-label="Zoom out" onClick={() => zoom(0.8)}>
          <Minus size={14} />
        </button>
        <button type="button" className="btn small !px-[6px]" aria-label="Show all of it" onClick={showAll}>
          <Maximize size={14} />
        </button>
        <button type="button" className="btn small !px-[6px]" aria-label="Zoom in" onClick={() => zoom(1.25)}>
          <Plus size={14} />
        </button>
      </div>
    </div>
  );
}

function portAt(event: { clientX: number; clientY: number }): Element | null {
  return document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-out]") ?? null;
}

/** The step or input beneath the pointer, where a line may end. */
function endAt(event: { clientX: number; clientY: number }): End | null {
  const element = document.elementFromPoint(event.clientX, event.clientY);
  const node = element?.closest<HTMLElement>("[data-step]")?.dataset.step;
  if (!node) return null;
  const input = element?.closest<HTMLElement>("[data-in]")?.dataset.in;
  return input === undefined ? { node } : { node, input };
}

function Wire({ line, lit, onCut }: { line: Line; lit: boolean; onCut?: () => void }) {
  const failure = line.port === "failure";
  return (
    <g>
      <path
        d={line.path}
        fill="none"
        stroke={lit ? "var(--accent)" : failure ? "var(--failed)" : "var(--line-strong)"}
        strokeWidth={lit ? 2 : 1.5}
        strokeDasharray={line.kind === "data" ? "5 4" : undefined}
      />
      <circle cx={line.end.x} cy={line.end.y} r="3" fill={lit ? "var(--accent)" : "var(--line-strong)"} />
      {onCut && (
        // biome-ignore lint/a11y/noStaticElementInteractions: the same is done by keys in the step's panel
        <path
          d={line.path}
          fill="none"
          stroke="transparent"
          strokeWidth="12"
          className="pointer-events-auto cursor-pointer"
          onDoubleClick={onCut}
        >
          <title>Double-click cuts it</title>
        </path>
      )}
    </g>
  );
}
