import { Boxes, GitFork, Hand, type LucideIcon, SquareTerminal, Workflow } from "lucide-react";
import { useRef } from "react";
import { type Kind, kindOf, type Node, type Point, runs } from "../../core/composer/definition";
import type { Mark } from "../../core/composer/differing";
import { CARD, type Card } from "../../core/composer/placing";
import type { Begin, End, Ports } from "../../core/composer/wiring";

export const ICONS: Record<Kind, LucideIcon> = {
  task: SquareTerminal,
  application: Boxes,
  workflow: Workflow,
  choice: GitFork,
  approval: Hand,
};

interface Props {
  card: Card;
  node: Node;
  ports: Ports | undefined;
  scale: number;
  faulty: boolean;
  mark: Mark | undefined;
  chosen: boolean;
  /** A line is being drawn from here. */
  begin: Begin | null;
  allows: (end: End) => boolean;
  onChoose: () => void;
  onBegin?: (begin: Begin) => void;
  onEnd: (end: End) => void;
  onMove?: (to: Point) => void;
}

const MARKS: Record<Mark, string> = {
  added: "var(--completed)",
  changed: "var(--retry-wait)",
  removed: "var(--failed)",
};

/** A step: what it runs, its inputs at the left, the ports by which it is left and its outputs at the right. */
export function CardView(props: Props) {
  const { card, node, ports, faulty, mark, chosen, begin, allows } = props;
  const Icon = ICONS[kindOf(node)];
  const drag = useRef<{ x: number; y: number; at: Point } | null>(null);
  const drawing = begin !== null;
  const open = drawing && begin.kind === "order" && allows({ node: card.name });
  const type = (name: string, list: "inputs" | "outputs"): string =>
    ports?.[list].find((one) => one.name === name)?.type ?? "any";
  const edge = faulty ? "var(--failed)" : mark ? MARKS[mark] : chosen ? "var(--accent)" : "var(--node-edge)";
  return (
    <div
      data-step={card.name}
      className="pointer-events-auto absolute rounded bg-surface"
      style={{
        left: card.x,
        top: card.y,
        width: card.width,
        height: card.height,
        opacity: drawing && begin.kind === "order" && !open && begin.node !== card.name ? 0.55 : 1,
        boxShadow: `inset 0 0 0 ${chosen || faulty || mark ? 1.5 : 1}px ${edge}`,
        outline: chosen ? "2px solid var(--accent)" : open ? "2px dashed var(--completed)" : undefined,
        outlineOffset: 2,
      }}
    >
      <button
        type="button"
        aria-label={`${card.name}, ${runs(node)}${faulty ? ", has problems" : ""}`}
        aria-pressed={chosen}
        className="flex w-full touch-none items-center gap-2 px-3 text-left"
        style={{ height: CARD.head }}
        onClick={() => (drawing ? props.onEnd({ node: card.name }) : props.onChoose())}
        onPointerDown={(event) => {
          if (drawing || !props.onMove || event.button !== 0) return;
          drag.current = { x: event.clientX, y: event.clientY, at: { x: card.x, y: card.y } };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          const from = drag.current;
          if (!from) return;
          const [x, y] = [(event.clientX - from.x) / props.scale, (event.clientY - from.y) / props.scale];
          if (Math.abs(x) + Math.abs(y) > 3) props.onMove?.({ x: from.at.x + x, y: from.at.y + y });
        }}
        onPointerUp={() => {
          drag.current = null;
        }}
      >
        <Icon size={15} className="shrink-0 text-ink-3" />
        <span className="min-w-0 flex-1 leading-4">
          <span className="name clip block">{card.name}</span>
          <span className="clip block text-[11px] text-ink-2">
            {runs(node)}
            {node.for_each ? " · for each" : ""}
            {node.when ? " · when" : ""}
          </span>
        </span>
        {mark && <span className="text-[11px] text-ink-2">{mark}</span>}
      </button>
      {card.inputs.map((input, at) => {
        const allowed = drawing && begin.kind === "data" && allows({ node: card.name, input });
        return (
          <button
            key={input}
            type="button"
            data-in={input}
            aria-label={`Input ${input} of ${card.name}, ${type(input, "inputs")}`}
            title={`${input}: ${type(input, "inputs")}`}
            disabled={drawing && !allowed}
            className="absolute left-0 flex items-center gap-[6px] pr-1 text-[11px] leading-5 disabled:opacity-40"
            style={{ top: CARD.head + at * CARD.row, height: CARD.row, maxWidth: card.width / 2 }}
            onClick={() => (drawing ? props.onEnd({ node: card.name, input }) : props.onChoose())}
          >
            <Dot filled={node.inputs?.[input] !== undefined} lit={allowed} side="left" />
            <span className="clip text-ink-2">{input}</span>
          </button>
        );
      })}
      {[
        ...card.outPorts.map((port) => ({ kind: "order" as const, port })),
        ...card.outputs.map((port) => ({ kind: "data" as const, port })),
      ].map(({ kind, port }, at) => (
        <button
          key={`${kind}-${port}`}
          type="button"
          data-out={port}
          aria-label={
            kind === "order"
              ? `Out-port ${port} of ${card.name}`
              : `Output ${port} of ${card.name}, ${type(port, "outputs")}`
          }
          title={kind === "order" ? `when it leaves by ${port}` : `${port}: ${type(port, "outputs")}`}
          disabled={!props.onBegin}
          className="absolute right-0 flex touch-none items-center gap-[6px] pl-1 text-[11px] leading-5"
          style={{ top: CARD.head + at * CARD.row, height: CARD.row, maxWidth: card.width / 2 }}
          onPointerDown={(event) => {
            // The line follows the pointer over other elements: nothing may capture it.
            event.currentTarget.releasePointerCapture(event.pointerId);
            props.onBegin?.({ kind, node: card.name, port });
          }}
          onClick={() => props.onBegin?.({ kind, node: card.name, port })}
        >
          <span className={`clip ${kind === "order" ? (port === "failure" ? "text-failed" : "") : "text-ink-2"}`}>
            {port}
          </span>
          <Dot filled={kind === "order"} lit={begin?.node === card.name && begin.port === port} side="right" />
        </button>
      ))}
      {card.hidden > 0 && (
        <span className="absolute bottom-[2px] left-3 text-[11px] text-ink-3">{card.hidden} more inputs</span>
      )}
    </div>
  );
}

function Dot({ filled, lit, side }: { filled: boolean; lit: boolean; side: "left" | "right" }) {
  const color = lit ? "var(--completed)" : "var(--line-strong)";
  return (
    <span
      aria-hidden="true"
      className={`size-[9px] shrink-0 rounded-full ${side === "left" ? "-ml-[4px]" : "-mr-[4px]"}`}
      style={{ background: filled || lit ? color : "var(--surface)", boxShadow: `inset 0 0 0 1.5px ${color}` }}
    />
  );
}
