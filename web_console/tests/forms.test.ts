import { describe, expect, it } from "vitest";
import { type FieldSpec, problemsOf, sent, shownText, typedValue } from "../src/core/forms";

const bySsh = (values: Record<string, unknown>): boolean => values.reach === "ssh";
const SPECS: readonly FieldSpec[] = [
  { kind: "choice", name: "reach", label: "Reach", required: true, options: ["ssh", "agent"] },
  { kind: "mono", name: "host", label: "Host", required: true, when: bySsh },
  { kind: "mono", name: "name", label: "Name", check: (text) => (text === "bad" ? "Not this" : null) },
  { kind: "json", name: "schema", label: "Schema", required: true },
];
const SCHEMA = SPECS[3]!;

describe("a form of the catalogue", () => {
  it("does not send what has no meaning beside what was chosen", () =>
    expect(sent({ reach: "agent", host: "left over", other: 1 }, SPECS)).toEqual({ reach: "agent", other: 1 }));
  it("sends JSON as it was typed, with its nulls", () => {
    const schema = typedValue(SCHEMA, '{"default": null}');
    expect(sent({ reach: "ssh", host: "h", name: null, schema }, SPECS)).toEqual({
      reach: "ssh",
      host: "h",
      schema: { default: null },
    });
  });
  it("keeps half typed JSON as text and says so", () => {
    const schema = typedValue(SCHEMA, '{"a": ');
    expect(shownText(SCHEMA, schema)).toBe('{"a": ');
    expect(problemsOf(SPECS, { reach: "agent", schema })).toEqual({ schema: "This is no JSON object yet" });
    expect(problemsOf(SPECS, { reach: "agent", schema: typedValue(SCHEMA, "[1]") })).toHaveProperty("schema");
  });
  it("checks what is asked for and shown alone", () =>
    expect(problemsOf(SPECS, { reach: "ssh", name: "bad", schema: {} })).toEqual({ host: "Needed", name: "Not this" }));
});
