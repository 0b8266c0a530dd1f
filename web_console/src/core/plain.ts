/** What may be edited of a thing: without what the server keeps. */
const KEPT: ReadonlySet<string> = new Set(["id", "version", "created_at", "updated_at"]);

export function plain(shown: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(shown).filter(([name]) => !KEPT.has(name)));
}
