/** Lines of a terminal: colours become spans, `\r` and backspaces fold as a terminal would show them. */

export interface Span {
  text: string;
  /** `bold`, `dim`, `italic`, `underline`, `fg-1` … `fg-15`: names of classes, never the text's own. */
  style: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what it is about
const ESCAPE = /\u001b(?:\[([0-9;:?]*)([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Fold carriage returns: what is written later on a line covers what stood there. */
export function foldReturns(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  if (!text.includes("\r") && !text.includes("\b")) return text;
  let shown = "";
  for (const part of text.split("\r")) {
    const plain = part.replace(ESCAPE, "");
    // A progress bar rewrites the whole line; a shorter text leaves the tail of what was there before.
    const before = shown.replace(ESCAPE, "");
    shown = plain.length >= before.length || part !== plain ? part || shown : part + before.slice(plain.length);
  }
  while (shown.includes("\b")) {
    const folded = shown.replace(/[^\b][\b]/g, "");
    shown = folded === shown ? shown.replaceAll("\b", "") : folded;
  }
  return shown;
}

/** Split a line into spans of one style each. Anything that is not a colour is dropped. */
export function spans(line: string): Span[] {
  const text = foldReturns(line);
  if (!text.includes("\u001b")) return [{ text: text.replace(CONTROL, ""), style: "" }];
  const found: Span[] = [];
  const state = new Set<string>();
  let from = 0;
  const put = (piece: string): void => {
    const clean = piece.replace(CONTROL, "");
    if (clean) found.push({ text: clean, style: [...state].sort().join(" ") });
  };
  for (const match of text.matchAll(ESCAPE)) {
    put(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") apply(state, match[1] ?? "");
  }
  put(text.slice(from));
  return found.length ? found : [{ text: "", style: "" }];
}

const NAMES: Record<number, string> = { 1: "bold", 2: "dim", 3: "italic", 4: "underline" };

function apply(state: Set<string>, codes: string): void {
  const numbers = codes.split(/[;:]/).map(Number);
  for (let i = 0; i < numbers.length; i += 1) {
    const code = numbers[i]!;
    if (code === 0) state.clear();
    else if (NAMES[code]) state.add(NAMES[code]);
    else if (code === 22) state.delete("bold"), state.delete("dim");
    else if (code === 39) colour(state, null);
    else if (code >= 30 && code <= 37) colour(state, code - 30);
    else if (code >= 90 && code <= 97) colour(state, code - 82);
    else if (code === 38 || code === 48) {
      if (code === 38 && numbers[i + 1] === 5 && (numbers[i + 2] ?? 16) < 16) colour(state, numbers[i + 2]!);
      i += numbers[i + 1] === 5 ? 2 : 4;
    }
  }
}

function colour(state: Set<string>, number: number | null): void {
  for (const name of state) if (name.startsWith("fg-")) state.delete(name);
  if (number !== null) state.add(`fg-${number}`);
}
