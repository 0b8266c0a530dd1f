/** Values as they are typed: text and references as they stand, everything else as JSON. Pure. */

import type { Parameter } from "./definition";

/** What a field shows of a value. A text that would read as something else is shown in quotes. */
export function shown(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return JSON.stringify(value);
  return value === "" || typeof parsed(value) !== "string" ? JSON.stringify(value) : value;
}

/** The value of what was typed; nothing typed is no value. */
export function parsed(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  if (/^(true|false|null|-?\d|[[{"])/.test(trimmed))
    try {
      return JSON.parse(trimmed);
    } catch {
      return text;
    }
  return text;
}

/** What is wrong with the text of a parameter; null: nothing. Files and resources are looked at by the server. */
export function problemOf(parameter: Parameter, text: string): string | null {
  const value = typed(parameter, text);
  if (value === undefined)
    return parameter.required === false || "default" in parameter ? null : "Needed: it has no default";
  const { choices, minimum, maximum } = parameter;
  if (choices?.length && !choices.some((one) => JSON.stringify(one) === JSON.stringify(value)))
    return `Must be one of ${choices.map(shown).join(", ")}`;
  switch (parameter.type) {
    case "integer":
      if (!Number.isSafeInteger(value)) return "Must be a whole number";
      break;
    case "number":
      if (typeof value !== "number") return "Must be a number";
      break;
    case "boolean":
      return typeof value === "boolean" ? null : "Must be true or false";
    case "array":
    case "files":
      return Array.isArray(value) ? null : "Must be a list, written as JSON: [1, 2]";
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? null
        : 'Must be an object, written as JSON: {"a": 1}';
  }
  if (typeof value === "number") {
    if (minimum != null && value < minimum) return `Must be at least ${minimum}`;
    if (maximum != null && value > maximum) return `Must be at most ${maximum}`;
  }
  return null;
}

/** The value of a parameter's text: one of text is never taken for a number. */
export function typed(parameter: Parameter, text: string): unknown {
  if (["string", "file", "resource"].includes(parameter.type)) return text === "" ? undefined : text;
  return parsed(text);
}
