import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine, Download, WrapText } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, call, type ExperimentInFull } from "../../api/client";
import { foldReturns, spans } from "../../core/ansi";
import { BLOCK, type Line, LogPages } from "../../core/logpages";
import type { RunModel } from "../../core/run";
import { bytes, clock, count } from "../../core/time";
import { Failure } from "../../ui/parts";
import { usePrefs } from "../../ui/prefs";
import { outputUrl } from "./files";

interface Props {
  one: ExperimentInFull;
  model: RunModel | null;
  file: string | undefined;
  line: number | undefined;
  onFile: (file: string) => void;
  onLine: (line: number) => void;
}

/** What the application printed, and what the platform's handlers wrote; files of any size, by byte ranges. */
export function Logs({ one, model, file, line, onFile, onLine }: Props) {
  const outputs = useQuery({
    queryKey: ["outputs", one.id, one.last_seq],
    queryFn: () =>
      call(api.GET("/api/v1/experiments/{experiment_id}/outputs", { params: { path: { experiment_id: one.id } } })),
    placeholderData: (before) => before,
  });
  const texts = (outputs.data?.items ?? []).filter(
    (item) => item.type !== "file" || item.content_type.startsWith("text/"),
  );
  const chosen = file ?? texts.find((item) => item.present)?.name ?? "platform";
  const item = texts.find((one) => one.name === chosen);
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <div role="tablist" aria-label="Logs" className="flex flex-wrap gap-2 border-line border-b px-6 py-2 max-sm:px-4">
        {texts.map((text) => (
          <button
            key={text.name}
            type="button"
            role="tab"
            aria-selected={chosen === text.name}
            className={`btn small ${chosen === text.name ? "on" : ""}`}
            onClick={() => onFile(text.name)}
          >
            {text.name} <span className="meta num">{text.present ? bytes(text.size_bytes) : ""}</span>
          </button>
        ))}
        <button
          type="button"
          role="tab"
          aria-selected={chosen === "platform"}
          className={`btn small ${chosen === "platform" ? "on" : ""}`}
          onClick={() => onFile("platform")}
        >
          platform
        </button>
      </div>
      {chosen === "platform" ? (
        <Platform model={model} />
      ) : item?.present && item.size_bytes !== null ? (
        <FileLog
          key={`${item.name}-${item.sha256}`}
          url={outputUrl(one.id, item.name)}
          name={item.file_name ?? item.name}
          size={item.size_bytes}
          line={line}
          onLine={onLine}
        />
      ) : (
        <p className="m-0 p-6 text-ink-2">
          {item?.reason ?? (outputs.isPending ? "…" : "Not brought back yet: it is read here once the job has ended.")}
        </p>
      )}
    </div>
  );
}

const STYLES: Record<string, string> = {
  bold: "font-bold",
  dim: "opacity-60",
  italic: "italic",
  underline: "underline",
};
const COLORS = ["ink-3", "failed", "completed", "retry-wait", "executing", "paused", "accent", "ink-2"];

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

const ROW = 19;
/** How many blocks a search reads before it asks to go on. */
const SEARCHED = 400;

function FileLog({
  url,
  name,
  size,
  line,
  onLine,
}: {
  url: string;
  name: string;
  size: number;
  line: number | undefined;
  onLine: (line: number) => void;
}) {
  const pages = useMemo(
    () =>
      new LogPages(size, async (from, to) => {
        if (to <= from) return new Uint8Array();
        const response = await fetch(url, { headers: { Range: `bytes=${from}-${to - 1}` } });
        if (!response.ok) throw new Error(`The server answered ${response.status}.`);
        return new Uint8Array(await response.arrayBuffer());
      }),
    [url, size],
  );
  const [window, setWindow] = useState<{ block: number; lines: Line[] } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [wrap, setWrap] = useState(false);
  const [search, setSearch] = useState("");
  const [said, setSaid] = useState("");
  const scroller = useRef<HTMLDivElement>(null);
  const lines = window?.lines ?? [];
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 30,
  });
  const open = useCallback(
    async (block: number, at?: number): Promise<void> => {
      const chosen = Math.max(0, Math.min(pages.blocks - 1, block));
      try {
        const [here, next] = await Promise.all([
          pages.lines(chosen),
          chosen + 1 < pages.blocks ? pages.lines(chosen + 1) : Promise.resolve([]),
        ]);
        const all = [...here, ...next];
        setWindow({ block: chosen, lines: all });
        setError(null);
        const index = at === undefined ? 0 : all.findIndex((one) => one.at >= at);
        requestAnimationFrame(() =>
          virtual.scrollToIndex(Math.max(0, index), { align: at === undefined ? "start" : "center" }),
        );
      } catch (failure) {
        setError(failure);
      }
    },
    [pages, virtual],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: opened once, where the link says
  useEffect(() => void open(Math.floor((line ?? 0) / BLOCK), line), [pages]);
  const find = async (): Promise<void> => {
    if (!search || !window) return;
    const words = search.toLowerCase();
    const from = line ?? -1;
    for (let step = 0; step < Math.min(SEARCHED, pages.blocks); step += 1) {
      const block = (window.block + step) % pages.blocks;
      setSaid(`Searching at ${bytes(block * BLOCK)}`);
      const hit = (await pages.lines(block)).find(
        (one) => one.text.toLowerCase().includes(words) && (step > 0 || one.at > from),
      );
      if (hit) {
        setSaid("");
        onLine(hit.at);
        return open(Math.floor(hit.at / BLOCK), hit.at);
      }
    }
    setSaid("Not found");
  };
  return (
    <>
      <div className="flex flex-wrap items-center gap-2 border-line border-b px-6 py-2 max-sm:px-4">
        <form
          className="flex items-center gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            void find();
          }}
        >
          <input
            data-filter
            aria-label="Search the log"
            className="field !h-[26px] w-[220px]"
            placeholder="Search, Enter for the next"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
          <span className="meta">{said}</span>
        </form>
        <span className="flex-1" />
        {pages.blocks > 2 && (
          <input
            type="range"
            aria-label="Where in the file"
            className="w-[160px] accent-accent"
            min={0}
            max={pages.blocks - 1}
            value={window?.block ?? 0}
            onChange={(event) => void open(Number(event.target.value))}
          />
        )}
        <button
          type="button"
          className={`btn small ${wrap ? "on" : ""}`}
          aria-pressed={wrap}
          onClick={() => setWrap(!wrap)}
        >
          <WrapText size={13} /> Wrap
        </button>
        <button type="button" className="btn small" onClick={() => void open(pages.blocks - 1, size)}>
          <ArrowDownToLine size={13} /> End
        </button>
        <a className="btn small" href={url} download={name}>
          <Download size={13} /> {bytes(size)}
        </a>
      </div>
      {error !== null && <Failure error={error} retry={() => void open(window?.block ?? 0)} />}
      <div
        ref={scroller}
        className="scroll min-h-0 flex-1 bg-code"
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={name}
        data-testid="log"
      >
        {window && window.block > 0 && (
          <button
            type="button"
            className="link block px-6 py-1"
            onClick={() => void open(window.block - 1, window.lines[0]?.at)}
          >
            Earlier lines
          </button>
        )}
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const row = lines[item.index]!;
            return (
              <div
                key={row.at}
                ref={wrap ? virtual.measureElement : undefined}
                data-index={item.index}
                className={`absolute inset-x-0 flex font-mono text-[12px] leading-[19px] ${row.at === line ? "bg-selected" : ""}`}
                style={{ transform: `translateY(${item.start}px)`, minHeight: ROW }}
              >
                <button
                  type="button"
                  tabIndex={-1}
                  aria-label={`Link to byte ${row.at}`}
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
        {window && window.block + 2 < pages.blocks && (
          <button
            type="button"
            className="link block px-6 py-1"
            onClick={() => void open(window.block + 1, lines.at(-1)?.at)}
          >
            Later lines
          </button>
        )}
        {window && lines.length === 0 && <p className="m-0 p-6 font-sans text-ink-2">It is empty.</p>}
      </div>
    </>
  );
}

const MOST_TASKS = 40;

/** What the platform's handlers wrote about each task. */
function Platform({ model }: { model: RunModel | null }) {
  const { zone } = usePrefs();
  const tasks = useMemo(
    () => (model?.data.tasks ?? []).filter((task) => task.attempt > 0).slice(0, MOST_TASKS),
    [model],
  );
  const logs = useQuery({
    queryKey: ["platform-log", model?.data.process?.id, model?.seq, tasks.length],
    enabled: tasks.length > 0,
    placeholderData: (before) => before,
    queryFn: async () => {
      const found = await Promise.all(
        tasks.map(async (task) => {
          const page = await call(
            api.GET("/api/v1/tasks/{task_id}/logs", { params: { path: { task_id: task.id }, query: { limit: 200 } } }),
          );
          return page.items.flatMap((one) =>
            one.lines.map((line) => ({ at: line.at, task: task.name, text: foldReturns(line.text) })),
          );
        }),
      );
      return found.flat().sort((a, b) => a.at.localeCompare(b.at));
    },
  });
  if (logs.error) return <Failure error={logs.error} retry={() => void logs.refetch()} />;
  const lines = logs.data ?? [];
  if (!lines.length)
    return (
      <p className="m-0 p-6 text-ink-2">
        {logs.isPending && tasks.length
          ? "…"
          : "The platform's handlers wrote nothing about this run. Each step is in Events."}
      </p>
    );
  return (
    <div className="scroll min-h-0 flex-1 bg-code py-2 font-mono text-[12px] leading-[19px]">
      {(model?.data.tasks.length ?? 0) > MOST_TASKS && (
        <p className="m-0 px-6 pb-2 font-sans text-ink-2">
          The first {MOST_TASKS} tasks; each task's drawer has its own lines.
        </p>
      )}
      {lines.map((line, index) => (
        <div key={index} className="flex gap-4 px-6 max-sm:px-4">
          <span className="num shrink-0 text-ink-3">{clock(Date.parse(line.at), zone)}</span>
          <span className="w-[150px] shrink-0 truncate text-ink-2">{line.task}</span>
          <span className="whitespace-pre-wrap">{line.text}</span>
        </div>
      ))}
    </div>
  );
}
