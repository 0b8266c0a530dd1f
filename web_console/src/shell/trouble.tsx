import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { onReach } from "../api/client";
import { clock } from "../core/time";
import { useStream } from "../live/live";
import { usePrefs } from "../ui/prefs";
import { StateIcon } from "../ui/state";

/** Offline, or the API does not answer: said once, under the top bar; what is on the page stays. */
export function Trouble() {
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
