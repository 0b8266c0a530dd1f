/** Server-Sent Events from chunks of text, by the standard's rules (fields, comments, any line end). */

export interface SseEvent {
  id: string;
  event: string;
  data: string;
}

/** Takes chunks as they come and tells events; keeps what is not whole yet. */
export class SseParser {
  #rest = "";
  #data: string[] = [];
  #event = "";
  #lastId = "";
  readonly #onEvent: (event: SseEvent) => void;
  readonly #onComment: () => void;

  constructor(onEvent: (event: SseEvent) => void, onComment: () => void = () => {}) {
    this.#onEvent = onEvent;
    this.#onComment = onComment;
  }

  push(chunk: string): void {
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    if (line.startsWith(":")) {
      this.#onComment();
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#lastId = value;
  }

  #dispatch(): void {
    if (this.#data.length)
      this.#onEvent({ id: this.#lastId, event: this.#event || "message", data: this.#data.join("\n") });
    this.#data = [];
    this.#event = "";
  }
}
