/** Live events into what is on the page: states at once, sentences soon, counts now and then. */

import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { api, call, type Experiment } from "../api/client";
import { type Change, type EventStore, type Flush, moved } from "../core/store";

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

const DETAILS_MS = 350;
const COUNTS_MS = 1_000;
const MOST_AT_ONCE = 100;

export function applyLive(store: EventStore, queries: QueryClient): () => void {
  const dirty = new Set<string>();
  const details = throttle(DETAILS_MS, () => void refresh(queries, dirty));
  const counts = throttle(COUNTS_MS, () => {
    for (const key of ["overview", "counts", "live-lists"]) void queries.invalidateQueries({ queryKey: [key] });
  });
  return store.subscribe((flush: Flush) => {
    if (flush.reset) {
      void queries.invalidateQueries();
      return;
    }
    if (flush.lanes)
      for (const key of ["experiment", "experiments", "live-lists"])
        void queries.invalidateQueries({ queryKey: [key] });
    if (!flush.changes.length) return;
    const perExperiment = Map.groupBy(flush.changes, (change) => change.experiment_id);
    patch(queries, perExperiment);
    for (const id of perExperiment.keys()) dirty.add(id);
    details();
    counts();
  });
}

function patch(queries: QueryClient, changes: Map<string, Change[]>): void {
  const row = (one: Experiment): Experiment => {
    const mine = changes.get(one.id);
    return mine ? moved(one, mine) : one;
  };
  queries.setQueriesData<InfiniteData<Page<Experiment>>>(
    { queryKey: ["experiments"] },
    (data) => data && mapRows(data, row),
  );
  for (const id of changes.keys()) {
    queries.setQueryData<Experiment>(["experiment", id], (data) => data && row(data));
  }
}

function mapRows(
  data: InfiniteData<Page<Experiment>>,
  row: (one: Experiment) => Experiment,
): InfiniteData<Page<Experiment>> {
  let changed = false;
  const pages = data.pages.map((page) => {
    const items = page.items.map(row);
    if (items.every((one, index) => one === page.items[index])) return page;
    changed = true;
    return { ...page, items };
  });
  return changed ? { ...data, pages } : data;
}

/** Sentences are the server's: read again, for those that are on the page. */
async function refresh(queries: QueryClient, dirty: Set<string>): Promise<void> {
  const shown = new Set<string>();
  for (const [, data] of queries.getQueriesData<InfiniteData<Page<Experiment>>>({
    queryKey: ["experiments"],
    type: "active",
  }))
    for (const page of data?.pages ?? []) for (const one of page.items) if (dirty.has(one.id)) shown.add(one.id);
  for (const id of dirty) void queries.invalidateQueries({ queryKey: ["experiment", id] });
  dirty.clear();
  const ids = [...shown].slice(0, MOST_AT_ONCE);
  if (!ids.length) return;
  const fresh = await call(
    api.GET("/api/v1/experiments", { params: { query: { id: ids, limit: MOST_AT_ONCE } } }),
  ).catch(() => null);
  const known = new Map(fresh?.items.map((one) => [one.id, one]));
  queries.setQueriesData<InfiniteData<Page<Experiment>>>(
    { queryKey: ["experiments"] },
    (data) => data && mapRows(data, (one) => newer(known.get(one.id), one)),
  );
}

function newer(fresh: Experiment | undefined, known: Experiment): Experiment {
  return fresh && fresh.last_seq >= known.last_seq ? fresh : known;
}

function throttle(milliseconds: number, action: () => void): () => void {
  let planned = false;
  return () => {
    if (planned) return;
    planned = true;
    setTimeout(() => {
      planned = false;
      action();
    }, milliseconds);
  };
}
