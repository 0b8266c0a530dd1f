import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import type { Zone } from "../core/time";

export type Theme = "system" | "light" | "dark";

interface Prefs {
  theme: Theme;
  zone: Zone;
  dense: boolean;
  singleKeys: boolean;
}

interface PrefsContext extends Prefs {
  set: (change: Partial<Prefs>) => void;
}

const DEFAULTS: Prefs = { theme: "system", zone: "local", dense: false, singleKeys: true };
const Context = createContext<PrefsContext>({ ...DEFAULTS, set: () => {} });

export function stored<T>(name: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`howdah.${name}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback;
  }
}

export function keep(name: string, value: unknown): void {
  try {
    localStorage.setItem(`howdah.${name}`, JSON.stringify(value));
  } catch {
    // no storage: the choice holds for this page
  }
}

export function PrefsProvider({ children }: { children: ReactNode }) {
  const [prefs, setPrefs] = useState<Prefs>(() => ({ ...DEFAULTS, ...stored<Partial<Prefs>>("prefs", {}) }));
  const set = useCallback((change: Partial<Prefs>) => setPrefs((before) => ({ ...before, ...change })), []);
  useEffect(() => {
    keep("prefs", prefs);
    try {
      localStorage.setItem("howdah.theme", prefs.theme); // what theme.js reads before the first paint
    } catch {
      // the same
    }
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const apply = (): void => {
      document.documentElement.dataset.theme =
        prefs.theme === "system" ? (dark.matches ? "dark" : "light") : prefs.theme;
    };
    apply();
    dark.addEventListener("change", apply);
    return () => dark.removeEventListener("change", apply);
  }, [prefs]);
  const value = useMemo(() => ({ ...prefs, set }), [prefs, set]);
  return <Context value={value}>{children}</Context>;
}

export function usePrefs(): PrefsContext {
  return useContext(Context);
}

const tickers = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function watchClock(watcher: () => void): () => void {
  tickers.add(watcher);
  ticking ??= setInterval(() => {
    now = Date.now();
    for (const one of tickers) one();
  }, 1_000);
  return () => {
    tickers.delete(watcher);
    if (!tickers.size) {
      clearInterval(ticking);
      ticking = undefined;
    }
  };
}

/** Now, once a second, the same for everything on the page. */
export function useNow(): number {
  return useSyncExternalStore(watchClock, () => now);
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (watcher) => {
      const list = matchMedia(query);
      list.addEventListener("change", watcher);
      return () => list.removeEventListener("change", watcher);
    },
    () => matchMedia(query).matches,
  );
}
