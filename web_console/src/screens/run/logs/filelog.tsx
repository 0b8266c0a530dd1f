import { ArrowDownToLine, Download, WrapText } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { BLOCK, type Line, LogPages } from "../../../core/logpages";
import { bytes } from "../../../core/time";
import { Failure } from "../../../ui/parts";
import { Lines, useLines } from "./lines";

interface Props {
  url: string;
  name: string;
  size: number;
  line: number | undefined;
  onLine: (line: number) => void;
}

async function range(url: string, from: number, to: number): Promise<Uint8Array> {
  if (to <= from) return new Uint8Array();
  const response = await fetch(url, { headers: { Range: `bytes=${from}-${to - 1}` } });
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A file of any size that is complete: a window of two blocks, read by byte ranges. */
export function FileLog({ url, name, size, line, onLine }: Props) {
  const pages = useMemo(() => new LogPages(size, (from, to) => range(url, from, to)), [url, size]);
  const [window, setWindow] = useState<{ block: number; lines: Line[] } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [wrap, setWrap] = useState(false);
  const [search, setSearch] = useState("");
  const [said, setSaid] = useState("");
  const lines = window?.lines ?? [];
  const { virtual, scroller } = useLines(lines.length);
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
          virtual.scrollToIndex(index < 0 ? all.length - 1 : index, { align: at === undefined ? "start" : "center" }),
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
    const from = line !== undefined ? line + 1 : window.block * BLOCK;
    try {
      const hit = await pages.find(search, from, (at) => setSaid(`Searching at ${bytes(at)}`));
      setSaid(hit === null ? "Not found" : "");
      if (hit === null) return;
      onLine(hit);
      await open(Math.floor(hit / BLOCK), hit);
    } catch (failure) {
      setError(failure);
    }
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
      <Lines
        {...{ lines, name, wrap, search, virtual, scroller, onLine }}
        chosen={line}
        before={
          window &&
          window.block > 0 && (
            <button
              type="button"
              className="link block px-6 py-1"
              onClick={() => void open(window.block - 1, window.lines[0]?.at)}
            >
              Earlier lines
            </button>
          )
        }
        after={
          <>
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
          </>
        }
      />
    </>
  );
}
