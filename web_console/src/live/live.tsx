import { useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import { EventStore, type Flush } from "../core/store";
import { applyLive } from "./apply";
import { Feed, type StreamStatus } from "./feed";

interface Live {
  store: EventStore;
  feed: Feed;
}

const Context = createContext<Live | null>(null);

/** Once per frame; a hidden tab has no frames and takes its time. */
function onFrame(callback: () => void): void {
  if (document.hidden) setTimeout(callback, 250);
  else requestAnimationFrame(callback);
}

export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [live, setLive] = useState<Live | null>(null);
  useEffect(() => {
    const store = new EventStore(onFrame);
    const stop = applyLive(store, queries);
    const feed = new Feed(store);
    setLive({ store, feed });
    Object.assign(globalThis, { howdahLive: { store, feed } });
    return () => {
      stop();
      feed.close();
    };
  }, [queries]);
  return <Context value={live}>{children}</Context>;
}

const NEVER = (): (() => void) => () => {};
const CONNECTING: StreamStatus = { kind: "connecting" };

export function useStream(): { status: StreamStatus; caughtUp: number } {
  const live = useContext(Context);
  const status = useSyncExternalStore(live?.feed.watch ?? NEVER, () => live?.feed.status ?? CONNECTING);
  return { status, caughtUp: live?.feed.caughtUp ?? 0 };
}

/** Be told of live events, once per frame, for as long as the component is there. */
export function useChanges(listener: (flush: Flush) => void): void {
  const live = useContext(Context);
  useEffect(() => live?.store.subscribe(listener), [live, listener]);
}

/** Tell whether events of an experiment were heard of that what is shown (known up to `seq`) does not have. */
export function useMissed(experimentId: string): (seq: number) => boolean {
  const live = useContext(Context);
  return useCallback((seq: number) => (live?.store.seq(experimentId) ?? 0) > seq, [live, experimentId]);
}
