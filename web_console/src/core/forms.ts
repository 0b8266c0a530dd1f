/** Forms of the catalogue as data: what fields a thing has, and how their text becomes the value that is sent. Pure. */

export type FieldSpec =
  | {
      kind: "text" | "mono" | "area";
      name: string;
      label: string;
      required?: boolean;
      hint?: string;
      wide?: boolean;
      when?: When;
      check?: (text: string) => string | null;
    }
  | { kind: "number"; name: string; label: string; required?: boolean; hint?: string; wide?: boolean; when?: When }
  | { kind: "tick"; name: string; label: string; wide?: boolean; when?: When }
  | {
      kind: "choice";
      name: string;
      label: string;
      options: readonly (string | readonly [string, string])[];
      required?: boolean;
      hint?: string;
      wide?: boolean;
      when?: When;
    }
  /** A list of texts, one a line. */
  | { kind: "lines"; name: string; label: string; hint?: string; wide?: boolean; when?: When }
  /** Names with values, NAME=value, one a line. */
  | { kind: "pairs"; name: string; label: string; hint?: string; wide?: boolean; when?: When }
  /** Whatever JSON can say: sent as it was typed. */
  | { kind: "json"; name: string; label: string; required?: boolean; hint?: string; wide?: boolean; when?: When }
  | { kind: "group"; name: string; label: string; fields: readonly FieldSpec[]; when?: When }
  | {
      kind: "list";
      name: string;
      label: string;
      one: string;
      fields: readonly FieldSpec[];
      fresh: Values;
      when?: When;
    };

/** Whether a field has a meaning beside what else was chosen. */
type When = (values: Values) => boolean;

export type Values = Record<string, unknown>;

/** What a field shows of a value. */
export function shownText(spec: FieldSpec, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (spec.kind === "lines") return Array.isArray(value) ? value.join("\n") : "";
  if (spec.kind === "pairs")
    return typeof value === "object"
      ? Object.entries(value as Record<string, unknown>)
          .map(([name, text]) => `${name}=${String(text)}`)
          .join("\n")
      : "";
  // What is no JSON yet is kept as the text that it is.
  if (spec.kind === "json") return typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return String(value);
}

/** The value of what was typed; an empty field is no value at all. */
export function typedValue(spec: FieldSpec, text: string): unknown {
  switch (spec.kind) {
    case "number":
      return text.trim() === "" ? null : Number.isFinite(Number(text)) ? Number(text) : text;
    case "lines":
      return text.split("\n").filter((line) => line !== "");
    case "pairs":
      return Object.fromEntries(
        text
          .split("\n")
          .filter((line) => line.trim() !== "")
          .map((line) => {
            const at = line.indexOf("=");
            return at < 0 ? [line.trim(), ""] : [line.slice(0, at).trim(), line.slice(at + 1)];
          }),
      );
    case "json":
      return text.trim() === "" ? null : (parsed(text) ?? text);
    default:
      return text === "" && !spec.name.startsWith("description") ? null : text;
  }
}

/** The object that a text is in JSON; null for what is none. */
function parsed(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** What is wrong with the fields themselves, by path, before anything is sent. */
export function problemsOf(specs: readonly FieldSpec[], values: Values, path = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const spec of specs) {
    if (spec.when && !spec.when(values)) continue;
    const at = path ? `${path}.${spec.name}` : spec.name;
    const value = values[spec.name];
    if (spec.kind === "group") Object.assign(found, problemsOf(spec.fields, (value ?? {}) as Values, at));
    else if (spec.kind === "list")
      ((value ?? []) as Values[]).forEach((one, index) => {
        Object.assign(found, problemsOf(spec.fields, one, `${at}.${index}`));
      });
    else if ("required" in spec && spec.required && (value === null || value === undefined || value === ""))
      found[at] = "Needed";
    else if (spec.kind === "number" && value !== null && value !== undefined && typeof value !== "number")
      found[at] = "Must be a number";
    else if (spec.kind === "json" && typeof value === "string") found[at] = "This is no JSON object yet";
    else if ("check" in spec && spec.check && typeof value === "string") {
      const wrong = spec.check(value);
      if (wrong) found[at] = wrong;
    }
  }
  return found;
}

/** The value without what was left empty or has no meaning beside what was chosen: the server fills its defaults in. */
export function sent(values: Values, specs: readonly FieldSpec[] = []): Values {
  // In JSON, null is a value.
  const asTyped = new Set(specs.filter((spec) => spec.kind === "json").map((spec) => spec.name));
  const known = new Set(specs.map((spec) => spec.name));
  const meant = new Set(specs.filter((spec) => !spec.when || spec.when(values)).map((spec) => spec.name));
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name, value]) => value !== null && value !== undefined && (meant.has(name) || !known.has(name)))
      .map(([name, value]) => [name, asTyped.has(name) ? value : cleaned(value)]),
  );
}

function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleaned);
  return typeof value === "object" && value !== null ? sent(value as Values) : value;
}
