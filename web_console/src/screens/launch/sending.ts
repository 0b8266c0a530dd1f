/** What a launch form is sent as: a new experiment, a draft that changes, or an earlier run taken up again. */

import { type ApplicationExperiment, api, call, type ExperimentInFull, key } from "../../api/client";
import { changesOf } from "../../core/inputs";
import { relaunch } from "../steering";

/** Send it; returns the id of the experiment that it became. */
export async function sent(
  origin: ExperimentInFull | undefined,
  draft: boolean,
  body: Parameters<typeof changesOf>[1] & ApplicationExperiment,
): Promise<string> {
  if (!origin) return (await call(api.POST("/api/v1/experiments", { params: { header: key() }, body }))).id;
  if (!draft) return relaunch(origin, changesOf(origin.spec, body));
  const path = { experiment_id: origin.id };
  await call(
    api.PUT("/api/v1/experiments/{experiment_id}", {
      params: { path, header: { "if-match": `"${origin.version}"` } },
      body: { ...body, launch: false },
    }),
  );
  if (body.launch)
    await call(api.POST("/api/v1/experiments/{experiment_id}/launch", { params: { path, header: key() } }));
  return origin.id;
}
