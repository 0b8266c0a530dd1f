import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { formatFilter, parseFilter } from "../core/filter";
import type { Flush } from "../core/store";
import { count } from "../core/time";
import { useChanges } from "../live/live";
import * as ask from "../queries";
import { useTitle } from "../shell/shell";
import { Failure } from "../ui/parts";
import { usePrefs } from "../ui/prefs";
import { Table } from "../ui/table";
import { BulkBar, useSelection } from "./bulk";
import { columns, Row } from "./experimentrows";
import { FilterLine } from "./filterline";
import { Tabs } from "./statetabs";
import { Strip } from "./strip";

const STARTED_AT = Date.now();

export function useExperimentQuery(text: string | undefined): ask.ExperimentQuery {
  const { data: resources } = useQuery(ask.resources);
  const { data: interfaces } = useQuery(ask.interfaces);
  return useMemo(() => {
    const names = {
      resources: new Map(resources?.map((one) => [one.id, one.name])),
      interfaces: new Map(interfaces?.map((one) => [one.id, one.name])),
    };
    return ask.experimentQuery(parseFilter(text ?? ""), names, STARTED_AT);
  }, [text, resources, interfaces]);
}

/** Home: what needs you, what runs, what waits and why; then every experiment. */
export function Experiments() {
  useTitle("Experiments", "Experiments");
  const { f } = useSearch({ from: "/inside/experiments" });
  const navigate = useNavigate();
  const { dense } = usePrefs();
  const query = useExperimentQuery(f);
  const list = useInfiniteQuery(ask.experiments(query));
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const { data: counted } = useQuery(
    ask.counts({ ...query, state: undefined, process_state: undefined, needs_you: undefined }),
  );
  const { data: matching } = useQuery(ask.counts(query));
  const selection = useSelection(rows);
  const [fresh, setFresh] = useState(0);
  useChanges(
    useCallback((flush: Flush) => {
      const made = flush.changes.filter((change) => change.kind === "experiment-created").length;
      if (made) setFresh((before) => before + made);
    }, []),
  );
  const show = (): void => {
    setFresh(0);
    void list.refetch();
  };
  const change = (text: string): void => {
    selection.clear();
    void navigate({ to: "/experiments", search: { f: text || undefined } });
  };
  const filtered = Boolean(f);
  return (
    <>
      <Strip />
      <Tabs filter={parseFilter(f ?? "")} counts={counted} onChange={(filter) => change(formatFilter(filter))} />
      <FilterLine text={f ?? ""} onChange={change} />
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table
        label="Experiments"
        rows={rows}
        total={matching?.total}
        columns={columns(selection, dense)}
        rowKey={(row) => row.id}
        rowHeight={dense ? 32 : 44}
        loading={list.isPending}
        onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
        onOpen={(row) => void navigate({ to: "/experiments/$id", params: { id: row.id } })}
        selected={selection.ids}
        onSelect={selection.toggle}
        needsYou={(row) => row.state === "FAILED" && !isOld(row.ended_at)}
        actionBar={
          selection.ids.size ? (
            <BulkBar selection={selection} query={query} matching={matching?.total ?? rows.length} />
          ) : undefined
        }
        card={(row) => <Row row={row} />}
        empty={
          filtered ? (
            <span>
              No experiment fits this filter.{" "}
              <button type="button" className="link" onClick={() => change("")}>
                Drop the filter
              </button>
            </span>
          ) : (
            <span>
              No experiments yet.{" "}
              <button type="button" className="link" onClick={() => void navigate({ to: "/launch" })}>
                Launch the first
              </button>
            </span>
          )
        }
      />
      <footer className="flex h-9 shrink-0 items-center gap-4 border-line border-t px-6 text-[12px] text-ink-2 max-sm:px-4">
        <span className="num" data-testid="list-count">
          {count(rows.length)} of {count(matching?.total ?? rows.length)} in this view
          {filtered && counted ? `, ${count(counted.total)} in all` : ""}
        </span>
        {fresh > 0 && (
          <button type="button" className="link" onClick={show}>
            {fresh} new, show
          </button>
        )}
        {list.isFetchingNextPage && <span>Reading older ones</span>}
      </footer>
    </>
  );
}

function isOld(at: string | null): boolean {
  return !at || Date.now() - Date.parse(at) > 86_400_000;
}
