import { describe, expect, it } from "vitest";
import { type SseEvent, SseParser } from "../src/core/sse";

function parse(chunks: string[]): { events: SseEvent[]; comments: number } {
  const events: SseEvent[] = [];
  let comments = 0;
  const parser = new SseParser(
    (event) => events.push(event),
    () => {
      comments += 1;
    },
  );
  for (const chunk of chunks) parser.push(chunk);
  return { events, comments };
}

describe("server-sent events", () => {
  const text = 'id: 7-1\nevent: change\ndata: {"a":\ndata: 1}\n\n: still here\n\ndata: x\n\n';
  it("are the same however the bytes are cut", () => {
    const whole = parse([text]).events;
    expect(whole).toEqual([
      { id: "7-1", event: "change", data: '{"a":\n1}' },
      { id: "7-1", event: "message", data: "x" },
    ]);
    for (let at = 1; at < text.length; at += 1)
      expect(parse([text.slice(0, at), text.slice(at)]).events).toEqual(whole);
  });
  it("hear signs of life", () => expect(parse([text]).comments).toBe(1));
  it("take CRLF, and forget the cursor on an empty id", () => {
    expect(parse(["id: 1\r\ndata: a\r\n\r\nid:\r\nevent: resync\r\ndata: b\r\n\r\n"]).events[1]).toEqual({
      id: "",
      event: "resync",
      data: "b",
    });
  });
});
