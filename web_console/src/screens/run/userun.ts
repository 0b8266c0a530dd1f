import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useReducer, useRef } from "react";
import { RunModel } from "../../core/run";
import type { Flush } from "../../core/store";
import { useChanges, useMissed } from "../../live/live";
import { runQuery } from "../../queries";

/** Events tell states; jobs and exact times are read again in a while, of a large run seldom. */
const REREAD_MS = 1_500;
const REREAD_LARGE_MS = 30_000;
const LARGE = 2_000;
/** A large run is counted and drawn anew ten times a second at most. */
const LARGE_FRAME_MS = 100;

/** A run that moves with live events; `version` changes when there is something to draw anew. */
export function useRun(
  id: string,
  processId: string | undefined,
): { model: RunModel | null; version: number; error: unknown; retry: () => void } {
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(runQuery(id, processId));
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const known = useRef<RunModel | null>(null);
  const model = useMemo(() => {
    if (!data) return null;
    if (!known.current?.take(data)) known.current = new RunModel(data);
    return known.current;
  }, [data]);
  const missed = useMissed(id);
  useEffect(() => {
    if (model && missed(model.seq)) void queries.invalidateQueries({ queryKey: ["run", id] });
  }, [model, missed, queries, id]);
  const rereading = useRef<ReturnType<typeof setTimeout>>(undefined);
  const drawing = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(
    () => () => {
      clearTimeout(rereading.current);
      clearTimeout(drawing.current);
    },
    [],
  );
  useChanges(
    useCallback(
      (flush: Flush) => {
        if (!model || flush.reset) return;
        const before = model.version;
        model.apply(flush.changes, id);
        if (model.version === before) return;
        if (model.data.tasks.length <= LARGE) redraw();
        else
          drawing.current ??= setTimeout(() => {
            drawing.current = undefined;
            redraw();
          }, LARGE_FRAME_MS);
        const pause = model.data.tasks.length > LARGE ? REREAD_LARGE_MS : REREAD_MS;
        rereading.current ??= setTimeout(() => {
          rereading.current = undefined;
          void queries.invalidateQueries({ queryKey: ["run", id] });
        }, pause);
      },
      [model, id, queries],
    ),
  );
  return { model, version: model?.version ?? 0, error, retry: () => void refetch() };
}
