import { Outlet, useRouterState } from "@tanstack/react-router";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { LiveProvider } from "../live/live";
import { keep, stored, useMedia } from "../ui/prefs";
import { BottomBar } from "./bottombar";
import { useShortcuts } from "./keys";
import { KeySheet } from "./keysheet";
import { Palette } from "./palette";
import { Sidebar } from "./sidebar";
import { TopBar } from "./topbar";
import { Trouble } from "./trouble";

const Title = createContext<(title: ReactNode) => void>(() => {});

/** What stands at the left of the top bar, and as the window's title. */
export function useTitle(node: ReactNode, text: string): void {
  const set = useContext(Title);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the node is made of the text
  useEffect(() => {
    set(node);
    document.title = `${text} · Howdah`;
  }, [text, set]);
}

export function Shell() {
  return (
    <LiveProvider>
      <Frame />
    </LiveProvider>
  );
}

const RAIL_PAGES = /^\/(experiments\/.|launch|workflows\/.)/;

function Frame() {
  const [title, setTitle] = useState<ReactNode>(null);
  const [palette, setPalette] = useState(false);
  const [sheet, setSheet] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const kind = RAIL_PAGES.test(path) ? "rail" : "wide";
  const narrow = useMedia("(max-width: 1359px)");
  const phone = useMedia("(max-width: 480px)");
  const [chosen, setChosen] = useState<Record<string, boolean>>(() => stored("sidebar", {}));
  const rail = chosen[`${kind}${narrow}`] ?? (narrow || kind === "rail");
  const toggle = (): void => {
    const next = { ...chosen, [`${kind}${narrow}`]: !rail };
    setChosen(next);
    keep("sidebar", next);
  };
  useShortcuts({ palette: () => setPalette(true), sheet: () => setSheet(true), sidebar: toggle });
  const shown = useMemo(() => setTitle, []);
  return (
    <Title value={shown}>
      <a href="#content" className="sr-only focus:not-sr-only focus:fixed focus:z-50 focus:bg-surface focus:p-2">
        To the content
      </a>
      <div className="flex h-full">
        {!phone && <Sidebar rail={rail} toggle={toggle} />}
        <div className="flex min-w-0 flex-1 flex-col">
          <TopBar title={title} onSearch={() => setPalette(true)} onHelp={() => setSheet(true)} phone={phone} />
          <Trouble />
          <main id="content" tabIndex={-1} className="relative flex min-h-0 flex-1 flex-col outline-none max-sm:pb-16">
            <Outlet />
          </main>
          {phone && <BottomBar />}
        </div>
      </div>
      <Palette open={palette} onClose={() => setPalette(false)} />
      <KeySheet open={sheet} onClose={() => setSheet(false)} />
    </Title>
  );
}
