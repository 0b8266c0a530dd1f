import { describe, expect, it } from "vitest";
import { foldReturns, spans } from "../src/core/ansi";
import {
  changesOf,
  deadlineProblem,
  type InputSpec,
  priorityProblem,
  problemOf,
  termsOf,
  typedFrom,
  valuesOf,
} from "../src/core/inputs";
import { BLOCK, LogPages } from "../src/core/logpages";
import { bytes, duration, exact, instant, offset, ticks, upcoming } from "../src/core/time";
import { became } from "../src/core/words";

describe("a terminal's lines", () => {
  it("fold a progress bar to its last state", () => expect(foldReturns("10 %\r50 %\r100 %\r")).toBe("100 %"));
  it("keep the tail that a shorter text does not cover", () => expect(foldReturns("abcdef\rxy")).toBe("xycdef"));
  it("take backspaces", () => expect(foldReturns("ab\b\bcd")).toBe("cd"));
  it("turn colours into styles and drop the rest", () => {
    expect(spans("\u001b[1;31mred\u001b[0m plain\u001b[2K\u001b]0;title\u0007")).toEqual([
      { text: "red", style: "bold fg-1" },
      { text: " plain", style: "" },
    ]);
  });
  it("show no control character", () => expect(spans("a\u0000b\u0007")[0]!.text).toBe("ab"));
});

describe("a log of any size", () => {
  const lines = Array.from({ length: 60_000 }, (_, index) => `line ${index} ${"ä".repeat(index % 7)}`);
  const content = new TextEncoder().encode(lines.join("\n"));
  it("has each line exactly once, whatever block it begins in", async () => {
    const pages = new LogPages(content.length, (from, to) => Promise.resolve(content.slice(from, to)));
    const read: string[] = [];
    for (let block = 0; block < pages.blocks; block += 1)
      read.push(...(await pages.lines(block)).map((line) => line.text));
    expect(read).toEqual(lines);
    expect(pages.blocks).toBeGreaterThan(3);
  });
  it("are searched in any case, from a byte on and then from the begin, across the pieces that are read", async () => {
    const content = new TextEncoder().encode(`Öne\nneedle one\n${"x".repeat(99)}\n`.repeat(60_000));
    const pages = new LogPages(content.length, (from, to) => Promise.resolve(content.slice(from, to)));
    const seen: number[] = [];
    expect(await pages.find("NEEDLE", 0, (at) => seen.push(at))).toBe(5);
    expect(await pages.find("needle", 6, () => {})).toBe(5 + 116);
    expect(await pages.find("needle", content.length - 3, () => {})).toBe(5);
    expect(await pages.find("nowhere", 0, (at) => seen.push(at))).toBeNull();
    expect(seen.length).toBe(3);
  });
  it("keeps no more than it may", async () => {
    const pages = new LogPages(BLOCK * 100, () => Promise.resolve(new Uint8Array(10)));
    for (let block = 0; block < 100; block += 1) await pages.lines(block);
    expect(pages.kept).toBeLessThanOrEqual(24);
  });
  it("forgets a block that could not be read, so that it is tried again", async () => {
    let broken = true;
    const pages = new LogPages(5, () =>
      broken ? Promise.reject(new Error("no")) : Promise.resolve(new TextEncoder().encode("hello")),
    );
    await expect(pages.lines(0)).rejects.toThrow("no");
    broken = false;
    expect(await pages.lines(0)).toEqual([{ at: 0, text: "hello" }]);
  });
});

describe("times as people read them", () => {
  it.each([
    [84, "84 ms"],
    [3_140, "3.1 s"],
    [37_000, "37 s"],
    [2_272_000, "37 m 52 s"],
    [8_220_000, "2 h 17 m"],
    [100_800_000, "1 d 4 h"],
    [-5, "0 ms"],
  ])("%d ms is %s", (ms, text) => expect(duration(ms)).toBe(text));
  it("shortens instants by how far they are", () => {
    const now = Date.parse("2026-11-22T14:00:00Z");
    expect(instant(Date.parse("2026-11-22T13:05:09Z"), now, "UTC")).toBe("13:05:09");
    expect(instant(Date.parse("2026-11-21T13:05:09Z"), now, "UTC")).toBe("21 Nov");
    expect(instant(Date.parse("2027-02-20T13:05:09Z"), now, "UTC")).toBe("20 Feb 2027");
    expect(upcoming(now + 24_000, now, "UTC")).toBe("14:00:24, in 24 s");
  });
  it("keeps microseconds", () =>
    expect(exact("2026-11-22T13:05:09.123456Z", "UTC")).toBe("22 Nov 2026, 13:05:09.123456 UTC"));
  it("names the zone", () => expect(offset(0, "UTC")).toBe("UTC"));
  it("makes round ticks, no more than asked for", () => {
    const found = ticks(0, 3_600_000, 8);
    expect(found.length).toBeLessThanOrEqual(9);
    expect(found.every((one) => one % 600_000 === 0)).toBe(true);
  });
  it("writes sizes", () =>
    expect([0, 999, 1_500, 61_300_000_000].map(bytes)).toEqual(["0 B", "999 B", "1.5 kB", "61 GB"]));
});

describe("a launch form", () => {
  const input = (change: Partial<InputSpec>): InputSpec => ({
    name: "x",
    type: "integer",
    required: true,
    choices: [],
    description: "",
    ...change,
  });
  it.each<[Partial<InputSpec>, string, RegExp | null]>([
    [{ minimum: 1, maximum: 9 }, "10", /at most 9/],
    [{ minimum: 1 }, "0", /at least 1/],
    [{}, "1.5", /whole number/],
    [{}, "", /Needed/],
    [{ default: 3 }, "", null],
    [{ type: "float" }, "1e3", null],
    [{ type: "float" }, "Infinity", /number/],
    [{ type: "enum", choices: ["a"] }, "b", /one of a/],
    [{ type: "string", pattern: "[a-z]+" }, "aB", /pattern/],
    [{ type: "file" }, "/etc/passwd", /Upload/],
  ])("checks %o with %s", (change, text, wrong) => {
    const found = problemOf(input(change), text);
    if (wrong) expect(found).toMatch(wrong);
    else expect(found).toBeNull();
  });
  it("sends typed values, and nothing for what is empty", () => {
    const inputs = [input({ name: "n" }), input({ name: "b", type: "boolean" }), input({ name: "s", type: "string" })];
    expect(valuesOf(inputs, { n: "7", b: true, s: "" })).toEqual({ n: 7, b: true });
    expect(typedFrom(inputs, { n: 7 })).toEqual({ n: "7", b: false, s: "" });
  });
});

describe("the terms of a launch", () => {
  it.each([
    ["", null],
    ["-5", null],
    ["−100", null],
    ["101", /−100/],
    ["1.5", /whole/],
    ["high", /whole/],
  ])("checks the priority %s", (text, wrong) => {
    if (wrong) expect(priorityProblem(text)).toMatch(wrong);
    else expect(priorityProblem(text)).toBeNull();
  });
  it.each([
    ["", null],
    ["1.5", null],
    ["0", /above 0/],
    ["-1", /above 0/],
    ["soon", /hours/],
  ])("checks the hours %s", (text, wrong) => {
    if (wrong) expect(deadlineProblem(text)).toMatch(wrong);
    else expect(deadlineProblem(text)).toBeNull();
  });
  it("are sent as numbers and seconds, or as none", () => {
    expect(termsOf({ priority: "−5", deadline: "1,5" })).toEqual({ priority: -5, deadline_seconds: 5_400 });
    expect(termsOf({ priority: "", deadline: " " })).toEqual({ priority: 0, deadline_seconds: null });
  });
});

describe("a relaunch with edits", () => {
  const request = {
    name: "again",
    description: "",
    resource_id: "r",
    resource_ids: [],
    deliveries: [],
    priority: 5,
    deadline_seconds: null,
    launch: true,
  };
  it("tells only what is otherwise, and takes back what was emptied", () => {
    const before = { inputs: { steps: 1, seeds: "a" }, requirements: { nodes: 2, queue: "debug", account: null } };
    const after = { ...request, inputs: { steps: 4, seeds: "a" }, requirements: { queue: "debug" } };
    expect(changesOf(before, after)).toEqual({ ...request, inputs: { steps: 4 }, requirements: { nodes: null } });
  });
  it("tells nothing of inputs where all are as they were", () =>
    expect(changesOf({ inputs: { a: [1] } }, { ...request, inputs: { a: [1] }, requirements: {} }).inputs).toEqual({}));
});

describe("what an event changed", () => {
  it("is counted, in words, without what is said already", () => {
    const scheduled = { entity: "task", to: "SCHEDULED" };
    const changes = [
      { entity: "task", to: "COMPLETED" },
      scheduled,
      scheduled,
      { entity: "process", to: "POST_PROCESSING" },
    ];
    expect(became(changes, "task completed")).toBe("2 tasks scheduled, process post processing");
    expect(became([], "x")).toBe("");
  });
});
