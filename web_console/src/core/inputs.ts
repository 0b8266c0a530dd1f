/** The values of a launch form against the application's interface: the same rules as the server's. Pure. */

export interface InputSpec {
  name: string;
  type: "string" | "integer" | "float" | "boolean" | "enum" | "file";
  required: boolean;
  default?: unknown;
  minimum?: number | null;
  maximum?: number | null;
  choices: readonly string[];
  pattern?: string | null;
  description: string;
}

/** What stands in the form: text as typed, a tick, a file's URI. */
export type Typed = Record<string, string | boolean>;

export function typedFrom(inputs: readonly InputSpec[], values: Record<string, unknown>): Typed {
  const found: Typed = {};
  for (const input of inputs) {
    const value = values[input.name] ?? input.default;
    if (input.type === "boolean") found[input.name] = value === true;
    else found[input.name] = value === null || value === undefined ? "" : String(value);
  }
  return found;
}

export function range(input: InputSpec): string {
  const { minimum: low, maximum: high } = input;
  if (low != null && high != null) return `${low}–${high}`;
  if (low != null) return `at least ${low}`;
  if (high != null) return `at most ${high}`;
  return "";
}

/** Return what is wrong with a value, or nothing. */
export function problemOf(input: InputSpec, value: string | boolean | undefined): string | null {
  if (input.type === "boolean") return null;
  const text = typeof value === "string" ? value.trim() : "";
  if (!text) return input.required && input.default == null ? `Needed: ${article(input.type)}` : null;
  switch (input.type) {
    case "integer":
      if (!/^[+-]?\d+$/.test(text)) return "Must be a whole number";
      return outside(input, Number(text));
    case "float":
      if (!Number.isFinite(Number(text))) return "Must be a number";
      return outside(input, Number(text));
    case "enum":
      return input.choices.includes(text) ? null : `Must be one of ${input.choices.join(", ")}`;
    case "string":
      return input.pattern && !matches(input.pattern, text) ? `Must match the pattern ${input.pattern}` : null;
    case "file":
      return text.startsWith("howdah://objects/") ? null : "Upload a file, or give the howdah://objects/… URI of one";
  }
}

function article(type: string): string {
  return { integer: "a whole number", float: "a number", enum: "one of the choices", file: "a file" }[type] ?? "a text";
}

function outside(input: InputSpec, number: number): string | null {
  if (input.minimum != null && number < input.minimum) return `Must be at least ${input.minimum}`;
  if (input.maximum != null && number > input.maximum) return `Must be at most ${input.maximum}`;
  return null;
}

/** The server's patterns are Python's; one that a browser does not know is left to the server. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(text);
  } catch {
    return true;
  }
}

/** The values to be sent; what was left empty holds its default. */
export function valuesOf(inputs: readonly InputSpec[], typed: Typed): Record<string, string | number | boolean> {
  const values: Record<string, string | number | boolean> = {};
  for (const input of inputs) {
    const value = typed[input.name];
    if (input.type === "boolean") values[input.name] = value === true;
    else if (typeof value === "string" && value.trim())
      values[input.name] =
        input.type === "integer" || input.type === "float"
          ? Number(value)
          : input.type === "string"
            ? value
            : value.trim();
  }
  return values;
}

/** What is wrong with a priority, as typed; null: nothing. */
export function priorityProblem(text: string): string | null {
  if (!text.trim()) return null;
  return /^[-−]?\d+$/.test(text.trim()) && Math.abs(asNumber(text)) <= 100 ? null : "A whole number, −100 to 100";
}

/** What is wrong with a number of hours until the end; null: nothing. */
export function deadlineProblem(text: string): string | null {
  if (!text.trim()) return null;
  const seconds = Math.round(asNumber(text) * 3_600);
  return seconds >= 1 && seconds <= 316_224_000 ? null : "A number of hours above 0";
}

/** The terms of a launch as they are sent; of what was left empty, the default. */
export function termsOf(terms: { priority: string; deadline: string }): {
  priority: number;
  deadline_seconds: number | null;
} {
  return {
    priority: terms.priority.trim() ? asNumber(terms.priority) : 0,
    deadline_seconds: terms.deadline.trim() ? Math.round(asNumber(terms.deadline) * 3_600) : null,
  };
}

function asNumber(text: string): number {
  return Number(text.trim().replace("−", "-").replace(",", "."));
}

interface Request {
  name: string;
  description: string;
  resource_id: string | null;
  resource_ids: string[];
  priority: number;
  deadline_seconds: number | null;
  inputs: Record<string, unknown>;
  requirements: Record<string, unknown>;
  deliveries: { output: string; to: string }[];
  launch: boolean;
}

/** What a relaunch is told to do otherwise than the run that it begins from; what was left empty is taken back. */
export function changesOf(
  before: { inputs?: unknown; requirements?: unknown },
  { inputs, requirements, ...asked }: Request,
): Omit<Request, "inputs" | "requirements"> & { inputs: Record<string, never>; requirements: Record<string, never> } {
  const { name, description, resource_id, resource_ids, deliveries, priority, deadline_seconds, launch } = asked;
  return {
    name,
    description,
    resource_id,
    resource_ids,
    deliveries,
    priority,
    deadline_seconds,
    launch,
    inputs: differing(before.inputs, inputs),
    requirements: differing(before.requirements, requirements),
  };
}

function differing(before: unknown, after: Record<string, unknown>): Record<string, never> {
  const known = (before ?? {}) as Record<string, unknown>;
  const found = Object.fromEntries(
    [...new Set([...Object.keys(known), ...Object.keys(after)])]
      .filter((name) => JSON.stringify(known[name] ?? null) !== JSON.stringify(after[name] ?? null))
      .map((name) => [name, after[name] ?? null]),
  );
  return found as Record<string, never>;
}
