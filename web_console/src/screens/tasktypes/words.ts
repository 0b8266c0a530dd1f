/** Whether tasks of a type name a compute resource, in words. */
export const USES = { required: "needs one", optional: "may use one", none: "uses none" } as const;
