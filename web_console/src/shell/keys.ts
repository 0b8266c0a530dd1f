import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { usePrefs } from "../ui/prefs";
import { CATALOG, MAIN, PLATFORM } from "./nav";

interface Global {
  palette: () => void;
  sheet: () => void;
  sidebar: () => void;
}

const PLACES = [...MAIN, ...PLATFORM, ...CATALOG];
const CHORD_MS = 1_200;

export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  return Boolean(target?.closest("input:not([type=checkbox]),textarea,select,[contenteditable],[role=dialog]"));
}

/** The keys that hold on every page. */
export function useShortcuts(actions: Global): void {
  const navigate = useNavigate();
  const { singleKeys } = usePrefs();
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    let chord = 0;
    const press = (event: KeyboardEvent): void => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        latest.current.palette();
        return;
      }
      if (!singleKeys || event.metaKey || event.ctrlKey || event.altKey || isTyping(event)) return;
      if (Date.now() - chord < CHORD_MS) {
        chord = 0;
        const place = PLACES.find((one) => one.go === event.key.toLowerCase());
        if (place) {
          event.preventDefault();
          void navigate({ to: place.to });
          return;
        }
      }
      const act: Record<string, () => void> = {
        g: () => {
          chord = Date.now();
        },
        "?": () => latest.current.sheet(),
        "[": () => latest.current.sidebar(),
        l: () => void navigate({ to: "/launch" }),
        "/": () => document.querySelector<HTMLElement>("[data-filter]")?.focus(),
        y: () => void navigator.clipboard.writeText(location.href),
      };
      const found = act[event.key];
      if (!found) return;
      event.preventDefault();
      found();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [navigate, singleKeys]);
}
