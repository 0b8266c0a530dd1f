/** States of a laid out run by node, counted once per version of the run: what is drawn sixty times a second reads it. */

import { FAN_OUT, type GraphLayout, type GraphNode, type Groups, PULLED } from "./graph";
import { edgeKind, tally } from "./graphread";
import type { RunModel } from "./run";
import { type Kind, SEVERITY } from "./states";

const RANK = new Map(SEVERITY.map((kind, rank) => [kind, rank]));

/** How old the times of the columns may be: reading them takes a look at every task. */
const SPANS_MS = 1_000;

export interface Span {
  from: number | null;
  to: number | null;
}

export class GraphFacts {
  readonly model: RunModel;
  readonly layout: GraphLayout;
  #version = -1;
  #worst: Kind[] = [];
  #spans = new Map<number, Span>();
  #spansAt = 0;
  #tallies = new Map<number, [Kind, number][]>();
  #edges = new Map<number, ReturnType<typeof edgeKind>>();

  constructor(model: RunModel, layout: GraphLayout) {
    this.model = model;
    this.layout = layout;
  }

  get version(): number {
    return this.#version;
  }

  kinds(node: GraphNode): Kind[] {
    return node.members.map((place) => this.model.kind(place));
  }

  /** The worst state of a node's members. */
  worst(node: GraphNode): Kind {
    this.#refresh();
    return this.#worst[node.id]!;
  }

  tally(node: GraphNode): [Kind, number][] {
    this.#refresh();
    let found = this.#tallies.get(node.id);
    if (!found) {
      found = tally(this.kinds(node));
      this.#tallies.set(node.id, found);
    }
    return found;
  }

  /** What the edge at `index` of the layout says. */
  edge(index: number): ReturnType<typeof edgeKind> {
    this.#refresh();
    let found = this.#edges.get(index);
    if (!found) {
      const { from, to } = this.layout.edges[index]!;
      const states = (id: number): Kind[] => this.tally(this.layout.nodes[id]!).map(([kind]) => kind);
      found = edgeKind(states(from), states(to));
      this.#edges.set(index, found);
    }
    return found;
  }

  /** When the tasks of a level began, and when all of them had ended: as of at most a second before `now`. */
  span(level: number, now: number): Span {
    if (now - this.#spansAt >= SPANS_MS) {
      this.#spansAt = now;
      this.#spans = spans(this.model, this.layout);
    }
    return this.#spans.get(level) ?? { from: null, to: null };
  }

  #refresh(): void {
    if (this.#version === this.model.version) return;
    this.#version = this.model.version;
    this.#tallies.clear();
    this.#edges.clear();
    this.#worst = this.layout.nodes.map((node) => {
      let best: Kind = "completed";
      let rank = SEVERITY.length;
      for (const place of node.members) {
        const kind = this.model.kind(place);
        const own = RANK.get(kind)!;
        if (own < rank) [best, rank] = [kind, own];
      }
      return best;
    });
  }
}

function spans(model: RunModel, layout: GraphLayout): Map<number, Span> {
  const found = new Map<number, Span & { open: boolean }>();
  for (const node of layout.nodes) {
    if (node.parent !== undefined) continue;
    const span = found.get(node.level) ?? { from: null, to: null, open: false };
    found.set(node.level, span);
    for (const place of node.members) {
      const task = model.data.tasks[place]!;
      const from = task.started_at ? Date.parse(task.started_at) : null;
      if (from !== null) span.from = span.from === null ? from : Math.min(span.from, from);
      if (task.ended_at) span.to = Math.max(span.to ?? 0, Date.parse(task.ended_at));
      else span.open = true;
    }
  }
  for (const span of found.values()) if (span.open) span.to = null;
  return found;
}

/** The members that folded fan-outs show beneath them: those that failed or are held; else the one that runs longest. */
export function notable(model: RunModel, { byKey }: Groups): number[] {
  const found: number[] = [];
  for (const members of byKey.values()) {
    if (members.length <= FAN_OUT) continue;
    const held = members.filter((place) => model.kind(place) === "failed" || model.kind(place) === "blocked");
    if (held.length) found.push(...held.slice(0, PULLED));
    else {
      const running = members.filter((place) => model.kind(place) === "executing");
      const began = (place: number): string => model.data.tasks[place]!.started_at ?? "~";
      if (running.length) found.push(running.reduce((a, b) => (began(b) < began(a) ? b : a)));
    }
  }
  return found;
}
