import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useReducer, useRef } from "react";
import { api, call } from "../../api/client";
import { type RunData, RunModel } from "../../core/run";
import type { Flush } from "../../core/store";
import { useChanges } from "../../live/live";

const REREAD_MS = 1_500;
const REREAD_LARGE_MS = 8_000;
const LARGE = 2_000;

export function runQuery(id: string, processId: string | undefined) {
  return queryOptions({
    queryKey: ["run", id, processId],
    queryFn: async () =>
      (await call(
        api.GET("/api/v1/experiments/{experiment_id}/graph", {
          params: { path: { experiment_id: id }, query: processId ? { process_id: processId } : {} },
        }),
      )) as unknown as RunData,
    staleTime: 0,
    structuralSharing: false,
  });
}

/** A run that moves with live events; `version` changes when there is something to draw anew. */
export function useRun(
  id: string,
  processId: string | undefined,
): { model: RunModel | null; version: number; error: unknown; retry: () => void } {
  const queries = useQueryClient();
  const options = runQuery(id, processId);
  const { data, error, refetch } = useQuery(options);
  const [version, redraw] = useReducer((count: number) => count + 1, 0);
  const model = useMemo(() => (data ? new RunModel(structuredClone(data)) : null), [data]);
  const rereading = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(rereading.current), []);
  useChanges(
    useCallback(
      (flush: Flush) => {
        if (!model || flush.reset) return;
        const before = model.version;
        model.apply(flush.changes, id);
        if (model.version === before) return;
        redraw();
        // Events tell states; jobs and exact times are read again in a while.
        const pause = model.data.tasks.length > LARGE ? REREAD_LARGE_MS : REREAD_MS;
        rereading.current ??= setTimeout(() => {
          rereading.current = undefined;
          void queries.invalidateQueries({ queryKey: ["run", id] });
        }, pause);
      },
      [model, id, queries],
    ),
  );
  return { model, version, error, retry: () => void refetch() };
}
