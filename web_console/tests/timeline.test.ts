import { describe, expect, it } from "vitest";
import { type RunData, RunModel } from "../src/core/run";
import type { Change } from "../src/core/store";
import { criticalPath, layoutTimeline, segments } from "../src/core/timeline";

const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 22, 12, 0, seconds)).toISOString();
const ms = (seconds: number): number => Date.parse(at(seconds));

function data(): RunData {
  const task = (
    id: string,
    type: string,
    depends_on: number[],
    started: number | null,
    ended: number | null,
    state: string,
  ) => ({
    id,
    name: id,
    type,
    state,
    phase: null,
    resource_id: "r",
    attempt: 1,
    due_at: null,
    started_at: started === null ? null : at(started),
    ended_at: ended === null ? null : at(ended),
    depends_on,
    failure: null,
  });
  const attempt = (
    place: number,
    number: number,
    published: number,
    started: number | null,
    ended: number | null,
    state: string,
  ) => ({
    task: place,
    attempt: number,
    state,
    lane: "fast",
    published_at: at(published),
    started_at: started === null ? null : at(started),
    ended_at: ended === null ? null : at(ended),
  });
  return {
    process: { id: "p", state: "MONITORING", number: 1, created_at: at(0), ended_at: null },
    last_seq: 10,
    tasks: [
      task("stage", "input-staging", [], 1, 3, "COMPLETED"),
      task("submit", "job-submission", [0], 8, 9, "COMPLETED"),
      task("monitor", "job-monitoring", [1], 9, null, "EXECUTING"),
      task("fetch", "output-staging", [2], null, null, "CREATED"),
    ],
    attempts: [
      attempt(0, 1, 0, 1, 3, "COMPLETED"),
      attempt(1, 1, 3, 4, 5, "FAILED"),
      attempt(1, 2, 7, 8, 9, "COMPLETED"),
      attempt(2, 1, 9, 9, null, "EXECUTING"),
    ],
    jobs: [{ task: 1, state: "ACTIVE", native_id: "7", created_at: at(8), started_at: at(15), ended_at: null }],
  };
}

describe("the timeline", () => {
  it("tells copies, failed attempts, retry gaps and the cluster's queue apart", () => {
    const model = new RunModel(data());
    expect(segments(model, 0).map((one) => one.kind)).toEqual(["wait", "copy"]);
    expect(segments(model, 1).map((one) => [one.kind, one.from, one.to])).toEqual([
      ["wait", ms(3), ms(4)],
      ["failed", ms(4), ms(5)],
      ["retry", ms(5), ms(7)],
      ["wait", ms(7), ms(8)],
      ["run", ms(8), ms(9)],
    ]);
    expect(segments(model, 2)).toEqual([
      { kind: "wait", from: ms(9), to: ms(15) },
      { kind: "run", from: ms(15), to: null },
    ]);
  });
  it("follows what was waited for longest", () =>
    expect(criticalPath(new RunModel(data()), ms(20))).toEqual([0, 1, 2]));
  it("accounts for every second of the critical path", () => {
    const { spent } = layoutTimeline(new RunModel(data()), { now: ms(20), expanded: new Set() });
    expect(Object.values(spent).reduce((a, b) => a + b, 0)).toBe(20_000);
    expect(spent).toMatchObject({ wait: 9_000, copy: 2_000, failed: 1_000, retry: 2_000, run: 6_000 });
  });
});

describe("a run that moves", () => {
  const change = (seq: number, to: string): Change => ({
    seq,
    kind: "task-completed",
    at: at(30),
    actor: "x",
    experiment_id: "e",
    process_id: "p",
    task_id: "monitor",
    attempt: 1,
    changes: [{ entity: "task", id: "monitor", from: "EXECUTING", to }],
    payload: {},
  });
  it("applies each event once", () => {
    const model = new RunModel(data());
    expect([...model.apply([change(9, "FAILED"), change(11, "COMPLETED")], "e")]).toEqual([2]);
    expect(model.counts.get("COMPLETED")).toBe(3);
    expect(model.attempts(2).at(-1)!.ended_at).toBe(at(30));
    expect(model.apply([change(11, "COMPLETED")], "e").size).toBe(0);
  });
});

describe("a task that waits for a resource that is away", () => {
  it("is blocked, not retried: in the counts, on the graph, and as the end of its bar", () => {
    const run = data();
    Object.assign(run.tasks[0]!, { state: "RETRY_WAIT", blocked: true, ended_at: null });
    run.attempts = run.attempts.filter((one) => one.task !== 0);
    run.attempts.push({
      task: 0,
      attempt: 1,
      state: "FAILED",
      lane: "fast",
      published_at: at(0),
      started_at: at(1),
      ended_at: at(3),
    });
    const model = new RunModel(run);
    expect(model.kind(0)).toBe("blocked");
    expect([model.counts.get("BLOCKED"), model.counts.get("RETRY_WAIT")]).toEqual([1, undefined]);
    expect(segments(model, 0).at(-1)).toEqual({ kind: "blocked", from: ms(3), to: null });
  });
});
