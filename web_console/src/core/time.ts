/** Durations and instants as people read them. Pure; the zone is given, the clock too. */

export type Zone = "local" | "UTC";

const UNITS: readonly [string, number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];

/** The two largest units: `2 h 17 m`, `37 m 52 s`, `3.1 s`, `84 ms`. */
export function duration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const index = UNITS.findIndex(([, size]) => ms >= size);
  const [unit, size] = UNITS[index]!;
  const first = Math.floor(ms / size);
  const next = UNITS[index + 1];
  if (!next) return `${first} ${unit}`;
  const rest = Math.floor((ms % size) / next[1]);
  return rest ? `${first} ${unit} ${String(rest).padStart(unit === "d" ? 1 : 2, "0")} ${next[0]}` : `${first} ${unit}`;
}

/** Of lengths that tick: whole seconds. */
export function ticking(milliseconds: number): string {
  return milliseconds < 10_000 ? `${Math.max(0, Math.floor(milliseconds / 1_000))} s` : duration(milliseconds);
}

interface Parts {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
  second: string;
}

const formats = new Map<Zone, Intl.DateTimeFormat>();

function parts(at: number, zone: Zone): Parts {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone === "UTC" ? "UTC" : undefined,
      year: "numeric",
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
    formats.set(zone, format);
  }
  const found: Record<string, string> = {};
  for (const part of format.formatToParts(at)) found[part.type] = part.value;
  return { ...(found as unknown as Parts), month: found.month!.slice(0, 3) };
}

/** `14:33:05` today, `21 Nov` this year, `20 Feb 2027` else. */
export function instant(at: number, now: number, zone: Zone): string {
  const then = parts(at, zone);
  const today = parts(now, zone);
  if (then.year !== today.year) return `${then.day} ${then.month} ${then.year}`;
  if (then.day !== today.day || then.month !== today.month) return `${then.day} ${then.month}`;
  return `${then.hour}:${then.minute}:${then.second}`;
}

/** The clock alone, whatever the day. */
export function clock(at: number, zone: Zone, seconds = true): string {
  const then = parts(at, zone);
  return `${then.hour}:${then.minute}${seconds ? `:${then.second}` : ""}`;
}

/** The exact instant with microseconds and zone, as the server wrote it (RFC 3339 in UTC). */
export function exact(text: string, zone: Zone): string {
  const at = Date.parse(text);
  const then = parts(at, zone);
  const fraction = /\.(\d+)/.exec(text)?.[1]?.padEnd(6, "0").slice(0, 6) ?? "000000";
  return `${then.day} ${then.month} ${then.year}, ${then.hour}:${then.minute}:${then.second}.${fraction} ${offset(at, zone)}`;
}

/** `UTC`, `UTC+01:00`. */
export function offset(at: number, zone: Zone): string {
  const minutes = zone === "UTC" ? 0 : -new Date(at).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `UTC${minutes < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** A next event: clock, and a countdown below two minutes. */
export function upcoming(at: number, now: number, zone: Zone): string {
  const left = at - now;
  if (left <= 0) return "now";
  return left < 120_000 ? `${instant(at, now, zone)}, in ${Math.ceil(left / 1_000)} s` : instant(at, now, zone);
}

/** Round steps for an axis: at most `most` ticks between two instants. */
export function ticks(from: number, to: number, most: number): number[] {
  const steps = [
    0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400,
  ];
  const span = to - from;
  const step =
    (steps.find((seconds) => span / (seconds * 1_000) <= most) ?? 86_400 * Math.ceil(span / (86_400_000 * most))) *
    1_000;
  const found: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) found.push(at);
  return found;
}

export function bytes(count: number | null | undefined): string {
  if (count == null) return "";
  if (count < 1_000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let size = count / 1_000;
  let unit = 0;
  while (size >= 1_000 && unit < units.length - 1) {
    size /= 1_000;
    unit += 1;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

export function count(number: number): string {
  return number.toLocaleString("en-US");
}

/** Ids lose their middle; copying gives all of it. */
export function shortId(id: string): string {
  return id.length > 13 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id;
}
