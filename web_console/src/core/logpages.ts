/**
 * A log of any size, read by byte ranges: an index of line starts for what was read, pages kept within a bound.
 *
 * A file is divided into blocks of fixed size. Lines are known by their block and place, so that the middle of a
 * 100 MB file can be read without what stands before it; a line that crosses a border belongs to where it begins.
 */

export const BLOCK = 256 * 1024;
const KEPT = 24;
const LONGEST = 20_000;

export interface Line {
  /** The byte at which it begins: what a link to it names. */
  at: number;
  text: string;
}

export type ReadRange = (from: number, to: number) => Promise<Uint8Array>;

export class LogPages {
  readonly #read: ReadRange;
  readonly #blocks = new Map<number, Promise<Line[]>>();
  size: number;

  constructor(size: number, read: ReadRange) {
    this.size = size;
    this.#read = read;
  }

  get blocks(): number {
    return Math.ceil(this.size / BLOCK);
  }

  /** Return the lines that begin in a block; the least recently used blocks are forgotten. */
  lines(block: number): Promise<Line[]> {
    const known = this.#blocks.get(block);
    if (known) {
      this.#blocks.delete(block);
      this.#blocks.set(block, known);
      return known;
    }
    const reading = this.#load(block);
    this.#blocks.set(block, reading);
    reading.catch(() => this.#blocks.delete(block));
    for (const old of this.#blocks.keys()) {
      if (this.#blocks.size <= KEPT) break;
      this.#blocks.delete(old);
    }
    return reading;
  }

  get kept(): number {
    return this.#blocks.size;
  }

  async #load(block: number): Promise<Line[]> {
    const from = block * BLOCK;
    // One byte earlier tells whether a line begins exactly here; the tail ends the last line that begins here.
    const start = Math.max(0, from - 1);
    const end = Math.min(this.size, from + BLOCK + LONGEST);
    return cut(await this.#read(start, end), start, from, from + BLOCK);
  }
}

/** Return the lines of `bytes` (which stand at `offset`) that begin in [from, to). */
export function cut(bytes: Uint8Array, offset: number, from: number, to: number): Line[] {
  const decoder = new TextDecoder("utf-8");
  const found: Line[] = [];
  let begin = 0;
  if (offset < from || (offset > 0 && from === offset)) {
    const newline = bytes.indexOf(10);
    if (newline < 0) return found;
    begin = newline + 1;
  }
  while (begin < bytes.length && offset + begin < to) {
    const newline = bytes.indexOf(10, begin);
    const end = newline < 0 ? bytes.length : newline;
    if (offset + begin >= from)
      found.push({ at: offset + begin, text: decoder.decode(bytes.subarray(begin, Math.min(end, begin + LONGEST))) });
    if (newline < 0) break;
    begin = newline + 1;
  }
  return found;
}
