import { duration, exact, instant, ticking, upcoming } from "../core/time";
import { useNow, usePrefs } from "./prefs";

/** An instant as people read it; the exact one on hover. */
export function At({ at }: { at: string | null | undefined }) {
  const { zone } = usePrefs();
  const now = useNow();
  if (!at) return null;
  return (
    <time dateTime={at} title={exact(at, zone)} className="num">
      {instant(Date.parse(at), now, zone)}
    </time>
  );
}

/** What is to come: clock and countdown. */
export function Upcoming({ at }: { at: string }) {
  const { zone } = usePrefs();
  const now = useNow();
  return (
    <time dateTime={at} title={exact(at, zone)} className="num">
      {upcoming(Date.parse(at), now, zone)}
    </time>
  );
}

/** From then until the end, or until now, ticking. */
export function Elapsed({ from, to }: { from: string | null | undefined; to?: string | null }) {
  const now = useNow();
  if (!from) return null;
  const span = (to ? Date.parse(to) : now) - Date.parse(from);
  return <span className="num">{to ? duration(span) : ticking(span)}</span>;
}
