/** What a laid out graph says: states of edges, counts of fan-outs, where an arrow key leads. Pure. */

import type { GraphLayout } from "./graph";
import { type Kind, SEVERITY } from "./states";

export type EdgeKind = "done" | "coming" | "held-failed" | "held-blocked";

/** What an edge says: it has run, is to come, or is held up by what it comes from. */
export function edgeKind(from: readonly Kind[], to: readonly Kind[]): EdgeKind {
  const waits = to.some((kind) => kind === "created" || kind === "skipped");
  if (waits && from.includes("failed")) return "held-failed";
  if (waits && from.includes("blocked")) return "held-blocked";
  return from.every((kind) => kind === "completed" || kind === "skipped") && !waits ? "done" : "coming";
}

/** Counts of a fan-out in words, worst first. */
export function tally(kinds: readonly Kind[]): [Kind, number][] {
  const counts = new Map<Kind, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return SEVERITY.filter((kind) => counts.has(kind)).map((kind) => [kind, counts.get(kind)!]);
}

/** The node that an arrow key leads to: along an edge to the right and left, within the column up and down. */
export function neighbour(layout: GraphLayout, id: number, key: string): number {
  const node = layout.nodes[id];
  if (!node) return layout.nodes[0]?.id ?? -1;
  const near = (ids: number[]): number => {
    let best = -1;
    let distance = Number.POSITIVE_INFINITY;
    for (const one of ids) {
      const d = Math.abs(layout.nodes[one]!.y - node.y) + Math.abs(layout.nodes[one]!.x - node.x) / 10;
      if (d < distance) [best, distance] = [one, d];
    }
    return best < 0 ? id : best;
  };
  if (key === "ArrowRight") return near(layout.edges.filter((edge) => edge.from === id).map((edge) => edge.to));
  if (key === "ArrowLeft") return near(layout.edges.filter((edge) => edge.to === id).map((edge) => edge.from));
  const down = key === "ArrowDown";
  return near(
    layout.nodes
      .filter((one) => one.level === node.level && (down ? one.y > node.y : one.y < node.y))
      .map((one) => one.id),
  );
}

/** A node with all that it needs and all that needs it, near and far. */
export function connected(layout: GraphLayout, id: number): Set<number> {
  const found = new Set([id]);
  const walk = (next: Map<number, number[]>): void => {
    const waiting = [id];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop())
      for (const one of next.get(at) ?? [])
        if (!found.has(one)) {
          found.add(one);
          waiting.push(one);
        }
  };
  const links = (from: "from" | "to", to: "from" | "to"): Map<number, number[]> => {
    const map = new Map<number, number[]>();
    for (const edge of layout.edges) {
      const list = map.get(edge[from]);
      if (list) list.push(edge[to]);
      else map.set(edge[from], [edge[to]]);
    }
    return map;
  };
  walk(links("from", "to"));
  walk(links("to", "from"));
  for (const node of layout.nodes) if (node.parent !== undefined && found.has(node.parent)) found.add(node.id);
  return found;
}
