import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleHelp, Clock3, LogOut, Monitor, Moon, Search, Sun } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { api, call } from "../api/client";
import { count, offset } from "../core/time";
import { useStream } from "../live/live";
import * as ask from "../queries";
import { useNow, usePrefs } from "../ui/prefs";
import { useToast } from "../ui/toast";
import { Mark } from "./mark";

export function TopBar({
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
      <Clock3 size={15} /> {shown}
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
