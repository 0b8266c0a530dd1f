import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ExperimentCounts } from "../api/client";
import { type Filter, formatFilter } from "../core/filter";
import { kindOf, LABELS } from "../core/states";
import { count } from "../core/time";
import * as ask from "../queries";
import { StateIcon } from "../ui/state";
import { TAB } from "../ui/tab";

const STATES = [
  "EXECUTING",
  "LAUNCHED",
  "QUEUED",
  "BLOCKED",
  "PAUSED",
  "CANCELING",
  "FAILED",
  "COMPLETED",
  "CANCELED",
  "CREATED",
];

interface TabsProps {
  filter: Filter;
  counts: ExperimentCounts | undefined;
  onChange: (filter: Filter) => void;
}

/** All, what needs you, and each state that there is. */
export function Tabs({ filter, counts }: TabsProps) {
  const { data } = useQuery(ask.overview);
  const only = filter.state.length === 1 ? filter.state[0] : undefined;
  const number = (state: string): number => counts?.states[state] ?? counts?.held[state] ?? 0;
  const shown = STATES.filter((state) => number(state) || state === only);
  const search = (change: Partial<Filter>): { f?: string } => ({
    f: formatFilter({ ...filter, needs: undefined, state: [], ...change }) || undefined,
  });
  return (
    <nav
      aria-label="By state"
      className="scroll mt-2 flex shrink-0 gap-5 overflow-y-hidden border-line border-b px-6 [scrollbar-width:none] max-sm:gap-4 max-sm:px-4"
    >
      <Link
        activeOptions={TAB}
        to="/experiments"
        search={search({})}
        className="tab"
        data-on={!filter.needs && !filter.state.length ? "page" : undefined}
      >
        All <span className="num font-normal text-ink-3">{counts ? count(counts.total) : ""}</span>
      </Link>
      <Link
        activeOptions={TAB}
        to="/experiments"
        search={search({ needs: "you" })}
        className="tab"
        data-on={filter.needs ? "page" : undefined}
      >
        <span className="h-[14px] w-[3px] bg-failed" /> Needs you{" "}
        <span className="num font-normal text-ink-3">{data ? count(data.needs_you.experiments) : ""}</span>
      </Link>
      {shown.map((state) => (
        <Link
          activeOptions={TAB}
          key={state}
          to="/experiments"
          search={search({ state: [state] })}
          className="tab"
          data-on={state === only ? "page" : undefined}
        >
          <StateIcon kind={kindOf(state)} /> {state === "LAUNCHED" ? "Launched" : LABELS[kindOf(state)]}
          <span className="num font-normal text-ink-3">{count(number(state))}</span>
        </Link>
      ))}
    </nav>
  );
}
