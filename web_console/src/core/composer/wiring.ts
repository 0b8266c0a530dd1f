/** How the nodes of a definition hang together, and whether a line that is being drawn may end where it is. Pure. */

import { type Definition, edgeOf, reference, references, withEdge, withInput } from "./definition";

export interface Port {
  name: string;
  type: string;
  required?: boolean;
}

/** The ports of a node, as the server tells them. */
export interface Ports {
  inputs: Port[];
  any_input: boolean;
  outputs: Port[];
  any_output: boolean;
  out_ports: string[];
}

export const UNKNOWN: Ports = {
  inputs: [],
  any_input: true,
  outputs: [],
  any_output: true,
  out_ports: ["success", "failure"],
};

/** `order`: the one begins when the other has left by a port. `data`: an output of the one is an input of the other. */
export interface Wire {
  kind: "order" | "data";
  from: string;
  /** An out-port, or an output ("failure" of a failed node's kind or sentence). */
  port: string;
  to: string;
  /** Of data: where it is used; the first step of the place. */
  input?: string;
}

/** Fields of a node that may hold references, beside its inputs. */
const ELSEWHERE = ["when", "for_each", "message", "branches", "resource"];

export function wires(definition: Definition): Wire[] {
  const found: Wire[] = [];
  for (const [to, node] of Object.entries(definition.nodes)) {
    for (const written of node.after ?? []) {
      const edge = edgeOf(written);
      found.push({ kind: "order", from: edge.node, port: edge.port, to });
    }
    const places = [...Object.entries(node.inputs ?? {}), ...ELSEWHERE.map((field) => [field, node[field]] as const)];
    const seen = new Set<string>();
    for (const [input, value] of places)
      for (const one of references(value)) {
        const key = `${one.node} ${one.output} ${input}`;
        if (seen.has(key)) continue;
        seen.add(key);
        found.push({ kind: "data", from: one.node, port: one.output ?? "failure", to, input });
      }
  }
  return found;
}

/** Whether `to` is reached from `from`, over however many steps. */
export function reaches(all: readonly Wire[], from: string, to: string): boolean {
  const after = Map.groupBy(all, (wire) => wire.from);
  const waiting = [from];
  const seen = new Set(waiting);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === to) return true;
    for (const wire of after.get(name) ?? [])
      if (!seen.has(wire.to)) {
        seen.add(wire.to);
        waiting.push(wire.to);
      }
  }
  return false;
}

/** What each type of input takes beside its own; the server has the last word. */
const TAKES: Record<string, readonly string[]> = {
  number: ["integer"],
  float: ["integer", "number"],
  string: ["file"],
  enum: ["string"],
  file: ["string"],
  files: ["array", "file", "string"],
  array: ["files"],
};

export function fits(given: string, taken: string): boolean {
  return given === "any" || taken === "any" || given === taken || (TAKES[taken]?.includes(given) ?? false);
}

/** Where a line begins: at an out-port, or at an output. */
export interface Begin {
  kind: "order" | "data";
  node: string;
  port: string;
}

/** Where it ends: at a node, or at one of its inputs. */
export interface End {
  node: string;
  input?: string;
}

export interface Drawing {
  definition: Definition;
  ports: ReadonlyMap<string, Ports>;
}

/** Why a line may not end there; null: it may. */
export function refusal({ definition, ports }: Drawing, begin: Begin, end: End): string | null {
  if (begin.node === end.node) return "A step can't wait for itself";
  const all = wires(definition);
  if (reaches(all, end.node, begin.node))
    return `This would be a circle: ${begin.node} comes after ${end.node} already`;
  if (begin.kind === "order") {
    if (end.input !== undefined) return "An out-port leads to a step; an output leads to an input";
    const there = all.some(
      (one) => one.kind === "order" && one.from === begin.node && one.port === begin.port && one.to === end.node,
    );
    return there ? `${end.node} comes after ${begin.node}.${begin.port} already` : null;
  }
  if (end.input === undefined) return "Choose the input that takes it";
  const given = ports.get(begin.node)?.outputs.find((one) => one.name === begin.port)?.type ?? "any";
  const taken = ports.get(end.node)?.inputs.find((one) => one.name === end.input)?.type ?? "any";
  return fits(given, taken) ? null : `${begin.port} is of type ${given}; ${end.input} takes ${taken}`;
}

/** Draw the line; the definition stays as it is where that is refused. */
export function connected(drawing: Drawing, begin: Begin, end: End): Definition {
  if (refusal(drawing, begin, end) !== null) return drawing.definition;
  return begin.kind === "order"
    ? withEdge(drawing.definition, begin.node, begin.port, end.node)
    : withInput(drawing.definition, end.node, end.input!, reference(begin.node, begin.port));
}
