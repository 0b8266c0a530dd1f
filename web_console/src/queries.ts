/** What is asked of the API, by key: `experiments` and `experiment` are moved by live events, `live-lists` read again. */

import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, call } from "./api/client";
import { type Filter, HELD, since } from "./core/filter";
import type { RunData } from "./core/run";

export const me = queryOptions({
  queryKey: ["me"],
  queryFn: () => call(api.GET("/api/v1/me")),
  staleTime: 60_000,
  retry: false,
});

export const overview = queryOptions({
  queryKey: ["overview"],
  queryFn: () => call(api.GET("/api/v1/overview")),
  refetchInterval: 15_000,
});

/** How it stands with each resource: circuits, lanes, what waits. */
export const standings = queryOptions({
  queryKey: ["live-lists", "standings"],
  queryFn: () => call(api.GET("/api/v1/compute-resources:health")),
  refetchInterval: 10_000,
});

/** The schedulers' queues as they were seen last; read again soon while somebody looks. */
export const queues = queryOptions({
  queryKey: ["queues"],
  queryFn: async () => (await call(api.GET("/api/v1/compute-resources:queues"))).items,
  refetchInterval: (query) => (query.state.data?.some((one) => one.state === "running") ? 1_500 : 60_000),
});

/** Have the queues of these resources looked at: the platform does so once a minute, whoever asks. */
export function queueLooks(ids: readonly string[]) {
  return queryOptions({
    queryKey: ["queue-looks", ...ids],
    queryFn: async ({ client }) => {
      const path = "/api/v1/compute-resources/{resource_id}/queues";
      const looks = ids.map((id) => call(api.POST(path, { params: { path: { resource_id: id } } })));
      await Promise.allSettled(looks); // one that is refused leaves what was seen before, with its age
      await client.invalidateQueries({ queryKey: queues.queryKey });
      return null;
    },
    enabled: ids.length > 0,
    refetchInterval: 60_000,
    retry: false,
  });
}

const whole = { params: { query: { limit: 500 } } };
export const resources = queryOptions({
  queryKey: ["resources"],
  queryFn: async () => (await call(api.GET("/api/v1/compute-resources", whole))).items,
  staleTime: 30_000,
});
export const interfaces = queryOptions({
  queryKey: ["interfaces"],
  queryFn: async () => (await call(api.GET("/api/v1/application-interfaces", whole))).items,
  staleTime: 30_000,
});
export const modules = queryOptions({
  queryKey: ["modules"],
  queryFn: async () => (await call(api.GET("/api/v1/application-modules", whole))).items,
  staleTime: 30_000,
});
export const deployments = queryOptions({
  queryKey: ["deployments"],
  queryFn: async () => (await call(api.GET("/api/v1/application-deployments", whole))).items,
  staleTime: 30_000,
});
export const storage = queryOptions({
  queryKey: ["storage"],
  queryFn: async () => (await call(api.GET("/api/v1/storage-resources", whole))).items,
  staleTime: 30_000,
});
export const workflows = queryOptions({
  queryKey: ["workflows"],
  queryFn: async () => (await call(api.GET("/api/v1/workflows", whole))).items,
  staleTime: 30_000,
});
export const credentials = queryOptions({
  queryKey: ["credentials"],
  queryFn: async () => (await call(api.GET("/api/v1/credentials", whole))).items,
  staleTime: 30_000,
});

export interface Names {
  resources: Map<string, string>;
  interfaces: Map<string, string>;
}

/** Return the API's query of a filter; names that nobody has find nothing rather than everything. */
export function experimentQuery(filter: Filter, names: Names, now: number): ExperimentQuery {
  const nowhere = "00000000-0000-0000-0000-000000000000";
  const idOf = (map: Map<string, string>, name: string | undefined): string | undefined =>
    name === undefined
      ? undefined
      : ([...map].find(([, known]) => known.toLowerCase() === name.toLowerCase())?.[0] ?? nowhere);
  const query: ExperimentQuery = {};
  const held = filter.state.filter((state) => HELD.includes(state));
  const states = filter.state.filter((state) => !HELD.includes(state));
  if (states.length) query.state = states as ExperimentQuery["state"];
  if (held.length) query.process_state = held as ExperimentQuery["process_state"];
  if (filter.owner) query.owner = filter.owner;
  if (filter.text) query.q = filter.text;
  if (filter.needs) query.needs_you = true;
  if (filter.tag) query.tag = [filter.tag];
  if (filter.archived) query.archived = true;
  const after = since(filter, now);
  if (after) query.created_after = after;
  const [app, resource] = [idOf(names.interfaces, filter.app), idOf(names.resources, filter.resource)];
  const away = idOf(names.resources, filter.waits);
  if (away) query.blocked_by = away;
  if (app) query.interface_id = app;
  if (resource) query.resource_id = resource;
  return query;
}

export type ExperimentQuery = NonNullable<import("./api/schema").operations["list_experiments"]["parameters"]["query"]>;

export function experiments(query: ExperimentQuery) {
  return infiniteQueryOptions({
    queryKey: ["experiments", query],
    queryFn: ({ pageParam, signal }) =>
      call(
        api.GET("/api/v1/experiments", {
          params: { query: { ...query, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  });
}

export function counts(query: ExperimentQuery) {
  return queryOptions({
    queryKey: ["counts", query],
    queryFn: () => call(api.GET("/api/v1/experiments:count", { params: { query } })),
    placeholderData: (before) => before,
  });
}

export function experiment(id: string) {
  return queryOptions({
    queryKey: ["experiment", id],
    queryFn: () => call(api.GET("/api/v1/experiments/{experiment_id}", { params: { path: { experiment_id: id } } })),
    // Probes of the resource that it waits for are no events of the experiment.
    refetchInterval: ({ state }) => (state.data?.process_state === "BLOCKED" ? 3_000 : false),
  });
}

/** A whole run; the answer is moved in place by events, so nobody else may hold parts of it. */
export function runQuery(id: string, processId: string | undefined) {
  return queryOptions({
    queryKey: ["run", id, processId],
    queryFn: async () =>
      (await call(
        api.GET("/api/v1/experiments/{experiment_id}/graph", {
          params: { path: { experiment_id: id }, query: processId ? { process_id: processId } : {} },
        }),
      )) as unknown as RunData,
    staleTime: 2_000,
    structuralSharing: false,
  });
}
