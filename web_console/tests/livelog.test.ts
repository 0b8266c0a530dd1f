import { describe, expect, it } from "vitest";
import { KEPT_LINES, LiveLog } from "../src/core/livelog";

const part = (text: string, offset: number, epoch = 0) => ({ offset, epoch, bytes: new TextEncoder().encode(text) });
const texts = (log: LiveLog): string[] => log.lines.map((line) => line.text);

describe("a log that is being written", () => {
  it("joins a line, and a character, that came in two parts", () => {
    const log = new LiveLog();
    const bytes = new TextEncoder().encode("first\nsécond\nthi");
    log.append({ offset: 0, epoch: 0, bytes: bytes.subarray(0, 8) });
    log.append({ offset: 8, epoch: 0, bytes: bytes.subarray(8) });
    expect(texts(log)).toEqual(["first", "sécond"]);
    expect(log.open).toEqual({ at: 14, text: "thi" });
    expect(log.next).toBe(bytes.length);
  });
  it("takes an answer that came twice once", () => {
    const log = new LiveLog();
    log.append(part("one\n", 0));
    log.append(part("one\n", 0));
    expect(texts(log)).toEqual(["one"]);
  });
  it("begins anew when the job does", () => {
    const log = new LiveLog();
    log.append(part("old\n", 0));
    log.append(part("new\n", 0, 1));
    expect(texts(log)).toEqual(["new"]);
  });
  it("knows that it began in the middle, and that lines were forgotten", () => {
    const middle = new LiveLog();
    middle.append(part("x\n", 100));
    expect([middle.clipped, middle.lines[0]?.at]).toEqual([true, 100]);
    const long = new LiveLog();
    long.append(part("l\n".repeat(KEPT_LINES + 5), 0));
    expect([long.clipped, long.lines.length, long.lines[0]?.at]).toEqual([true, KEPT_LINES, 10]);
  });
});
