import { ArrowDownToLine, Pause } from "lucide-react";
import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { LiveLog as Log } from "../../../core/livelog";
import { bytes, count } from "../../../core/time";
import { Failure } from "../../../ui/parts";
import { Lines, ROW, useLines } from "./lines";

const FIRST_BYTES = 256 * 1024;
const PART_BYTES = 1024 * 1024;
const WAIT_SECONDS = 10;
const AGAIN_MS = 3_000;

interface Props {
  /** Where the job's stream is read. */
  url: string;
  name: string;
  line: number | undefined;
  onLine: (line: number) => void;
  /** All of it is there: it is read as a file from now on. */
  onComplete: (size: number) => void;
}

/** What a job prints while it runs: followed until one scrolls up, then counted. */
export function LiveLog({ url, name, line, onLine, onComplete }: Props) {
  const log = useRef(new Log());
  const [, redraw] = useReducer((number: number) => number + 1, 0);
  const [follow, setFollow] = useState(true);
  const [paused, setPaused] = useState(0);
  const [search, setSearch] = useState("");
  const [error, setError] = useState<unknown>(null);
  const size = useRef(0);
  const told = useRef(onComplete);
  told.current = onComplete;
  useEffect(() => {
    const stop = new AbortController();
    const reading = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        try {
          const { complete } = await read(url, log.current, stop.signal, (known) => {
            size.current = known;
          });
          setError(null);
          redraw();
          if (complete) {
            told.current(size.current);
            return;
          }
        } catch (failure) {
          if (stop.signal.aborted) return;
          setError(failure);
          await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        }
      }
    };
    void reading();
    return () => stop.abort();
  }, [url]);
  const { lines: ended, open } = log.current;
  const lines = open ? [...ended, open] : ended;
  const { virtual, scroller } = useLines(lines.length);
  const last = lines.at(-1)?.at ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new line is what one follows
  useEffect(() => {
    if (follow && lines.length) virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follow, last, lines.length]);
  const scrolled = useCallback(
    (element: HTMLElement) => {
      const atEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - 2 * ROW;
      if (atEnd) setFollow(true);
      else if (follow && element.scrollTop + element.clientHeight < element.scrollHeight - 12 * ROW) {
        setFollow(false);
        setPaused(last);
      }
    },
    [follow, last],
  );
  const fresh = follow ? 0 : lines.filter((one) => one.at > paused).length;
  return (
    <>
      <div className="flex flex-wrap items-center gap-2 border-line border-b px-6 py-2 max-sm:px-4">
        <input
          data-filter
          aria-label="Search the log"
          className="field !h-[26px] w-[220px]"
          placeholder="Mark words"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <span className="meta flex-1" data-testid="live-log">
          Live, {bytes(size.current)} so far
        </span>
        <button
          type="button"
          className={`btn small ${follow ? "on" : ""}`}
          aria-pressed={follow}
          onClick={() => (setFollow(!follow), setPaused(last))}
        >
          {follow ? <ArrowDownToLine size={13} /> : <Pause size={13} />}
          {follow ? "Following" : `Paused, ${count(fresh)} new ${fresh === 1 ? "line" : "lines"}`}
        </button>
      </div>
      {error !== null && <Failure error={error} />}
      <Lines
        {...{ lines, name, search, virtual, scroller, onLine }}
        wrap={false}
        chosen={line}
        onScroll={scrolled}
        before={
          log.current.clipped && (
            <p className="meta m-0 px-6 py-1 font-sans">Earlier lines can be read once the job has ended.</p>
          )
        }
        after={
          lines.length === 0 && (
            <p className="m-0 p-6 font-sans text-ink-2">Nothing was printed yet. What comes appears here.</p>
          )
        }
      />
    </>
  );
}

/** Read what comes next: the end of what is there first, then on from where it was read. */
async function read(
  url: string,
  log: Log,
  signal: AbortSignal,
  onSize: (size: number) => void,
): Promise<{ complete: boolean }> {
  const begun = log.next !== null;
  const query = begun ? `?offset=${log.next}&limit=${PART_BYTES}&wait=${WAIT_SECONDS}` : "?wait=2";
  const headers: HeadersInit = begun ? {} : { Range: `bytes=-${FIRST_BYTES}` };
  const response = await fetch(`${url}${query}`, { headers, signal });
  const head = (name: string): string => response.headers.get(`Howdah-Log-${name}`) ?? "";
  if (response.status === 416) {
    await response.body?.cancel();
    log.append({ offset: log.next ?? 0, epoch: Number(head("Epoch") || 0), bytes: new Uint8Array() });
    return { complete: head("Complete") === "true" };
  }
  if (!response.ok) {
    const problem = (await response.json().catch(() => null)) as { detail?: string } | null;
    throw new Error(problem?.detail ?? `The server answered ${response.status}.`);
  }
  const part = new Uint8Array(await response.arrayBuffer());
  const offset = Number(head("Offset") || 0);
  onSize(Number(head("Size") || offset + part.length));
  log.append({ offset, epoch: Number(head("Epoch") || 0), bytes: part });
  return { complete: head("Complete") === "true" && (log.next ?? 0) >= Number(head("Size") || 0) };
}
