/** A tab is a link; it is the current one where path and search are its own. */
export const TAB = { exact: true, includeSearch: true, explicitUndefined: true } as const;
