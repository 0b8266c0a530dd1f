/** What one version has otherwise than another, node by node: for the marks on the cards. Pure. */

import type { Definition } from "./definition";

export type Mark = "added" | "removed" | "changed";

/** Where a card stands is no change. */
function told(node: unknown): string {
  const { position: _, ...rest } = node as Record<string, unknown>;
  return JSON.stringify(sorted(rest));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => a.localeCompare(b));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}

export function marks(before: Definition, after: Definition): Map<string, Mark> {
  const found = new Map<string, Mark>();
  for (const [name, node] of Object.entries(after.nodes)) {
    const old = before.nodes[name];
    if (!old) found.set(name, "added");
    else if (told(old) !== told(node)) found.set(name, "changed");
  }
  for (const name of Object.keys(before.nodes)) if (!(name in after.nodes)) found.set(name, "removed");
  return found;
}

/** Lines of a unified diff with what each is. */
export function diffLines(text: string): { kind: "added" | "removed" | "place" | "same"; text: string }[] {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .filter((line) => !line.startsWith("--- ") && !line.startsWith("+++ "))
    .map((line) => ({
      kind: line.startsWith("@@")
        ? "place"
        : line.startsWith("+")
          ? "added"
          : line.startsWith("-")
            ? "removed"
            : "same",
      text: line,
    }));
}
