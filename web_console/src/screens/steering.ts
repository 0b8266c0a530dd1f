/** What steers experiments and tasks: each verb is one call, made once however often it is sent. */

import { api, type Changes, call, key } from "../api/client";

type Named = { id: string };

const of = (row: Named) => ({ params: { path: { experiment_id: row.id }, header: key() } });

export const launch = (row: Named): Promise<unknown> =>
  call(api.POST("/api/v1/experiments/{experiment_id}/launch", of(row)));

export const cancel = (row: Named, reason: string): Promise<unknown> =>
  call(api.POST("/api/v1/experiments/{experiment_id}/cancel", { ...of(row), body: { reason } }));

export const pause = (row: Named, reason: string): Promise<unknown> =>
  call(api.POST("/api/v1/experiments/{experiment_id}/pause", { ...of(row), body: { reason } }));

export const resume = (row: Named): Promise<unknown> =>
  call(api.POST("/api/v1/experiments/{experiment_id}/resume", { ...of(row), body: { reason: "" } }));

/** Go on where it stopped: what was finished is adopted. Tasks by their names are run again, or left out. */
export const retry = (row: Named, changed: { rerun?: string[]; skip?: string[] } = {}): Promise<unknown> =>
  call(
    api.POST("/api/v1/experiments/{experiment_id}/retry", {
      ...of(row),
      body: { rerun: changed.rerun ?? [], skip: changed.skip ?? [] },
    }),
  );

export const skip = (task: Named, reason: string): Promise<unknown> =>
  call(
    api.POST("/api/v1/tasks/{task_id}/skip", {
      params: { path: { task_id: task.id }, header: key() },
      body: { reason },
    }),
  );

/** Begin anew, as an experiment of its own, with what is to be otherwise; returns its id. */
export async function relaunch(row: Named, changes: Partial<Changes> = {}): Promise<string> {
  const body = { launch: true, inputs: {}, requirements: {}, ...changes } as Changes;
  return (await call(api.POST("/api/v1/experiments/{experiment_id}/relaunch", { ...of(row), body }))).id;
}

/** Bring outputs of an ended experiment back once more; all, where none is named. */
export const refetch = (row: Named, outputs: string[]): Promise<unknown> =>
  call(api.POST("/api/v1/experiments/{experiment_id}/refetch", { ...of(row), body: { outputs } }));

/** Wait no longer for a resource that is away: what is blocked fails. */
export const giveUp = (row: Named, reason: string): Promise<unknown> =>
  call(api.POST("/api/v1/experiments/{experiment_id}/give-up", { ...of(row), body: { reason } }));

/** Put an experiment away that does not run, or bring it back. */
export const archive = (row: Named): Promise<unknown> =>
  call(api.POST("/api/v1/experiments/{experiment_id}/archive", { params: { path: { experiment_id: row.id } } }));
export const unarchive = (row: Named): Promise<unknown> =>
  call(api.POST("/api/v1/experiments/{experiment_id}/unarchive", { params: { path: { experiment_id: row.id } } }));

export const annotate = (row: Named, description: string, tags: string[]): Promise<unknown> =>
  call(
    api.PATCH("/api/v1/experiments/{experiment_id}/annotations", {
      params: { path: { experiment_id: row.id } },
      body: { description, tags },
    }),
  );

/** Answer an approval that a run waits for: it goes on by this port. */
export const answer = (task: Named, port: string): Promise<unknown> =>
  call(
    api.POST("/api/v1/tasks/{task_id}/answer", {
      params: { path: { task_id: task.id }, header: key() },
      body: { port, comment: "", data: {} },
    }),
  );

export const giveUpTask = (task: Named, reason: string): Promise<unknown> =>
  call(
    api.POST("/api/v1/tasks/{task_id}/give-up", {
      params: { path: { task_id: task.id }, header: key() },
      body: { reason },
    }),
  );
