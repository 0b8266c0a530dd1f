/**
 * The filter of a list, in its three forms: the language that one types, the chips that are shown, the URL.
 *
 *     state:failed state:queued owner:ada app:"gray scott" resource:tern waits:petrel since:24h needs:you spike trimer
 *
 * Words without a key are searched for. A key that is not known is a word, too: nothing that is typed gets lost.
 */

export interface Filter {
  state: string[];
  owner?: string;
  app?: string;
  resource?: string;
  /** A resource that is away and that is waited for. */
  waits?: string;
  tag?: string;
  since?: string;
  needs?: "you";
  archived?: "yes";
  text?: string;
}

export interface Chip {
  key: keyof Filter;
  value: string;
  label: string;
}

export const EMPTY: Filter = { state: [] };
const KEYS = ["state", "owner", "app", "resource", "waits", "tag", "since", "needs", "archived"] as const;
/** States of a run that hold it: its process says so, not the experiment. */
export const HELD: readonly string[] = ["QUEUED", "BLOCKED", "PAUSED"];
const SPAN = /^(\d{1,4})(m|h|d|w)$/;
const SPAN_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const STATES = new Set([
  "CREATED",
  "VALIDATED",
  "SCHEDULED",
  "LAUNCHED",
  "EXECUTING",
  "CANCELING",
  "COMPLETED",
  "FAILED",
  "CANCELED",
  ...HELD,
]);

/** Split into words; quotes keep blanks, a backslash keeps a quote. */
function words(text: string): string[] {
  const found = text.match(/(?:[^\s"]|"(?:\\.|[^"\\])*"?)+/g) ?? [];
  return found.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"?/g, (_, inner: string) => inner.replace(/\\(.)/g, "$1")),
  );
}

export function parseFilter(text: string): Filter {
  const filter: Filter = { state: [] };
  const rest: string[] = [];
  for (const word of words(text)) {
    const colon = word.indexOf(":");
    const key = word.slice(0, Math.max(0, colon)).toLowerCase();
    const value = word.slice(colon + 1);
    if (!value || !(KEYS as readonly string[]).includes(key) || !take(filter, key as (typeof KEYS)[number], value))
      rest.push(word);
  }
  if (rest.length) filter.text = rest.join(" ");
  return filter;
}

function take(filter: Filter, key: (typeof KEYS)[number], value: string): boolean {
  switch (key) {
    case "state": {
      const states = value.toUpperCase().replaceAll("-", "_").split(",");
      if (!states.every((state) => STATES.has(state))) return false;
      filter.state = [...new Set([...filter.state, ...states])];
      return true;
    }
    case "since":
      if (!SPAN.test(value)) return false;
      filter.since = value;
      return true;
    case "needs":
      if (value !== "you") return false;
      filter.needs = "you";
      return true;
    case "archived":
      if (value !== "yes") return false;
      filter.archived = "yes";
      return true;
    default:
      filter[key] = value;
      return true;
  }
}

function quoted(value: string): string {
  return /[\s"]/.test(value) ? `"${value.replace(/[\\"]/g, "\\$&")}"` : value;
}

/** The text that parses back to the same filter. */
export function formatFilter(filter: Filter): string {
  const parts = filter.state.map((state) => `state:${state.toLowerCase()}`);
  for (const key of KEYS.slice(1) as readonly Exclude<(typeof KEYS)[number], "state">[]) {
    const value = filter[key];
    if (value) parts.push(`${key}:${quoted(value)}`);
  }
  if (filter.text) parts.push(filter.text.split(" ").map(quoted).join(" "));
  return parts.join(" ");
}

const CHIPS: Record<string, (value: string) => string> = {
  since: (value) => `made in ${value}`,
  waits: (value) => `waits for ${value}`,
};

export function chips(filter: Filter): Chip[] {
  const found: Chip[] = filter.state.map((value) => ({ key: "state", value, label: `state ${value.toLowerCase()}` }));
  for (const key of KEYS.slice(1) as readonly Exclude<(typeof KEYS)[number], "state">[]) {
    const value = filter[key];
    if (value) found.push({ key, value, label: CHIPS[key]?.(value) ?? `${key} ${value}` });
  }
  return found;
}

export function without(filter: Filter, chip: Chip): Filter {
  if (chip.key === "state") return { ...filter, state: filter.state.filter((state) => state !== chip.value) };
  const { [chip.key]: _, ...rest } = filter;
  return rest as Filter;
}

/** The query of the API; names are looked up in the catalogue by the caller. */
export function since(filter: Filter, now: number): string | undefined {
  const match = filter.since ? SPAN.exec(filter.since) : null;
  return match ? new Date(now - Number(match[1]) * SPAN_MS[match[2]!]!).toISOString() : undefined;
}
