import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { usePrefs } from "./prefs";

export interface Column<T> {
  key: string;
  header: ReactNode;
  /** A track of the grid: `96px`, `minmax(180px, 2fr)`. */
  track: string;
  cell: (row: T) => ReactNode;
  align?: "right";
  /** The least width of the table at which it is shown: the lowest ranked go first. */
  from?: number;
}

interface TableProps<T> {
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  rowKey: (row: T) => string;
  rowHeight?: number;
  /** The true number of rows, of which only some are read. */
  total?: number;
  onEnd?: () => void;
  onOpen?: (row: T) => void;
  onPeek?: (row: T) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (row: T, range: boolean) => void;
  openKey?: string | null;
  needsYou?: (row: T) => boolean;
  /** Stands in the header's place while something is selected. */
  actionBar?: ReactNode;
  empty?: ReactNode;
  loading?: boolean;
  card?: (row: T) => ReactNode;
  cardHeight?: number;
}

const CARDS_BELOW = 620;

/** A virtual table: only what can be seen is in the document. Rows keep their places while cells change. */
export function Table<T>(props: TableProps<T>) {
  const { rows, columns, rowKey, rowHeight = 44, onEnd, loading } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(1_200);
  const [active, setActive] = useState(-1);
  const { singleKeys } = usePrefs();
  const asCards = Boolean(props.card) && width < CARDS_BELOW;
  const height = asCards ? (props.cardHeight ?? 112) : rowHeight;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new height is measured anew
  useEffect(() => virtual.measure(), [height, virtual]);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (onEnd && lastShown >= rows.length - 10 && rows.length) onEnd();
  }, [lastShown, rows.length, onEnd]);

  const onKeyDown = useCallback(
    (event: React.KeyboardEvent) => {
      if ((event.target as HTMLElement).closest("input,textarea,select,button,a") && event.key !== "Escape") return;
      const plain = !event.metaKey && !event.ctrlKey && !event.altKey;
      const down = event.key === "ArrowDown" || (singleKeys && plain && event.key === "j");
      const up = event.key === "ArrowUp" || (singleKeys && plain && event.key === "k");
      const row = rows[active];
      if (down || up) {
        const next = Math.min(rows.length - 1, Math.max(0, active + (down ? 1 : -1)));
        setActive(next);
        virtual.scrollToIndex(next);
      } else if (event.key === "Enter" && row) props.onOpen?.(row);
      else if (event.key === " " && row) props.onPeek?.(row);
      else if (event.key.toLowerCase() === "x" && plain && row && props.onSelect) props.onSelect(row, event.shiftKey);
      else return;
      event.preventDefault();
    },
    [active, rows, virtual, singleKeys, props.onOpen, props.onPeek, props.onSelect],
  );

  const shown = columns.filter((column) => !column.from || width >= column.from);
  const template = shown.map((column) => column.track).join(" ");
  const isEmpty = rows.length === 0 && !loading;
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <div
        ref={scroller}
        className={`scroll min-h-0 ${isEmpty ? "" : "flex-1"}`}
        role="grid"
        aria-label={props.label}
        aria-rowcount={props.total ?? rows.length}
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        {!asCards && (props.actionBar ?? <Header columns={shown} template={template} />)}
        {rows.length === 0 && loading && <Waiting height={height} />}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="rowgroup">
          {items.map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            const id = rowKey(row);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys
              <div
                key={id}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                aria-selected={props.selected?.has(id)}
                data-row={id}
                className={rowClass(props, row, id, item.index === active)}
                style={{
                  position: "absolute",
                  top: 0,
                  left: 0,
                  right: 0,
                  height,
                  transform: `translateY(${item.start}px)`,
                  display: "grid",
                  gridTemplateColumns: asCards ? "1fr" : template,
                }}
                onClick={(event) => {
                  if ((event.target as HTMLElement).closest("button,input,a,label")) return;
                  setActive(item.index);
                  props.onOpen?.(row);
                }}
              >
                {asCards ? (
                  <div role="gridcell">{props.card!(row)}</div>
                ) : (
                  shown.map((column) => (
                    <div
                      key={column.key}
                      role="gridcell"
                      className={`min-w-0 ${column.align === "right" ? "text-right" : ""}`}
                    >
                      {column.cell(row)}
                    </div>
                  ))
                )}
              </div>
            );
          })}
        </div>
      </div>
      {isEmpty && <div className="scroll flex-1 px-6 py-10 text-ink-2 max-sm:px-4">{props.empty}</div>}
    </div>
  );
}

function rowClass<T>(props: TableProps<T>, row: T, id: string, active: boolean): string {
  const classes = ["items-center gap-x-4 border-b border-line px-6 max-sm:px-4"];
  const selected = props.selected?.has(id);
  classes.push(selected || props.openKey === id ? "bg-selected" : "hover:bg-hover");
  if (props.needsYou?.(row)) classes.push("shadow-[inset_3px_0_0_var(--failed)]");
  else if (props.openKey === id) classes.push("shadow-[inset_3px_0_0_var(--accent)]");
  if (active) classes.push("outline outline-2 -outline-offset-2 outline-accent");
  if (props.onOpen) classes.push("cursor-default");
  return classes.join(" ");
}

function Header<T>({ columns, template }: { columns: readonly Column<T>[]; template: string }) {
  return (
    <div role="rowgroup" className="sticky top-0 z-10">
      <div
        role="row"
        className="grid h-9 items-center gap-x-4 border-line border-b bg-bg px-6 max-sm:px-4"
        style={{ gridTemplateColumns: template }}
      >
        {columns.map((column) => (
          <div
            key={column.key}
            role="columnheader"
            className={`th clip ${column.align === "right" ? "!text-right" : ""}`}
          >
            {column.header}
          </div>
        ))}
      </div>
    </div>
  );
}

function Waiting({ height }: { height: number }) {
  return (
    <div aria-hidden="true">
      {[60, 42, 55, 38, 50, 46].map((share) => (
        <div key={share} className="flex items-center border-line border-b px-6 max-sm:px-4" style={{ height }}>
          <span className="skeleton h-3" style={{ width: `${share}%` }} />
        </div>
      ))}
    </div>
  );
}

export function Check({
  checked,
  mixed,
  onChange,
  label,
}: {
  checked: boolean;
  mixed?: boolean;
  onChange: (range: boolean) => void;
  label: string;
}) {
  const range = useRef(false);
  return (
    <input
      type="checkbox"
      aria-label={label}
      className="block size-[14px] accent-ink"
      checked={checked}
      ref={(element) => {
        if (element) element.indeterminate = Boolean(mixed);
      }}
      onClick={(event) => {
        range.current = event.shiftKey;
      }}
      onChange={() => onChange(range.current)}
    />
  );
}

interface TwoLinesProps {
  first: ReactNode;
  /** Muted: what explains the first. */
  second: ReactNode;
  look?: "name" | "mono" | "name mono" | "";
  /** The second line is an id, or something else that is not read as words. */
  mono?: boolean;
}

/** A cell that says something and, beneath it, what explains it. */
export function TwoLines({ first, second, look = "", mono }: TwoLinesProps) {
  return (
    <span className="leading-[18px]">
      <span className={`clip block ${look}`}>{first}</span>
      <span className={`second clip block ${mono ? "mono" : ""}`}>{second}</span>
    </span>
  );
}
