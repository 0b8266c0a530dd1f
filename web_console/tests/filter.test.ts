import { describe, expect, it } from "vitest";
import { chips, formatFilter, parseFilter, since, without } from "../src/core/filter";

describe("the filter language", () => {
  it.each([
    "state:failed state:executing owner:ada since:24h spike trimer",
    'app:"gray scott" needs:you',
    'resource:"a \\"b\\"" x',
    "",
    "nokey:value state:nonsense https://example.org",
  ])("comes back from what it is formatted to: %s", (text) => {
    const filter = parseFilter(text);
    expect(parseFilter(formatFilter(filter))).toEqual(filter);
  });
  it("loses nothing that is typed", () => {
    expect(parseFilter("state:nonsense since:soon foo:bar").text).toBe("state:nonsense since:soon foo:bar");
  });
  it("drops one chip and keeps the rest", () => {
    const filter = parseFilter("state:failed state:canceled owner:ada");
    const chip = chips(filter)[0]!;
    expect(formatFilter(without(filter, chip))).toBe("state:canceled owner:ada");
  });
  it("knows spans of time", () => {
    expect(since(parseFilter("since:2d"), Date.parse("2026-11-22T00:00:00Z"))).toBe("2026-11-20T00:00:00.000Z");
  });
});
