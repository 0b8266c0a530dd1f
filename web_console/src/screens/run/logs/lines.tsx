import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { spans } from "../../../core/ansi";
import type { Line } from "../../../core/logpages";
import { count } from "../../../core/time";

export const ROW = 19;

const STYLES: Record<string, string> = {
  bold: "font-bold",
  dim: "opacity-60",
  italic: "italic",
  underline: "underline",
};
const COLORS = ["ink-3", "failed", "completed", "retry-wait", "executing", "paused", "accent", "ink-2"];

/** A line as a terminal would show it. */
function Text({ text, search }: { text: string; search: string }) {
  return spans(text).map((span, index) => {
    const names = span.style.split(" ");
    const color = names.find((name) => name.startsWith("fg-"));
    return (
      <span
        key={index}
        className={names.map((name) => STYLES[name] ?? "").join(" ")}
        style={color ? { color: `var(--${COLORS[Number(color.slice(3)) % 8]})` } : undefined}
      >
        <Marked text={span.text} search={search} />
      </span>
    );
  });
}

function Marked({ text, search }: { text: string; search: string }) {
  const at = search ? text.toLowerCase().indexOf(search.toLowerCase()) : -1;
  if (at < 0) return text;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + search.length)}</mark>
      <Marked text={text.slice(at + search.length)} search={search} />
    </>
  );
}

interface LinesProps {
  lines: readonly Line[];
  name: string;
  wrap: boolean;
  search: string;
  /** The byte of the line that the address names. */
  chosen: number | undefined;
  onLine: (at: number) => void;
  onScroll?: (element: HTMLElement) => void;
  virtual: Virtualizer<HTMLDivElement, Element>;
  scroller: React.RefObject<HTMLDivElement | null>;
  before?: React.ReactNode;
  after?: React.ReactNode;
}

/** The lines that can be seen, each with the byte at which it begins: what a link to it names. */
export function Lines(props: LinesProps) {
  const { lines, name, wrap, search, chosen, onLine, onScroll, virtual, scroller, before, after } = props;
  return (
    <div
      ref={scroller}
      className="scroll min-h-0 flex-1 bg-code"
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label={name}
      data-testid="log"
      onScroll={(event) => onScroll?.(event.currentTarget)}
    >
      {before}
      <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {virtual.getVirtualItems().map((item) => {
          const row = lines[item.index]!;
          return (
            <div
              key={row.at}
              ref={wrap ? virtual.measureElement : undefined}
              data-index={item.index}
              className={`absolute inset-x-0 flex font-mono text-[12px] leading-[19px] ${row.at === chosen ? "bg-selected" : ""}`}
              style={{ transform: `translateY(${item.start}px)`, minHeight: ROW }}
            >
              <button
                type="button"
                tabIndex={-1}
                aria-label={`${count(row.at)}: link to the line at this byte`}
                className="num w-[92px] shrink-0 select-none pr-4 text-right text-[11px] text-ink-3"
                onClick={() => onLine(row.at)}
              >
                {count(row.at)}
              </button>
              <span className={wrap ? "whitespace-pre-wrap break-all pr-4" : "whitespace-pre pr-4"}>
                <Text text={row.text} search={search} />
              </span>
            </div>
          );
        })}
      </div>
      {after}
    </div>
  );
}

/** The window on the lines and what scrolls it. */
export function useLines(length: number): Pick<LinesProps, "virtual" | "scroller"> {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 30,
  });
  return { virtual, scroller };
}
