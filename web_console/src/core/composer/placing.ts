/** Where the cards of a definition stand, where their ports are, and the lines between them. Pure. */

import { type GraphInput, type GraphNode, levels } from "../graph";
import { place } from "../graphplace";
import type { Definition, Point } from "./definition";
import { type Ports, UNKNOWN, type Wire, wires } from "./wiring";

export const CARD = { width: 208, head: 44, row: 20, foot: 8 };
const SHOWN_INPUTS = 8;

export interface Card {
  name: string;
  x: number;
  y: number;
  width: number;
  height: number;
  /** Inputs that have a row, in order; of many only those that are required, given or first. */
  inputs: string[];
  hidden: number;
  outPorts: string[];
  outputs: string[];
}

export interface Line extends Wire {
  path: string;
  begin: Point;
  end: Point;
}

export interface Placed {
  cards: Map<string, Card>;
  lines: Line[];
  width: number;
  height: number;
}

export function placed(definition: Definition, ports: ReadonlyMap<string, Ports>): Placed {
  const all = wires(definition).filter((wire) => wire.from in definition.nodes);
  const cards = new Map<string, Card>();
  for (const name of Object.keys(definition.nodes)) cards.set(name, card(definition, name, ports.get(name), all));
  arrange(definition, cards, all);
  const lines = all.map((wire) => line(wire, cards));
  const list = [...cards.values()];
  return {
    cards,
    lines,
    width: Math.max(0, ...list.map((one) => one.x + one.width)),
    height: Math.max(0, ...list.map((one) => one.y + one.height)),
  };
}

function card(definition: Definition, name: string, known: Ports | undefined, all: readonly Wire[]): Card {
  const ports = known ?? UNKNOWN;
  const given = new Set(Object.keys(definition.nodes[name]?.inputs ?? {}));
  const offered = [...new Set([...ports.inputs.map((one) => one.name), ...given])];
  const required = new Set(ports.inputs.filter((one) => one.required).map((one) => one.name));
  const inputs =
    offered.length <= SHOWN_INPUTS
      ? offered
      : [...offered.filter((one) => given.has(one) || required.has(one)), ...offered]
          .filter((one, index, list) => list.indexOf(one) === index)
          .slice(0, Math.max(SHOWN_INPUTS, given.size));
  const used = all.filter((wire) => wire.kind === "data" && wire.from === name).map((wire) => wire.port);
  const outputs = [...new Set([...ports.outputs.map((one) => one.name), ...used.filter((one) => one !== "failure")])];
  const ordered = all.filter((wire) => wire.kind === "order" && wire.from === name).map((wire) => wire.port);
  const outPorts = [...new Set([...ports.out_ports, ...ordered])];
  const rows = Math.max(inputs.length, outPorts.length + outputs.length);
  const hidden = offered.length - inputs.length;
  const height = CARD.head + (rows + (hidden > 0 ? 1 : 0)) * CARD.row + CARD.foot;
  return { name, x: 0, y: 0, width: CARD.width, height, inputs, hidden, outPorts, outputs };
}

/** A card that was moved stands where it was put; the others in columns, by the longest way to them. */
function arrange(definition: Definition, cards: ReadonlyMap<string, Card>, all: readonly Wire[]): void {
  const names = [...cards.keys()];
  const index = new Map(names.map((name, at) => [name, at]));
  const needs = names.map(() => new Set<number>());
  for (const wire of all) if (wire.from !== wire.to) needs[index.get(wire.to)!]!.add(index.get(wire.from)!);
  const tasks = names.map(
    (name, at): GraphInput => ({ name, type: name, resource_id: null, depends_on: [...needs[at]!] }),
  );
  const level = levels(tasks);
  const nodes = names.map((name, at): GraphNode => {
    const { width, height } = cards.get(name)!;
    return { id: at, label: name, level: level[at]!, row: "", members: [at], x: 0, y: 0, width, height: height + 12 };
  });
  const edges = tasks.flatMap((task, to) => task.depends_on.map((from) => ({ from, to })));
  if (nodes.length) place(nodes, edges, tasks);
  names.forEach((name, at) => {
    const chosen = definition.nodes[name]!.position;
    // Columns stand further apart than in a run: lines carry names here.
    const by = chosen ?? { x: 24 + (nodes[at]!.x - 14) + level[at]! * 40, y: 24 + nodes[at]!.y };
    Object.assign(cards.get(name)!, { x: by.x, y: by.y });
  });
}

/** Where an out-port, an output, an input, or the head of a card is. */
export function anchor(one: Card, side: "in" | "out", port: string | null): Point {
  const row = (at: number): number => one.y + CARD.head + at * CARD.row + CARD.row / 2;
  const head = { x: side === "in" ? one.x : one.x + one.width, y: one.y + CARD.head / 2 };
  if (port === null) return head;
  if (side === "in") {
    const at = one.inputs.indexOf(port);
    return at < 0 ? head : { x: one.x, y: row(at) };
  }
  const at = [...one.outPorts.map((name) => `@${name}`), ...one.outputs].indexOf(port);
  return at < 0 ? head : { x: one.x + one.width, y: row(at) };
}

export function curve(from: Point, to: Point): string {
  const bend = Math.max(28, Math.min(120, Math.abs(to.x - from.x) / 2));
  return `M${from.x} ${from.y}C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
}

function line(wire: Wire, cards: ReadonlyMap<string, Card>): Line {
  const order = wire.kind === "order" || wire.port === "failure";
  const begin = anchor(cards.get(wire.from)!, "out", order ? `@${wire.port}` : wire.port);
  const end = anchor(cards.get(wire.to)!, "in", wire.kind === "order" ? null : (wire.input ?? null));
  return { ...wire, begin, end, path: curve(begin, end) };
}
