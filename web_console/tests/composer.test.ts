import { describe, expect, it } from "vitest";
import {
  type Definition,
  edgeOf,
  freeName,
  moved,
  references,
  renamed,
  without,
  withoutEdge,
} from "../src/core/composer/definition";
import { diffLines, marks } from "../src/core/composer/differing";
import { begun, done, redone, undone } from "../src/core/composer/history";
import { anchor, placed } from "../src/core/composer/placing";
import { parsed, problemOf, shown } from "../src/core/composer/values";
import { connected, fits, type Ports, reaches, refusal, wires } from "../src/core/composer/wiring";

const definition: Definition = {
  name: "count-words",
  nodes: {
    fetch: { kind: "task", type: "command", inputs: { argv: ["cat"] } },
    count: { kind: "task", type: "word-count", inputs: { text: "${nodes.fetch.outputs.stdout}", limit: 3 } },
    look: { kind: "approval", message: "Right? ${nodes.count.outputs.words}" },
    tell: { kind: "task", type: "command", after: ["look.approved", { node: "count" }], x: { kept: true } },
  },
  outputs: { words: "${nodes.count.outputs.words}" },
};
const port = (name: string, type: string) => ({ name, type });
const ports = new Map<string, Ports>([
  [
    "fetch",
    {
      inputs: [port("argv", "array")],
      any_input: false,
      outputs: [port("stdout", "string")],
      any_output: false,
      out_ports: ["success", "failure"],
    },
  ],
  [
    "count",
    {
      inputs: [port("text", "string"), port("limit", "integer")],
      any_input: false,
      outputs: [port("words", "integer")],
      any_output: false,
      out_ports: ["success", "failure"],
    },
  ],
  [
    "look",
    {
      inputs: [],
      any_input: false,
      outputs: [port("choice", "string")],
      any_output: false,
      out_ports: ["approved", "rejected", "failure"],
    },
  ],
  [
    "tell",
    {
      inputs: [port("argv", "array")],
      any_input: false,
      outputs: [],
      any_output: true,
      out_ports: ["success", "failure"],
    },
  ],
]);
const drawing = { definition, ports };

describe("a definition", () => {
  it("reads edges in their short and long forms", () => {
    expect([edgeOf("a"), edgeOf("a.b-c"), edgeOf({ node: "a" })].map((one) => `${one.node}:${one.port}`)).toEqual([
      "a:success",
      "a:b-c",
      "a:success",
    ]);
  });
  it("finds references wherever they stand in a value, and whether they are all of it", () => {
    const value = { a: ["x ${nodes.n.outputs.o.part} y"], b: "${nodes.m.failure.kind}", c: "$${nodes.no}" };
    expect(references(value).map((one) => [one.node, one.output])).toEqual([
      ["n", "o"],
      ["m", null],
    ]);
    expect(references("${ nodes.n.outputs.o? }")[0]!.whole).toBe(true);
  });
  it("renames a node wherever it is named, and nothing that merely begins alike", () => {
    const both = {
      ...definition,
      nodes: { ...definition.nodes, "count-2": { message: "${nodes.count-2.outputs.x}" } },
    };
    const next = renamed(both, "count", "tally");
    expect(Object.keys(next.nodes)).toEqual(["fetch", "tally", "look", "tell", "count-2"]);
    expect(next.nodes.look!.message).toBe("Right? ${nodes.tally.outputs.words}");
    expect(next.nodes.tell!.after).toEqual(["look.approved", "tally"]);
    expect(next.nodes["count-2"]!.message).toBe("${nodes.count-2.outputs.x}");
    expect(next.outputs).toEqual({ words: "${nodes.tally.outputs.words}" });
    expect(renamed(definition, "count", "look")).toBe(definition);
  });
  it("loses with a node its edges and the inputs that were its outputs, and nothing else", () => {
    const next = without(definition, "fetch");
    expect(next.nodes.count!.inputs).toEqual({ limit: 3 });
    expect(without(definition, "look").nodes.tell!.after).toEqual([{ node: "count" }]);
    expect(withoutEdge(without(definition, "look"), "count", "success", "tell").nodes.tell).toEqual({
      kind: "task",
      type: "command",
      x: { kept: true },
    });
  });
  it("offers names that are free and well-formed", () => {
    expect([freeName(definition, "count"), freeName(definition, "9 lives!"), freeName(definition, "…")]).toEqual([
      "count-2",
      "lives-",
      "step",
    ]);
  });
});

describe("drawing a line", () => {
  it("knows what hangs together by order and by data", () => {
    expect(
      wires(definition).map((one) => `${one.from}.${one.port}>${one.to}${one.input ? `.${one.input}` : ""}`),
    ).toEqual(["fetch.stdout>count.text", "count.words>look.message", "look.approved>tell", "count.success>tell"]);
    expect(reaches(wires(definition), "fetch", "tell")).toBe(true);
    expect(reaches(wires(definition), "tell", "fetch")).toBe(false);
  });
  it.each([
    [{ kind: "order", node: "tell", port: "success" }, { node: "tell" }, /itself/],
    [{ kind: "order", node: "tell", port: "success" }, { node: "fetch" }, /circle: tell comes after fetch/],
    [{ kind: "order", node: "count", port: "success" }, { node: "tell" }, /already/],
    [{ kind: "data", node: "count", port: "words" }, { node: "tell" }, /Choose the input/],
    [{ kind: "data", node: "count", port: "words" }, { node: "tell", input: "argv" }, /integer; argv takes array/],
    [{ kind: "order", node: "count", port: "failure" }, { node: "tell", input: "argv" }, /leads to a step/],
  ] as const)("refuses %j to %j with the reason, and changes nothing", (begin, end, reason) => {
    expect(refusal(drawing, begin, end)).toMatch(reason);
    expect(connected(drawing, begin, end)).toBe(definition);
  });
  it("ends at a step as an edge, at an input as a reference", () => {
    const ordered = connected(drawing, { kind: "order", node: "count", port: "failure" }, { node: "tell" });
    expect(ordered.nodes.tell!.after).toEqual(["look.approved", { node: "count" }, "count.failure"]);
    const given = connected(drawing, { kind: "data", node: "look", port: "choice" }, { node: "tell", input: "note" });
    expect(given.nodes.tell!.inputs).toEqual({ note: "${nodes.look.outputs.choice}" });
  });
  it("takes a whole number for a number, a file for a text, and never an object for a file", () => {
    expect([fits("integer", "number"), fits("file", "string"), fits("any", "file"), fits("object", "file")]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe("where cards stand", () => {
  it("is to the right of all that comes before, and never on one another", () => {
    const { cards } = placed(definition, ports);
    expect(cards.get("fetch")!.x).toBeLessThan(cards.get("count")!.x);
    expect(cards.get("count")!.x).toBeLessThan(cards.get("look")!.x);
    const list = [...cards.values()];
    for (const a of list)
      for (const b of list)
        expect(
          a === b || a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y,
        ).toBe(true);
  });
  it("is where one was put", () => {
    expect(placed(moved(definition, "look", { x: 10.4, y: 20 }), ports).cards.get("look")).toMatchObject({
      x: 10,
      y: 20,
    });
  });
  it("lets lines begin and end at their ports", () => {
    const { cards, lines } = placed(definition, ports);
    const line = lines.find((one) => one.to === "count")!;
    expect(line.begin).toEqual(anchor(cards.get("fetch")!, "out", "stdout"));
    expect(line.end).toEqual(anchor(cards.get("count")!, "in", "text"));
    expect(lines.find((one) => one.port === "approved")!.begin.y).toBe(
      anchor(cards.get("look")!, "out", "@approved").y,
    );
  });
  it("survives a circle, an unknown node and a thousand steps", () => {
    const circle: Definition = { name: "c", nodes: { a: { after: ["b", "gone"] }, b: { after: ["a"] } } };
    expect(placed(circle, new Map()).lines).toHaveLength(2);
    const nodes = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, at) => [`n${at}`, at ? { after: [`n${Math.floor(at / 2)}`] } : {}]),
    );
    expect(placed({ name: "wide", nodes }, new Map()).cards.size).toBe(1_000);
  });
});

describe("what was done", () => {
  it("is taken back and done again; dragging a card is one step", () => {
    let history = begun(0);
    for (const next of [1, 2, 3]) history = done(history, next, "move a");
    history = done(history, 4, "rename");
    expect(undone(history).now).toBe(3);
    expect(undone(undone(history)).now).toBe(0);
    expect(redone(undone(history)).now).toBe(4);
    expect(undone(begun(1)).now).toBe(1);
  });
});

describe("two versions", () => {
  it("differ in what steps do, not in where they stand or how keys are ordered", () => {
    const after = renamed(moved(definition, "count", { x: 1, y: 1 }), "tell", "say");
    expect([...marks(definition, after)]).toEqual([
      ["say", "added"],
      ["tell", "removed"],
    ]);
    const turned = {
      ...definition,
      nodes: { ...definition.nodes, fetch: { type: "command", inputs: { argv: ["ls"] } } },
    };
    expect(marks(definition, turned).get("fetch")).toBe("changed");
  });
  it("are read from a unified diff", () =>
    expect(diffLines("--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z\n").map((one) => one.kind)).toEqual([
      "place",
      "removed",
      "added",
      "same",
    ]));
});

describe("values as they are typed", () => {
  it.each([["text"], ["${nodes.a.outputs.b}"], [3], [true], [[1, "a"]], ["3"], [""], [null], ["[not json"]])(
    "%j comes back as it was",
    (value) => expect(parsed(shown(value))).toEqual(value),
  );
  it("are held against the parameter, with what would be right", () => {
    expect(problemOf({ type: "integer", minimum: 1 }, "0")).toBe("Must be at least 1");
    expect(problemOf({ type: "integer" }, "1.5")).toBe("Must be a whole number");
    expect(problemOf({ type: "array" }, "[1")).toMatch(/list/);
    expect(problemOf({ type: "string" }, "12")).toBeNull();
    expect(problemOf({ type: "string" }, "")).toMatch(/Needed/);
    expect(problemOf({ type: "string", default: "x" }, "")).toBeNull();
    expect(problemOf({ type: "string", choices: ["a", "b"] }, "c")).toBe("Must be one of a, b");
  });
});
