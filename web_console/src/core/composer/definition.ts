/**
 * A workflow definition while somebody draws it, and what can be done to it: every edit takes one and returns another.
 *
 * Only what the composer edits is known here; what else an author wrote stays as it is. What is right and wrong is the
 * server's to say (`POST /workflows:validate`). Pure.
 */

export interface Definition {
  format?: string;
  name: string;
  description?: string;
  parameters?: Record<string, Parameter>;
  nodes: Record<string, Node>;
  outputs?: Record<string, unknown>;
}

export interface Parameter {
  type: string;
  description?: string;
  required?: boolean;
  default?: unknown;
  choices?: unknown[];
  minimum?: number;
  maximum?: number;
}

export type Kind = "task" | "application" | "workflow" | "choice" | "approval";
export type WrittenEdge = string | { node: string; port?: string };

export interface Node {
  kind?: Kind;
  after?: WrittenEdge[];
  inputs?: Record<string, unknown>;
  position?: Point;
  [field: string]: unknown;
}

export interface Point {
  x: number;
  y: number;
}

export const SUCCESS = "success";

export function kindOf(node: Node): Kind {
  return node.kind ?? "task";
}

/** What a node runs, in a word. */
export function runs(node: Node): string {
  switch (kindOf(node)) {
    case "task":
      return String(node.type ?? "task");
    case "application":
      return String(node.application ?? "application");
    case "workflow":
      return `${String(node.workflow ?? "workflow")}${node.version ? ` v${String(node.version)}` : ""}`;
    default:
      return kindOf(node);
  }
}

export function edgeOf(written: WrittenEdge): { node: string; port: string } {
  if (typeof written !== "string") return { node: written.node, port: written.port ?? SUCCESS };
  const dot = written.indexOf(".");
  return dot < 0 ? { node: written, port: SUCCESS } : { node: written.slice(0, dot), port: written.slice(dot + 1) };
}

const writtenEdge = (node: string, port: string): string => (port === SUCCESS ? node : `${node}.${port}`);

export const reference = (node: string, output: string): string => `\${nodes.${node}.outputs.${output}}`;

const NODE_REFERENCE =
  /\$\{\s*nodes\.([A-Za-z_][A-Za-z0-9_-]*)\.(?:outputs\.([A-Za-z_][A-Za-z0-9_-]*)|failure\b)[^{}]*\}/g;

/** Each output (null: the failure) of another node that a value refers to. */
export function references(value: unknown): { node: string; output: string | null; whole: boolean }[] {
  if (typeof value === "string")
    return [...value.matchAll(NODE_REFERENCE)].map((found) => ({
      node: found[1]!,
      output: found[2] ?? null,
      whole: found[0] === value.trim(),
    }));
  if (Array.isArray(value)) return value.flatMap(references).map((one) => ({ ...one, whole: false }));
  if (typeof value === "object" && value !== null)
    return Object.values(value)
      .flatMap(references)
      .map((one) => ({ ...one, whole: false }));
  return [];
}

/** A name that is free, made of what is to be called so. */
export function freeName(definition: Definition, wanted: string): string {
  const base =
    wanted
      .replace(/[^A-Za-z0-9_-]+/g, "-")
      .replace(/^[^A-Za-z_]+/, "")
      .slice(0, 50) || "step";
  let name = base;
  for (let number = 2; name in definition.nodes; number += 1) name = `${base}-${number}`;
  return name;
}

export function withNode(definition: Definition, name: string, node: Node): Definition {
  return { ...definition, nodes: { ...definition.nodes, [name]: node } };
}

/** Change fields of a node; undefined takes one away. */
export function changed(definition: Definition, name: string, fields: Partial<Node>): Definition {
  const node = definition.nodes[name];
  if (!node) return definition;
  const next = Object.fromEntries(Object.entries({ ...node, ...fields }).filter(([, value]) => value !== undefined));
  return withNode(definition, name, next as Node);
}

export function moved(definition: Definition, name: string, to: Point): Definition {
  return changed(definition, name, { position: { x: Math.round(to.x), y: Math.round(to.y) } });
}

/** Set an input; undefined takes it away. */
export function withInput(definition: Definition, name: string, input: string, value: unknown): Definition {
  const { [input]: _, ...others } = definition.nodes[name]?.inputs ?? {};
  const inputs = value === undefined ? others : { ...definition.nodes[name]?.inputs, [input]: value };
  return changed(definition, name, { inputs: Object.keys(inputs).length ? inputs : undefined });
}

export function withEdge(definition: Definition, from: string, port: string, to: string): Definition {
  const after = definition.nodes[to]?.after ?? [];
  return changed(definition, to, { after: [...after, writtenEdge(from, port)] });
}

export function withoutEdge(definition: Definition, from: string, port: string, to: string): Definition {
  const after = (definition.nodes[to]?.after ?? []).filter((one) => {
    const edge = edgeOf(one);
    return edge.node !== from || edge.port !== port;
  });
  return changed(definition, to, { after: after.length ? after : undefined });
}

/** Remove a node, the edges from it and inputs that are nothing but its output. What else names it is told as wrong. */
export function without(definition: Definition, name: string): Definition {
  const { [name]: _, ...nodes } = definition.nodes;
  let next: Definition = { ...definition, nodes };
  for (const [other, node] of Object.entries(nodes)) {
    for (const edge of (node.after ?? []).map(edgeOf))
      if (edge.node === name) next = withoutEdge(next, name, edge.port, other);
    for (const [input, value] of Object.entries(node.inputs ?? {}))
      if (references(value).some((one) => one.node === name && one.whole))
        next = withInput(next, other, input, undefined);
  }
  return next;
}

/** Rename a node, wherever it is named; its place among the others stays. */
export function renamed(definition: Definition, from: string, to: string): Definition {
  if (from === to || !(from in definition.nodes) || to in definition.nodes) return definition;
  const pattern = new RegExp(`(\\$\\{\\s*nodes\\.)${from}(?=\\.)`, "g");
  const within = (value: unknown): unknown => {
    if (typeof value === "string") return value.replace(pattern, `$1${to}`);
    if (Array.isArray(value)) return value.map(within);
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, within(inner)]));
    return value;
  };
  const nodes = Object.entries(definition.nodes).map(([name, node]): [string, Node] => {
    const after = node.after?.map((one) => {
      const edge = edgeOf(one);
      return edge.node === from ? writtenEdge(to, edge.port) : one;
    });
    const told = within(node) as Node;
    return [name === from ? to : name, after ? { ...told, after } : told];
  });
  const outputs = definition.outputs ? { outputs: within(definition.outputs) as Record<string, unknown> } : {};
  return { ...definition, ...outputs, nodes: Object.fromEntries(nodes) };
}
