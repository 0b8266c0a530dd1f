import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { CircleHelp, LogOut, Menu as MenuIcon, Monitor, Moon, PanelLeft, Plus, Search, Sun } from "lucide-react";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { api, call, onReach } from "../api/client";
import { clock, count, offset } from "../core/time";
import { LiveProvider, useStream } from "../live/live";
import * as ask from "../queries";
import { keep, stored, useMedia, useNow, usePrefs } from "../ui/prefs";
import { StateIcon } from "../ui/state";
import { useToast } from "../ui/toast";
import { useShortcuts } from "./keys";
import { KeySheet } from "./keysheet";
import { Mark } from "./mark";
import { CATALOG, MAIN, PLATFORM, type Place } from "./nav";
import { Palette } from "./palette";

export function Shell() {
  return (
    <LiveProvider>
      <Frame />
    </LiveProvider>
  );
}

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

const RAIL_PAGES = /^\/(experiments\/.|launch)/;

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

function useScopes(): (place: Place) => boolean {
  const { data } = useQuery(ask.me);
  return (place) => !place.scope || (data?.scopes as string[] | undefined)?.includes(place.scope) === true;
}

function Sidebar({ rail, toggle }: { rail: boolean; toggle: () => void }) {
  const may = useScopes();
  const { data } = useQuery(ask.overview);
  const live = data
    ? ["SCHEDULED", "LAUNCHED", "EXECUTING", "CANCELING"].reduce(
        (sum, state) => sum + (data.experiments[state] ?? 0),
        0,
      )
    : 0;
  const counts: Record<string, number> = {
    "/experiments": live,
    "/jobs": data?.jobs.reduce((sum, one) => sum + one.jobs, 0) ?? 0,
    "/drafts": (data?.experiments.CREATED ?? 0) + (data?.experiments.VALIDATED ?? 0),
  };
  return (
    <nav
      aria-label="Main"
      className={`flex shrink-0 flex-col border-line border-r bg-bg ${rail ? "w-[52px] items-center" : "w-[208px]"} px-2 pb-3`}
    >
      <Link
        to="/experiments"
        className={`flex h-12 items-center gap-2 font-semibold text-[15px] ${rail ? "" : "px-2"}`}
        aria-label="Howdah"
      >
        <Mark size={22} /> {!rail && "Howdah"}
      </Link>
      <Link to="/launch" className={`btn ink mt-1 ${rail ? "!px-0 w-8" : "!justify-start"}`} title="Launch (L)">
        <Plus size={16} /> <span className={rail ? "sr-only" : "flex-1"}>Launch</span>
        {!rail && (
          <span aria-hidden="true" className="text-[11px]">
            L
          </span>
        )}
      </Link>
      <Group places={MAIN} rail={rail} counts={counts} may={may} />
      <Group places={PLATFORM} rail={rail} title="Platform" counts={counts} may={may} />
      <Group places={CATALOG} rail={rail} title="Catalog" counts={counts} may={may} />
      <button
        type="button"
        onClick={toggle}
        aria-label={rail ? "Expand the sidebar" : "Collapse the sidebar"}
        title="["
        className={`mt-auto flex h-8 items-center gap-3 text-ink-2 ${rail ? "" : "px-2"}`}
      >
        <PanelLeft size={16} /> {!rail && "Collapse"}
      </button>
    </nav>
  );
}

interface GroupProps {
  places: readonly Place[];
  rail: boolean;
  title?: string;
  counts: Record<string, number>;
  may: (place: Place) => boolean;
}

function Group({ places, rail, title, counts, may }: GroupProps) {
  const allowed = places.filter(may);
  if (!allowed.length) return null;
  return (
    <div className={rail ? "mt-3 border-line border-t pt-3" : "mt-3"}>
      {title && !rail && <h2 className="m-0 mt-2 mb-1 px-2 font-normal text-[12px] text-ink-3">{title}</h2>}
      <ul className="m-0 flex list-none flex-col gap-px p-0">
        {allowed.map((place) => (
          <li key={place.to}>
            <Link
              to={place.to}
              title={rail ? place.label : undefined}
              aria-label={rail ? place.label : undefined}
              activeProps={{ className: "bg-nav-on font-semibold !text-ink" }}
              className={`flex items-center gap-3 rounded text-ink-2 hover:bg-hover ${rail ? "size-8 justify-center" : "h-[30px] px-2"}`}
            >
              <place.icon size={16} strokeWidth={1.75} />
              {!rail && <span className="clip flex-1">{place.label}</span>}
              {!rail && counts[place.to] ? (
                <span className="num font-normal text-[12px] text-ink-3">{count(counts[place.to]!)}</span>
              ) : null}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

function TopBar({
  title,
  onSearch,
  onHelp,
  phone,
}: {
  title: ReactNode;
  onSearch: () => void;
  onHelp: () => void;
  phone: boolean;
}) {
  return (
    <header className="flex h-12 shrink-0 items-center gap-1 border-line border-b px-6 max-sm:gap-0 max-sm:px-4">
      {phone && (
        <span className="mr-2">
          <Mark size={22} />
        </span>
      )}
      <h1 className="clip m-0 flex-1 font-semibold text-[15px] leading-[22px] tracking-[-0.01em]">{title}</h1>
      {phone ? (
        <button type="button" aria-label="Search" className="btn plain" onClick={onSearch}>
          <Search size={17} />
        </button>
      ) : (
        <button
          type="button"
          onClick={onSearch}
          className="mr-2 flex h-[30px] w-[248px] items-center gap-2 rounded border border-line bg-bg px-2 text-ink-3 max-lg:w-[180px]"
        >
          <Search size={15} /> <span className="clip flex-1 text-left">Search or run a command</span>{" "}
          <span className="kbd">⌘K</span>
        </button>
      )}
      <StreamState />
      {!phone && <ZoneSwitch />}
      {!phone && <ThemeSwitch />}
      {!phone && (
        <button
          type="button"
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
          className="btn plain !px-2"
          onClick={onHelp}
        >
          <CircleHelp size={17} />
        </button>
      )}
      {!phone && <Account />}
    </header>
  );
}

function StreamState() {
  const { status, caughtUp } = useStream();
  const now = useNow();
  const say = useToast();
  const live = status.kind === "live";
  useEffect(() => {
    if (live && caughtUp) say(`Caught up, ${count(caughtUp)} changes`);
  }, [live, caughtUp, say]);
  if (status.kind === "stale")
    return (
      <span role="status" className="chip border-strong num" data-stream="stale">
        Stale {Math.max(0, Math.round((now - status.since) / 1_000))} s
      </span>
    );
  return (
    <span role="status" className="inline-flex items-center gap-2 px-2" data-stream={status.kind}>
      <span className="size-2 rounded-full" style={{ background: live ? "var(--completed)" : "var(--track)" }} />
      {live ? "Live" : status.kind === "signed-out" ? "Signed out" : "Connecting"}
    </span>
  );
}

function ZoneSwitch() {
  const { zone, set } = usePrefs();
  const other = zone === "UTC" ? "local" : "UTC";
  const here = offset(Date.now(), zone);
  const shown = zone === "UTC" ? "UTC" : here === "UTC" ? "Local" : here;
  return (
    <button
      type="button"
      className="btn plain num !px-2 font-normal"
      aria-label={`${shown} time zone`}
      title={`Times are shown in ${here}. Switch to ${other === "UTC" ? "UTC" : "local time"}`}
      onClick={() => set({ zone: other })}
    >
      {shown}
    </button>
  );
}

function ThemeSwitch() {
  const { theme, set } = usePrefs();
  const next = { system: "light", light: "dark", dark: "system" } as const;
  const Icon = { system: Monitor, light: Sun, dark: Moon }[theme];
  return (
    <button
      type="button"
      className="btn plain !px-2"
      aria-label={`Theme: ${theme}`}
      title={`Theme: ${theme}. Switch to ${next[theme]}`}
      onClick={() => set({ theme: next[theme] })}
    >
      <Icon size={17} />
    </button>
  );
}

export async function signOut(): Promise<void> {
  await call(api.DELETE("/api/v1/session"));
  location.assign("/login");
}

function Account() {
  const { data } = useQuery(ask.me);
  if (!data) return null;
  return (
    <Link
      to="/settings"
      className="ml-1 flex size-7 items-center justify-center rounded-full bg-nav-on font-semibold text-[11px]"
      title={`${data.subject}, ${data.role}`}
    >
      <span aria-hidden="true">{data.subject.slice(0, 2).toUpperCase()}</span>
      <span className="sr-only">Settings of {data.subject}</span>
    </Link>
  );
}

export function SignOut() {
  return (
    <button type="button" className="btn" onClick={() => void signOut()}>
      <LogOut size={15} /> Sign out
    </button>
  );
}

/** Offline, or the API does not answer: said once, under the top bar; what is on the page stays. */
function Trouble() {
  const { zone } = usePrefs();
  const { status } = useStream();
  const [offline, setOffline] = useState(!navigator.onLine);
  const [down, setDown] = useState<number | null>(null);
  const navigate = useNavigate();
  useEffect(() => {
    const see = (): void => setOffline(!navigator.onLine);
    addEventListener("online", see);
    addEventListener("offline", see);
    const stop = onReach((answered) => setDown((since) => (answered ? null : (since ?? Date.now()))));
    return () => {
      removeEventListener("online", see);
      removeEventListener("offline", see);
      stop();
    };
  }, []);
  useEffect(() => {
    if (status.kind === "signed-out")
      void navigate({ to: "/login", search: { next: location.pathname + location.search } });
  }, [status.kind, navigate]);
  useEffect(() => {
    if (status.kind === "live") setDown(null);
  }, [status.kind]);
  const since = status.kind === "stale" ? status.since : down;
  if (!offline && down === null) return null;
  return (
    <div
      role="alert"
      className="tinted state flex items-center gap-2 border-line border-b px-6 py-2"
      style={{ "--state": "var(--blocked)" } as React.CSSProperties}
    >
      <StateIcon kind="blocked" />
      <span>
        {offline ? "This computer is offline" : `The API does not answer since ${clock(since ?? Date.now(), zone)}`}
        {since && `; you see the state of ${clock(since, zone)}`}
      </span>
    </div>
  );
}

const BAR: readonly Place[] = [MAIN[0]!, MAIN[1]!];

function BottomBar() {
  const [more, setMore] = useState(false);
  const may = useScopes();
  const rest = [MAIN[2]!, ...PLATFORM.slice(1), ...CATALOG].filter(may);
  const item = "flex flex-1 flex-col items-center justify-center gap-1 text-[11px] text-ink-2";
  const on = { className: "!text-ink font-semibold" };
  return (
    <nav aria-label="Main" className="fixed inset-x-0 bottom-0 z-30 border-line border-t bg-bg">
      {more && (
        <ul className="m-0 grid list-none grid-cols-2 border-line border-b p-2">
          {rest.map((place) => (
            <li key={place.to}>
              <Link to={place.to} onClick={() => setMore(false)} className="flex h-10 items-center gap-3 px-3">
                <place.icon size={17} /> {place.label}
              </Link>
            </li>
          ))}
        </ul>
      )}
      <div className="flex h-16">
        {BAR.map((place) => (
          <Link key={place.to} to={place.to} className={item} activeProps={on}>
            <place.icon size={19} strokeWidth={1.75} /> {place.label}
          </Link>
        ))}
        <Link to="/launch" className={item} activeProps={on}>
          <span className="flex h-7 w-10 items-center justify-center rounded bg-ink text-on-ink">
            <Plus size={17} />
          </span>
          Launch
        </Link>
        <Link to="/health" className={item} activeProps={on}>
          <PLATFORM_ICON /> Health
        </Link>
        <button type="button" className={item} aria-expanded={more} onClick={() => setMore(!more)}>
          <MenuIcon size={19} strokeWidth={1.75} /> More
        </button>
      </div>
    </nav>
  );
}

function PLATFORM_ICON() {
  const Icon = PLATFORM[0]!.icon;
  return <Icon size={19} strokeWidth={1.75} />;
}
