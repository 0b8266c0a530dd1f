import { describe, expect, it } from "vitest";
import { type QueuesSeen, queueWords } from "../src/core/queues";

const NOW = Date.parse("2026-11-28T13:00:30Z");
const batch = { name: "batch", starts_jobs: true, pending: 12, running: 3, free_cores: 40 };
const seen: QueuesSeen = {
  readable: true,
  state: "done",
  seen_at: "2026-11-28T13:00:00Z",
  queues: [batch, { name: "gpu", starts_jobs: false, pending: 2, running: 0 }],
  failure: null,
};

describe("what is said of a queue", () => {
  it("says who runs, who waits and what is free, and how old that is", () => {
    expect(queueWords(seen, "batch", NOW)).toEqual({
      words: "3 run, 12 wait, 40 cores free",
      note: "seen 30 s ago",
      stopped: false,
    });
  });
  it("tells of a queue that starts nothing, and of one that is not listed", () => {
    expect(queueWords(seen, "gpu", NOW)).toMatchObject({ words: "starts no jobs now", stopped: true });
    expect(queueWords(seen, "night", NOW)).toMatchObject({ words: "not listed there", stopped: false });
  });
  it("takes the only queue where none is named", () => {
    expect(queueWords({ ...seen, queues: [batch] }, undefined, NOW)?.words).toContain("12 wait");
    expect(queueWords(seen, undefined, NOW)?.words).toBe("2 queues");
  });
  it("says that it looks, or why nothing is known", () => {
    const never: QueuesSeen = { ...seen, seen_at: null, queues: [] };
    expect(queueWords({ ...never, state: "running" }, "batch", NOW)?.words).toBe("looking …");
    expect(queueWords({ ...never, failure: { sentence: "The host is away." } }, "batch", NOW)).toMatchObject({
      words: "not known",
      note: "The host is away.",
    });
    expect(queueWords({ ...seen, failure: { sentence: "The host is away." } }, "batch", NOW)?.note).toBe(
      "seen 30 s ago; since then: The host is away.",
    );
  });
  it("says nothing of schedulers whose queues nobody can look at", () => {
    expect(queueWords({ ...seen, readable: false }, "batch", NOW)).toBeNull();
    expect(queueWords(undefined, "batch", NOW)).toBeNull();
  });
});
