import { describe, expect, it } from "vitest";
import { type Account, healthLines, healthOf, type Looked, type Measured, windowOf } from "../src/core/health";

const NOW = Date.parse("2026-11-22T14:31:46Z");
const at = (seconds: number): string => new Date(NOW + seconds * 1_000).toISOString();

const measured: Measured = {
  enabled: true,
  attempts: 20,
  unreachable: 0,
  refused: 0,
  p95_seconds: 1,
  last_success_at: at(-10),
  last_failure_at: null,
  last_sentence: null,
  running: 2,
  waiting: 0,
  jobs_active: 0,
  jobs_queued: 0,
};
const account: Account = {
  account: "ada@petrel:22",
  circuit: "closed",
  since: at(-2_000),
  cause: null,
  failed_probes: 0,
  next_probe_at: null,
  probing: false,
  lane: "fast",
  lane_since: at(-9_000),
  seconds: 0.1,
  blocked_tasks: 0,
  blocked_experiments: 0,
  gives_up_at: null,
};

function looked(change: Partial<Account> = {}, of: Partial<Measured> = {}): Looked {
  const one = { ...account, ...change };
  const { circuit, lane, blocked_tasks, blocked_experiments } = one;
  return {
    measured: { ...measured, ...of },
    standing: { circuit, lane, pinned_lane: null, blocked_tasks, blocked_experiments, accounts: [one] },
    window: undefined,
  };
}

describe("the health of a resource", () => {
  it("is out while its circuit is open, and says why, since when, and when it is probed", () => {
    const one = looked({
      circuit: "open",
      cause: { sentence: "petrel does not answer on port 22." },
      failed_probes: 8,
      next_probe_at: at(24),
    });
    expect(healthOf(one, NOW)).toBe("out");
    expect(healthLines(one, NOW)).toEqual({
      now: "petrel does not answer on port 22",
      since: account.since,
      next: "Probe 9",
      at: at(24),
    });
  });
  it("never promises a probe at an instant while one is under way", () => {
    const one = looked({ circuit: "open", probing: true, next_probe_at: at(24) });
    expect(healthLines(one, NOW)).toMatchObject({ next: "It is being probed", at: null });
  });
  it("is out, too, when it refuses the key: that opens no circuit", () => {
    const one = looked({}, { refused: 3, last_failure_at: at(-1), last_sentence: "tern refused the key" });
    expect(healthOf(one, NOW)).toBe("out");
    expect(healthLines(one, NOW).now).toBe("tern refused the key");
  });
  it("is healthy again once a login succeeded after the refusal", () => {
    expect(healthOf(looked({}, { refused: 3, last_failure_at: at(-60) }), NOW)).toBe("healthy");
  });
  it("is draining a day before its maintenance, and until that ends", () => {
    const window = { resource_id: "r", starts_at: at(3_600), ends_at: at(7_200), reason: "new file system" };
    const one = { ...looked(), window };
    expect(healthOf(one, NOW)).toBe("draining");
    expect(healthLines(one, NOW).at).toBe(window.starts_at);
    expect(healthLines(one, NOW + 3_700_000).at).toBe(window.ends_at);
    expect(healthOf({ ...looked(), window: { ...window, starts_at: at(200_000) } }, NOW)).toBe("healthy");
  });
  it("is slow only where the platform moved it, not where an operator keeps it in the slow lane", () => {
    const one = looked({ lane: "slow" });
    expect(healthOf(one, NOW)).toBe("slow");
    expect(healthOf({ ...one, standing: { ...one.standing!, pinned_lane: "slow" } }, NOW)).toBe("healthy");
  });
  it("takes the maintenance that matters now: not one that is over, and the first to begin", () => {
    const window = (from: number, to: number, id = "r") => ({
      resource_id: id,
      starts_at: at(from),
      ends_at: at(to),
      reason: "",
    });
    const next = window(60, 120);
    expect(windowOf([window(-120, -60), window(600, 700), next, window(1, 2, "other")], "r", NOW)).toBe(next);
  });
});
