import { describe, expect, it } from "vitest";
import { type Change, EventStore, type Flush, MAX_PENDING, moved } from "../src/core/store";

const change = (seq: number, to = "EXECUTING", experiment = "e"): Change => ({
  seq,
  kind: "task-started",
  at: "2026-11-22T12:00:00.000000Z",
  actor: "x",
  experiment_id: experiment,
  process_id: "p",
  task_id: "t",
  attempt: 1,
  changes: [{ entity: "task", id: "t", from: "SCHEDULED", to }],
  payload: {},
});

function stage() {
  const planned: (() => void)[] = [];
  const store = new EventStore((callback) => planned.push(callback));
  const flushes: Flush[] = [];
  store.subscribe((flush) => flushes.push({ ...flush, changes: [...flush.changes] }));
  return { store, flushes, planned, frame: () => planned.splice(0).forEach((one) => void one()) };
}

describe("the event store", () => {
  it("tells views once a frame, however many events came", () => {
    const { store, flushes, planned, frame } = stage();
    for (let seq = 1; seq <= 1_000; seq += 1) store.push([change(seq)]);
    expect(planned).toHaveLength(1);
    frame();
    expect(flushes).toHaveLength(1);
    expect(flushes[0]!.changes).toHaveLength(1_000);
  });
  it("drops what a replay tells twice", () => {
    const { store, flushes, frame } = stage();
    store.push([change(1), change(2)]);
    store.push([change(1), change(2), change(3)]);
    frame();
    expect(flushes[0]!.changes.map((one) => one.seq)).toEqual([1, 2, 3]);
  });
  it("counts each experiment's events for itself", () => {
    const { store, flushes, frame } = stage();
    store.push([change(5, "EXECUTING", "a"), change(1, "EXECUTING", "b")]);
    frame();
    expect(flushes[0]!.changes).toHaveLength(2);
  });
  it("is bounded: forgets what waits and has everything read anew", () => {
    const { store, flushes, frame } = stage();
    store.push(Array.from({ length: MAX_PENDING + 1 }, (_, index) => change(index + 1)));
    frame();
    expect(flushes).toEqual([{ changes: [], reset: true, lanes: false }]);
  });
  it("tells once of lanes that changed, also where no event came", () => {
    const { store, flushes, frame } = stage();
    store.lanesChanged();
    store.lanesChanged();
    frame();
    store.push([change(1)]);
    frame();
    expect(flushes.map((one) => [one.changes.length, one.lanes])).toEqual([
      [0, true],
      [1, false],
    ]);
  });
  it("takes events again after a reset", () => {
    const { store, flushes, frame } = stage();
    store.push([change(9)]);
    store.reset();
    store.push([change(3)]);
    frame();
    expect(flushes[0]).toMatchObject({ reset: true, changes: [{ seq: 3 }] });
    expect(store.state("t")).toBe("EXECUTING");
  });
});

describe("a row that moves", () => {
  const row = {
    id: "e",
    state: "EXECUTING",
    process_state: null,
    last_seq: 4,
    tasks: { total: 3, SCHEDULED: 2, EXECUTING: 1 },
  };
  it("moves its counts by what it lacks, and only that", () => {
    const next = moved(row, [change(4, "FAILED"), change(5, "COMPLETED")]);
    expect(next.tasks).toEqual({ total: 3, SCHEDULED: 1, EXECUTING: 1, COMPLETED: 1 });
    expect(next.last_seq).toBe(5);
  });
  it("is the same object when nothing changed", () => {
    expect(moved(row, [change(3), change(9, "FAILED", "other")])).toBe(row);
  });
});
