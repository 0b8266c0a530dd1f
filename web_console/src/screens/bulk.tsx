import { useQueryClient } from "@tanstack/react-query";
import { Archive, ArchiveRestore, Ban, CopyPlus, Play, RotateCw } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { type Experiment, refusal } from "../api/client";
import { isTerminal } from "../core/states";
import { count } from "../core/time";
import type { ExperimentQuery } from "../queries";
import { Confirm } from "../ui/parts";
import { Check } from "../ui/table";
import { useToast } from "../ui/toast";
import { chosen, many, type Verb } from "./many";

export interface Selection {
  ids: ReadonlySet<string>;
  rows: Experiment[];
  toggle: (row: Experiment, range: boolean) => void;
  all: () => void;
  clear: () => void;
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
  const all = useCallback(() => setChosen(new Map(rows.map((row) => [row.id, row]))), [rows]);
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
  };
}

interface BulkProps {
  selection: Selection;
  query: ExperimentQuery;
  matching: number;
}

const DONE: Record<Verb, string> = {
  retry: "go on where they stopped",
  cancel: "are asked to stop; each resource confirms",
  pause: "are asked to pause",
  resume: "go on",
  clone: "were cloned as drafts",
  archive: "were put away",
  unarchive: "are back",
};
const ASKS: Partial<Record<Verb, string>> = {
  cancel:
    "What runs is ended where it runs; finished outputs stay. Each becomes CANCELED when its resource has confirmed.",
  retry: "Each goes on where it stopped; what was finished is kept.",
  clone: "Each is copied as a draft that is not launched.",
  pause: "Nothing new begins; what runs goes on.",
  resume: "Each goes on at once.",
  archive: "They leave the lists and counts until “archived:yes” asks for them. Nothing is deleted; what runs stays.",
  unarchive: "They are listed and counted again.",
};

/** How far a verb is, and what came of it. */
function useMany(selection: Selection) {
  const [busy, setBusy] = useState("");
  const stopping = useRef<AbortController | null>(null);
  const say = useToast();
  const queries = useQueryClient();
  const run = async (verb: Verb, wanted: ExperimentQuery[], total: number, reason: string): Promise<void> => {
    stopping.current = new AbortController();
    setBusy(`0 of ${count(total)}`);
    try {
      const came = await many(
        verb,
        wanted,
        reason,
        (so) => setBusy(`${count(so.done + so.refused)} of ${count(total)}`),
        stopping.current.signal,
      );
      const words = `${count(came.done)} ${DONE[verb]}${came.stopped ? "; stopped before the rest" : ""}`;
      const undo = { archive: "unarchive", unarchive: "archive" }[verb as string] as Verb | undefined;
      if (came.refused) say(`${words}; ${count(came.refused)} refused. ${came.why[0] ?? ""}`, { tone: "failed" });
      else say(words, undo && wanted[0]?.id ? { undo: () => void run(undo, wanted, total, "") } : {});
      selection.clear();
    } catch (error) {
      say(refusal(error), { tone: "failed" });
    }
    setBusy("");
    for (const name of ["experiments", "counts", "overview"]) void queries.invalidateQueries({ queryKey: [name] });
  };
  return { busy, run, stop: () => stopping.current?.abort() };
}

/** Stands in the header's place: each verb says to how many it applies; for all that match, the server goes through them. */
export function BulkBar({ selection, query, matching }: BulkProps) {
  const [asking, setAsking] = useState<Verb | null>(null);
  const [everything, setEverything] = useState(false);
  const { busy, run, stop } = useMany(selection);
  const { rows } = selection;
  const of: Record<string, Experiment[]> = {
    retry: rows.filter((row) => row.state === "FAILED" || row.state === "CANCELED"),
    resume: rows.filter((row) => row.process_state === "PAUSED" && !isTerminal(row.state)),
    cancel: rows.filter((row) => !isTerminal(row.state)),
    clone: rows,
    archive: rows.filter((row) => !row.archived_at && (isTerminal(row.state) || !row.launched_at)),
    unarchive: rows.filter((row) => row.archived_at),
  };
  const act = (verb: Verb, reason: string): void => {
    if (everything) void run(verb, [query], matching, reason);
    else {
      const ids = (of[verb] ?? rows).map((row) => row.id);
      void run(verb, chosen(ids), ids.length, reason);
    }
  };
  const press = (verb: Verb): void => (everything || verb === "cancel" ? setAsking(verb) : act(verb, ""));
  const button = (verb: Verb, label: string, icon: React.ReactNode, hidden = false) => {
    const number = everything ? matching : (of[verb]?.length ?? 0);
    if (hidden && !everything && !number) return null;
    return (
      <button type="button" className="btn small" disabled={!number || Boolean(busy)} onClick={() => press(verb)}>
        {icon} {label} {everything ? "" : number}
        {everything || verb === "cancel" ? "…" : ""}
      </button>
    );
  };
  const number = asking ? (everything ? matching : (of[asking]?.length ?? 0)) : 0;
  return (
    <div
      role="toolbar"
      aria-label="With the selected"
      className="sticky top-0 z-10 flex h-9 items-center gap-2 border-line border-b bg-selected px-6"
    >
      <Check label="Select none" checked mixed={!everything} onChange={selection.clear} />
      <span className="ml-2 whitespace-nowrap font-semibold num">
        {everything ? `All ${count(matching)} that match` : `${count(rows.length)} selected`}
      </span>
      {!everything && matching > rows.length && !busy && (
        <button type="button" className="link ml-2 whitespace-nowrap" onClick={() => setEverything(true)}>
          Select all {count(matching)} that match
        </button>
      )}
      <span className="flex-1 text-right text-ink-2 num" aria-live="polite">
        {busy}
      </span>
      {busy ? (
        <button type="button" className="btn small" onClick={stop}>
          Stop here
        </button>
      ) : (
        <>
          {button("retry", "Retry", <RotateCw size={13} />)}
          {button("resume", "Resume", <Play size={13} />, true)}
          {button("clone", "Clone", <CopyPlus size={13} />)}
          {query.archived
            ? button("unarchive", "Bring back", <ArchiveRestore size={13} />)
            : button("archive", "Archive", <Archive size={13} />)}
          {button("cancel", "Cancel", <Ban size={13} />)}
        </>
      )}
      <span className="kbd">Esc</span>
      {asking && (
        <Confirm
          open
          danger={asking === "cancel"}
          title={`${VERBS[asking]} ${number === 1 ? "1 experiment" : `${count(number)} experiments`}?`}
          text={`${ASKS[asking] ?? ""}${everything ? " With which it can’t be done is told and stops none of the others." : ""}`}
          verb={`${VERBS[asking]} ${count(number)}`}
          note={asking === "cancel" ? "Why (goes into the history)" : undefined}
          onClose={() => setAsking(null)}
          onConfirm={(reason) => act(asking, reason)}
        />
      )}
    </div>
  );
}

const VERBS: Record<Verb, string> = {
  retry: "Retry",
  cancel: "Cancel",
  pause: "Pause",
  resume: "Resume",
  clone: "Clone",
  archive: "Archive",
  unarchive: "Bring back",
};
