/**
 * One stream for all tabs of a browser: the tab that holds the lock reads it and tells the others.
 *
 * When that tab goes, another gets the lock and goes on from the last cursor that all have heard of: no gap. Browsers
 * allow six connections to a server, so a stream in every tab would stall the seventh.
 */

import { SseParser } from "../core/sse";
import type { Change, EventStore } from "../core/store";

export type StreamStatus =
  | { kind: "connecting" }
  | { kind: "live"; leader: boolean }
  | { kind: "stale"; since: number }
  | { kind: "signed-out" };

type Message =
  | { type: "changes"; changes: Change[]; cursor: string }
  | { type: "reset"; cursor: string }
  | { type: "lanes"; cursor: string }
  | { type: "status"; status: StreamStatus; cursor: string }
  | { type: "hello" };

const SILENCE_MS = 40_000;
const BACKOFF_MS = [250, 500, 1_000, 2_000, 4_000];
const CHANNEL = "howdah-stream";

export class Feed {
  readonly #store: EventStore;
  readonly #channel = new BroadcastChannel(CHANNEL);
  readonly #stop = new AbortController();
  readonly #watchers = new Set<() => void>();
  #cursor = "";
  #leader = false;
  status: StreamStatus = { kind: "connecting" };
  /** How many events came at once after the last interruption. */
  caughtUp = 0;

  constructor(store: EventStore) {
    this.#store = store;
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#hear(data);
    this.#tell({ type: "hello" });
    void navigator.locks.request(CHANNEL, { signal: this.#stop.signal }, () => this.#lead()).catch(() => undefined);
  }

  close(): void {
    this.#stop.abort();
    this.#channel.close();
  }

  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  get isLeader(): boolean {
    return this.#leader;
  }

  #tell(message: Message): void {
    this.#channel.postMessage(message);
  }

  #hear(message: Message): void {
    if (message.type === "hello") {
      if (this.#leader) this.#tell({ type: "status", status: this.status, cursor: this.#cursor });
      return;
    }
    if (this.#leader) return;
    this.#cursor = message.cursor;
    if (message.type === "changes") this.#take(message.changes);
    else if (message.type === "reset") this.#store.reset();
    else if (message.type === "lanes") this.#store.lanesChanged();
    else this.#become(message.status.kind === "live" ? { kind: "live", leader: false } : message.status);
  }

  #tellOfLanes(): void {
    this.#store.lanesChanged();
    this.#tell({ type: "lanes", cursor: this.#cursor });
  }

  #take(changes: Change[]): void {
    if (this.status.kind === "stale") this.caughtUp += changes.length;
    this.#store.push(changes);
  }

  #become(status: StreamStatus): void {
    if (status.kind === "stale" && this.status.kind === "stale") return;
    if (status.kind === "stale") this.caughtUp = 0;
    this.status = status;
    for (const watcher of this.#watchers) watcher();
    if (this.#leader) this.#tell({ type: "status", status, cursor: this.#cursor });
  }

  async #lead(): Promise<void> {
    this.#leader = true;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const began = Date.now();
      try {
        await this.#read();
        failures = 0;
      } catch (error) {
        if (error instanceof SignedOut) {
          this.#become({ kind: "signed-out" });
          return;
        }
        failures = Date.now() - began > 10_000 ? 1 : failures + 1;
      }
      if (this.#stop.signal.aborted) return;
      this.#become({ kind: "stale", since: Date.now() });
      await pause(
        BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)]! * (0.75 + Math.random() / 2),
        this.#stop.signal,
      );
    }
  }

  async #read(): Promise<void> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    const heard = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };
    try {
      const response = await fetch("/api/v1/stream", {
        headers: { Accept: "text/event-stream", ...(this.#cursor ? { "Last-Event-ID": this.#cursor } : {}) },
        signal: AbortSignal.any([silence.signal, this.#stop.signal]),
        cache: "no-store",
      });
      if (response.status === 401 || response.status === 403) throw new SignedOut();
      if (!response.ok || !response.body) throw new Error(`stream: ${response.status}`);
      await this.#consume(response.body, heard);
    } finally {
      clearTimeout(timer);
    }
  }

  async #consume(body: ReadableStream<Uint8Array>, heard: () => void): Promise<void> {
    let batch: Change[] = [];
    const parser = new SseParser((event) => {
      if (event.event === "change") {
        batch.push(JSON.parse(event.data) as Change);
        this.#cursor = event.id;
      } else if (event.event === "snapshot" || event.event === "resync") {
        this.#cursor = event.event === "resync" ? "" : event.id;
        batch = [];
        this.#store.reset();
        this.#tell({ type: "reset", cursor: this.#cursor });
      } else if (event.event === "lane") this.#tellOfLanes();
    });
    const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      parser.push(value);
      if (batch.length) {
        const changes = batch;
        batch = [];
        this.#take(changes);
        this.#tell({ type: "changes", changes, cursor: this.#cursor });
      }
      if (this.status.kind === "live") continue;
      // Events are replayed after an interruption, news of lanes are not.
      if (this.status.kind === "stale") this.#tellOfLanes();
      this.#become({ kind: "live", leader: true });
    }
  }
}

class SignedOut extends Error {}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
