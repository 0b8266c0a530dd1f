import { useQueryClient } from "@tanstack/react-query";
import { Ban, CopyPlus, Play, RotateCw } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { api, call, type Experiment } from "../api/client";
import { isTerminal } from "../core/states";
import { count } from "../core/time";
import type { ExperimentQuery } from "../queries";
import { Confirm } from "../ui/parts";
import { Check } from "../ui/table";
import { useToast } from "../ui/toast";
import { cancel, refusal, relaunch, resume, retry } from "./steering";

export interface Selection {
  ids: ReadonlySet<string>;
  rows: Experiment[];
  toggle: (row: Experiment, range: boolean) => void;
  all: () => void;
  clear: () => void;
  add: (rows: readonly Experiment[]) => void;
}

export function useSelection(rows: readonly Experiment[]): Selection {
  const [chosen, setChosen] = useState<ReadonlyMap<string, Experiment>>(new Map());
  const last = useRef<string | null>(null);
  const clear = useCallback(() => setChosen(new Map()), []);
  const toggle = useCallback(
    (row: Experiment, range: boolean) => {
      const from = rows.findIndex((one) => one.id === last.current);
      const to = rows.findIndex((one) => one.id === row.id);
      last.current = row.id;
      setChosen((before) => {
        const next = new Map(before);
        if (range && from >= 0)
          for (const one of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) next.set(one.id, one);
        else if (!next.delete(row.id)) next.set(row.id, row);
        return next;
      });
    },
    [rows],
  );
  const add = useCallback((more: readonly Experiment[]) => setChosen(new Map(more.map((row) => [row.id, row]))), []);
  const all = useCallback(() => add(rows), [add, rows]);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && !document.querySelector("[role=dialog]")) clear();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [clear]);
  const fresh = new Map(rows.map((row) => [row.id, row]));
  return {
    ids: new Set(chosen.keys()),
    rows: [...chosen.values()].map((row) => fresh.get(row.id) ?? row),
    toggle,
    all,
    clear,
    add,
  };
}

const MOST = 1_000;
const AT_ONCE = 4;

/** Do it to each, four at a time; return those that were refused, with why. */
export async function eachOf(
  rows: readonly Experiment[],
  action: (row: Experiment) => Promise<unknown>,
): Promise<string[]> {
  const refused: string[] = [];
  const waiting = [...rows];
  const work = async (): Promise<void> => {
    for (let row = waiting.shift(); row; row = waiting.shift()) {
      try {
        await action(row);
      } catch (error) {
        refused.push(`${row.name}: ${refusal(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return refused;
}

interface BulkProps {
  selection: Selection;
  query: ExperimentQuery;
  matching: number;
}

/** Stands in the header's place: each verb says to how many it applies. */
export function BulkBar({ selection, query, matching }: BulkProps) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState("");
  const say = useToast();
  const queries = useQueryClient();
  const { rows } = selection;
  const unended = rows.filter((row) => !isTerminal(row.state));
  const failed = rows.filter((row) => row.state === "FAILED" || row.state === "CANCELED");
  const paused = rows.filter((row) => row.process_state === "PAUSED" && !isTerminal(row.state));

  const act = async (
    words: string,
    chosen: Experiment[],
    action: (row: Experiment) => Promise<unknown>,
  ): Promise<void> => {
    setBusy(words);
    const refused = await eachOf(chosen, action);
    setBusy("");
    selection.clear();
    void queries.invalidateQueries({ queryKey: ["experiments"] });
    say(
      refused.length
        ? `${words}: ${chosen.length - refused.length} done, ${refused.length} refused. ${refused[0]}`
        : `${words} ${chosen.length}: done`,
      refused.length ? { tone: "failed" } : {},
    );
  };
  const selectMatching = async (): Promise<void> => {
    setBusy("Reading");
    const found: Experiment[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: Experiment[]; next_cursor: string | null } = await call(
        api.GET("/api/v1/experiments", { params: { query: { ...query, limit: 500, ...(cursor ? { cursor } : {}) } } }),
      );
      found.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor && found.length < MOST);
    selection.add(found.slice(0, MOST));
    setBusy("");
  };
  return (
    <div
      role="toolbar"
      aria-label="With the selected"
      className="sticky top-0 z-10 flex h-9 items-center gap-2 border-line border-b bg-selected px-6"
    >
      <Check label="Select none" checked mixed onChange={selection.clear} />
      <span className="ml-2 font-semibold num">{count(rows.length)} selected</span>
      {matching > rows.length && (
        <button type="button" className="link ml-2" disabled={Boolean(busy)} onClick={() => void selectMatching()}>
          Select {matching > MOST ? `the first ${count(MOST)}` : `all ${count(matching)}`} that match
        </button>
      )}
      <span className="flex-1 text-right text-ink-2">{busy && `${busy} …`}</span>
      <button
        type="button"
        className="btn small"
        disabled={!failed.length || Boolean(busy)}
        onClick={() => void act("Retry", failed, (row) => retry(row))}
      >
        <RotateCw size={13} /> Retry {failed.length}
      </button>
      {paused.length > 0 && (
        <button
          type="button"
          className="btn small"
          disabled={Boolean(busy)}
          onClick={() => void act("Resume", paused, resume)}
        >
          <Play size={13} /> Resume {paused.length}
        </button>
      )}
      <button
        type="button"
        className="btn small"
        disabled={Boolean(busy)}
        onClick={() => void act("Clone", rows, (row) => relaunch(row, { launch: false }))}
      >
        <CopyPlus size={13} /> Clone
      </button>
      <button
        type="button"
        className="btn small"
        disabled={!unended.length || Boolean(busy)}
        onClick={() => setAsking(true)}
      >
        <Ban size={13} /> Cancel {unended.length}…
      </button>
      <span className="kbd">Esc</span>
      <Confirm
        open={asking}
        danger
        title={`Cancel ${unended.length === 1 ? "1 experiment" : `${unended.length} experiments`}?`}
        text="What runs is ended where it runs; finished outputs stay. Each becomes CANCELED when its resource has confirmed."
        verb={`Cancel ${unended.length}`}
        note="Why (goes into the history)"
        onClose={() => setAsking(false)}
        onConfirm={(reason) => void act("Cancel", unended, (row) => cancel(row, reason))}
      />
    </div>
  );
}
