import { describe, expect, it } from "vitest";
import { type GraphInput, layoutGraph, levels, stem } from "../src/core/graph";
import { connected, edgeKind, neighbour, tally } from "../src/core/graphread";
import type { Kind } from "../src/core/states";

const task = (name: string, ...depends_on: number[]): GraphInput => ({
  name,
  type: "command",
  resource_id: "r",
  depends_on,
});
const options = { rows: "resource" as const, rowName: () => "tern", expanded: new Set<string>() };

function fan(width: number): GraphInput[] {
  const middle = Array.from({ length: width }, (_, index) => task(`window-${index}`, 0));
  return [task("prepare"), ...middle, task("merge", ...middle.map((_, index) => index + 1))];
}

describe("the graph's layout", () => {
  it("puts a task after all that it needs", () => {
    expect([...levels([task("a"), task("b", 0), task("c", 0, 1), task("d")])]).toEqual([0, 1, 2, 0]);
  });
  it("makes one node of a large fan-out, and none of a small one", () => {
    expect(layoutGraph(fan(200), options).nodes.map((node) => node.members.length)).toEqual([1, 200, 1]);
    expect(layoutGraph(fan(12), options).nodes).toHaveLength(14);
  });
  it("joins a fan-out by one edge on each side", () => expect(layoutGraph(fan(200), options).edges).toHaveLength(2));
  it("never lets two nodes touch", () => {
    const tasks = [
      task("a"),
      ...Array.from({ length: 12 }, (_, index) => task(`x${"abcdefghijkl"[index]}`, 0)),
      task("z", 1, 2),
    ];
    const { nodes } = layoutGraph(tasks, options);
    for (const one of nodes)
      for (const other of nodes)
        if (one.id < other.id) {
          const apart =
            one.x + one.width <= other.x ||
            other.x + other.width <= one.x ||
            one.y + one.height <= other.y ||
            other.y + other.height <= one.y;
          expect(apart, `${one.label} and ${other.label}`).toBe(true);
        }
  });
  it("lays 10,000 tasks of one chain and of 100 levels out in linear time", () => {
    const tasks = Array.from({ length: 10_000 }, (_, index) =>
      task(`t${String.fromCharCode(97 + (index % 26))}x${index}y`, ...(index >= 100 ? [index - 100] : [])),
    );
    const before = process.cpuUsage();
    expect(layoutGraph(tasks, options).nodes).toHaveLength(10_000);
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(1_000);
  });
  it("walks along the edges", () => {
    const layout = layoutGraph([task("a"), task("b", 0), task("c", 1)], options);
    expect(neighbour(layout, 0, "ArrowRight")).toBe(1);
    expect(neighbour(layout, 2, "ArrowLeft")).toBe(1);
    expect(neighbour(layout, 2, "ArrowRight")).toBe(2);
  });
  it("shows what failed of a fan-out beneath it, in the same column and apart from the next node", () => {
    const tasks = [...fan(40), task("beside", 0)];
    const { nodes, nodeOf } = layoutGraph(tasks, { ...options, notable: new Set([3, 9]) });
    const children = nodes.filter((node) => node.parent !== undefined);
    expect(children.map((node) => node.label)).toEqual(["window-2", "window-8"]);
    const whole = nodes[children[0]!.parent!]!;
    expect(nodeOf[3]).toBe(whole.id);
    const beside = nodes.find((node) => node.label === "beside")!;
    for (const child of children) {
      expect(child.y).toBeGreaterThan(whole.y + whole.height);
      expect(child.x).toBeGreaterThanOrEqual(whole.x);
      expect(child.x + child.width).toBeLessThanOrEqual(whole.x + whole.width);
      expect(beside.y >= child.y + child.height || beside.y + beside.height <= whole.y).toBe(true);
    }
  });
  it("focuses on what a task needs and what needs it", () => {
    const layout = layoutGraph([task("a"), task("b", 0), task("c", 1), task("other")], options);
    expect([...connected(layout, 1)].sort()).toEqual([0, 1, 2]);
  });
  it("knows stems", () =>
    expect(["window-117", "window 3", "a", "12"].map(stem)).toEqual(["window", "window", "a", "12"]));
  it.each<[Kind[], Kind[], string]>([
    [["completed"], ["executing"], "done"],
    [["executing"], ["created"], "coming"],
    [["failed"], ["created"], "held-failed"],
    [["blocked"], ["created"], "held-blocked"],
  ])("says what an edge from %s to %s is", (from, to, kind) => expect(edgeKind(from, to)).toBe(kind));
  it("counts the worst first", () =>
    expect(tally(["completed", "failed", "completed"])).toEqual([
      ["failed", 1],
      ["completed", 2],
    ]));
});
