import { describe, expect, it } from "vitest";
import { deliveriesOf, type Placed, placedFrom, placedProblems } from "../src/core/deliveries";

const places = [
  { name: "archive", enabled: true },
  { name: "old", enabled: false },
];
const one: Placed = { output: "table", storage: "archive", path: "runs/42/table.csv" };
const problems = (...placed: Placed[]): Record<string, string> => placedProblems(placed, ["table", "plot"], places);

describe("deliveries of a launch", () => {
  it("are the same after they were shown in the form", () => {
    const asked = [{ output: "table", to: "howdah://storage/archive/runs/42/table.csv" }];
    expect(deliveriesOf(placedFrom(asked))).toEqual(asked);
    expect(placedFrom(undefined)).toEqual([]);
  });
  it("are right where output, place and path are", () => expect(problems(one, { ...one, path: "b" })).toEqual({}));
  it.each([
    [{ output: "" }, "output", /Choose/],
    [{ output: "nothing" }, "output", /no output of this application/],
    [{ storage: "" }, "to", /Choose/],
    [{ storage: "elsewhere" }, "to", /no storage resource/],
    [{ storage: "old" }, "to", /switched off/],
    [{ path: " " }, "to", /Needed/],
    [{ path: "/abs" }, "to", /without \/ in front/],
    [{ path: "runs/" }, "to", /end with a name/],
    [{ path: "a/../b" }, "to", /empty/],
    [{ path: "a//b" }, "to", /empty/],
    [{ path: "a\u0007b" }, "to", /printed/],
    [{ path: "x".repeat(1_001) }, "to", /1000/],
  ])("say what is wrong with %j", (change, field, words) => {
    const found = problems({ ...one, ...change });
    expect(Object.keys(found)).toEqual([`deliveries.0.${field}`]);
    expect(found[`deliveries.0.${field}`]).toMatch(words);
  });
  it("never go to one place twice", () =>
    expect(problems(one, { ...one, output: "plot" })).toHaveProperty("deliveries.1.to"));
  it("of one output go to twenty places at most", () => {
    const many = Array.from({ length: 21 }, (_, nth) => ({ ...one, path: `${nth}` }));
    expect(Object.keys(problems(...many))).toEqual(["deliveries.20.output"]);
  });
  it("name no place that is missing while the places are not read yet", () =>
    expect(placedProblems([{ ...one, storage: "elsewhere" }], ["table"], undefined)).toEqual({}));
});
