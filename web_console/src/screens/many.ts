/** One verb for many experiments: step by step on the server, with how far it is. */

import { api, type BulkRequest, call, key } from "../api/client";
import type { ExperimentQuery } from "../queries";

export type Verb = BulkRequest["action"];

export interface Came {
  done: number;
  refused: number;
  /** Of the first that were refused: which, and why. */
  why: string[];
  stopped: boolean;
}

const IDS_AT_ONCE = 100;
const STEP = 200;

/** Those that were ticked, as queries that the API takes. */
export function chosen(ids: readonly string[]): ExperimentQuery[] {
  const found: ExperimentQuery[] = [];
  for (let at = 0; at < ids.length; at += IDS_AT_ONCE) found.push({ id: ids.slice(at, at + IDS_AT_ONCE) });
  return found;
}

/** Do it to all that fit any of the queries. `tell` hears how far it is; an abort stops between two steps. */
export async function many(
  action: Verb,
  queries: readonly ExperimentQuery[],
  reason: string,
  tell: (came: Came) => void,
  stop: AbortSignal,
): Promise<Came> {
  const came: Came = { done: 0, refused: 0, why: [], stopped: false };
  for (const query of queries) {
    let cursor: string | null = null;
    do {
      if (stop.aborted) return { ...came, stopped: true };
      const step: {
        done: number;
        refused: number;
        refusals: { name: string; reason: string }[];
        next_cursor: string | null;
      } = await call(
        api.POST("/api/v1/experiments:bulk", {
          params: { query, header: key() },
          body: { action, reason, limit: STEP, cursor },
        }),
      );
      came.done += step.done;
      came.refused += step.refused;
      came.why.push(...step.refusals.slice(0, 3 - came.why.length).map((one) => `${one.name}: ${one.reason}`));
      cursor = step.next_cursor;
      tell({ ...came });
    } while (cursor);
  }
  return came;
}
