/** From what the request of a new schedule is made. Pure. */

import type { Values } from "../../core/forms";

/** In the address: a workflow by its name, or nothing at all; else the id of an experiment. */
export const WORKFLOW = "workflow:";
export const BLANK = "text";

/** The request that an experiment was made from, without what a schedule decides. */
export function requestOf({ spec, name, description }: { spec: object; name: string; description: string }): Values {
  const { launch: _, ...kept } = spec as Values;
  return { ...kept, name, description };
}

export function requestOfWorkflow(name: string): Values {
  return { kind: "workflow", name, workflow: name, parameters: {} };
}
