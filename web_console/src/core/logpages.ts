/**
 * A log of any size, read by byte ranges: an index of line starts for what was read, pages kept within a bound.
 *
 * A file is divided into blocks of fixed size. Lines are known by their block and place, so that the middle of a
 * 100 MB file can be read without what stands before it; a line that crosses a border belongs to where it begins.
 */

export const BLOCK = 256 * 1024;
const KEPT = 24;
const LONGEST = 20_000;
const PIECE = 4 * 1024 * 1024;

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

  /**
   * Return where the first line at or after byte `from` begins that has the words, in any case; null if none has. The
   * file is read in large pieces and not kept; what stands before `from` is looked at last.
   */
  async find(words: string, from: number, onPiece: (at: number) => void): Promise<number | null> {
    const wanted = words.toLowerCase();
    for (const [begin, end] of [
      [from, this.size],
      [0, Math.min(from, this.size)],
    ] as const) {
      for (let at = begin; at < end; at += PIECE) {
        onPiece(at);
        const hit = lineOf(await this.#read(at, Math.min(end, at + PIECE + LONGEST)), wanted);
        if (hit !== null) return at + hit;
      }
    }
    return null;
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

/** Where the line begins that has the words first, in bytes; a line that was cut at the front begins at 0. */
function lineOf(bytes: Uint8Array, wanted: string): number | null {
  const text = new TextDecoder("utf-8").decode(bytes);
  const at = text.toLowerCase().indexOf(wanted);
  if (at < 0) return null;
  return new TextEncoder().encode(text.slice(0, text.lastIndexOf("\n", at) + 1)).length;
}
