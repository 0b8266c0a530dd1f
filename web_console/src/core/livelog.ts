/** A log that is still being written: bytes are appended as they come, the last lines are kept, the first forgotten. */

import type { Line } from "./logpages";

export interface Part {
  /** Where the bytes begin in the file. */
  offset: number;
  /** Another number than before: the job began its output anew. */
  epoch: number;
  bytes: Uint8Array;
}

export const KEPT_LINES = 20_000;
const LONGEST = 20_000;

export class LiveLog {
  lines: Line[] = [];
  /** The next byte that is to be asked for; null before anything came. */
  next: number | null = null;
  /** Whether lines stand before those that are kept. */
  clipped = false;
  #epoch: number | null = null;
  #rest = new Uint8Array(0);
  #restAt = 0;

  /** Append a part; a part that does not follow on what is here (another epoch) begins anew. */
  append(part: Part): void {
    if (this.#epoch !== null && part.epoch !== this.#epoch) this.#begin(part);
    else if (this.next === null) this.#begin(part);
    this.#epoch = part.epoch;
    if (part.offset !== this.next) return; // an answer that came twice, or too late
    this.next = part.offset + part.bytes.length;
    const all = new Uint8Array(this.#rest.length + part.bytes.length);
    all.set(this.#rest);
    all.set(part.bytes, this.#rest.length);
    this.#cut(all);
  }

  /** The line that has begun and not ended. */
  get open(): Line | null {
    return this.#rest.length ? { at: this.#restAt, text: decode(this.#rest) } : null;
  }

  #begin(part: Part): void {
    this.lines = [];
    this.clipped = part.offset > 0;
    this.next = part.offset;
    this.#rest = new Uint8Array(0);
    this.#restAt = part.offset;
  }

  #cut(bytes: Uint8Array): void {
    const found: Line[] = [];
    let begin = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, begin)) {
      found.push({ at: this.#restAt + begin, text: decode(bytes.subarray(begin, Math.min(end, begin + LONGEST))) });
      begin = end + 1;
    }
    this.#rest = bytes.slice(begin);
    this.#restAt += begin;
    if (!found.length) return;
    const lines = [...this.lines, ...found];
    this.clipped ||= lines.length > KEPT_LINES;
    this.lines = lines.slice(-KEPT_LINES);
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}
