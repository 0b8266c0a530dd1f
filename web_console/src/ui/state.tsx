import { type Kind, kindOf, LABELS } from "../core/states";

/** The icons of the twelve states, on a grid of 16. Shapes differ, so that no state is told by its colour alone. */
const SHAPES: Record<Kind, React.ReactNode> = {
  created: <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.5" strokeDasharray="2.2 1.6" />,
  scheduled: (
    <>
      <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <circle cx="8" cy="8" r="2.2" fill="currentColor" />
    </>
  ),
  queued: <path d="M2 3.500h12M2 8h9M2 12.500h5" stroke="currentColor" strokeWidth="2.4" />,
  executing: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M6.300 4.900v6.200L11.300 8z" fill="var(--surface)" />
    </>
  ),
  "retry-wait": (
    <>
      <path d="M13.400 8.600A5.600 5.600 0 1 1 11.800 4" fill="none" stroke="currentColor" strokeWidth="1.700" />
      <path d="M13.900 1.800v4.400H9.500z" fill="currentColor" />
    </>
  ),
  blocked: (
    <>
      <path d="M5.200 1h5.600L15 5.200v5.600L10.800 15H5.200L1 10.800V5.200z" fill="currentColor" />
      <path d="M4.500 8h7" stroke="var(--surface)" strokeWidth="2" />
    </>
  ),
  paused: (
    <>
      <rect x="1.500" y="1.500" width="13" height="13" rx="2" fill="currentColor" />
      <path d="M6 4.800v6.400M10 4.800v6.400" stroke="var(--surface)" strokeWidth="1.900" />
    </>
  ),
  canceling: (
    <>
      <circle
        cx="8"
        cy="8"
        r="6.200"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.500"
        strokeDasharray="2.200 1.600"
      />
      <path d="m5.800 5.800 4.400 4.400m0-4.400-4.400 4.400" stroke="currentColor" strokeWidth="1.500" />
    </>
  ),
  completed: (
    <>
      <circle cx="8" cy="8" r="6.200" fill="none" stroke="currentColor" strokeWidth="1.500" />
      <path d="m5.200 8.200 2 2 3.700-4.100" fill="none" stroke="currentColor" strokeWidth="1.500" />
    </>
  ),
  failed: (
    <>
      <path d="M8 .4 15.600 8 8 15.600.4 8z" fill="currentColor" />
      <path d="m5.800 5.800 4.400 4.400m0-4.400-4.400 4.400" stroke="var(--surface)" strokeWidth="1.600" />
    </>
  ),
  canceled: (
    <>
      <circle cx="8" cy="8" r="6.200" fill="none" stroke="currentColor" strokeWidth="1.500" />
      <path d="m3.800 12.200 8.400-8.400" stroke="currentColor" strokeWidth="1.500" />
    </>
  ),
  skipped: <path d="m3 4 4 4-4 4m6-8 4 4-4 4" fill="none" stroke="currentColor" strokeWidth="1.600" />,
};

export function stateStyle(kind: Kind): React.CSSProperties {
  return { "--state": `var(--${kind})` } as React.CSSProperties;
}

interface IconProps {
  kind: Kind;
  size?: number;
  /** Its accessible name, where no label stands beside it. */
  label?: string;
}

export function StateIcon({ kind, size = 14, label }: IconProps) {
  const named = label ? { role: "img", "aria-label": label } : { "aria-hidden": true as const };
  return (
    <svg {...named} viewBox="0 0 16 16" width={size} height={size} className="state shrink-0" style={stateStyle(kind)}>
      {label && <title>{label}</title>}
      {SHAPES[kind]}
    </svg>
  );
}

const QUIET: ReadonlySet<Kind> = new Set(["completed", "canceled", "skipped"]);

/** Icon and label; the platform's exact name is in the tooltip. */
export function StateLabel({ state, kind = kindOf(state), size }: { state: string; kind?: Kind; size?: number }) {
  return (
    <span className="inline-flex items-center gap-2" title={state}>
      <StateIcon kind={kind} size={size} />
      <span className={QUIET.has(kind) ? "text-ink-2" : "state"} style={stateStyle(kind)}>
        {LABELS[kind]}
      </span>
    </span>
  );
}

const ORDER: readonly Kind[] = [
  "failed",
  "completed",
  "executing",
  "retry-wait",
  "blocked",
  "paused",
  "queued",
  "scheduled",
  "canceled",
  "skipped",
];
const TASK_KINDS: Record<string, Kind> = {};

function fill(kind: Kind): { className: string; style: React.CSSProperties } {
  const style = stateStyle(kind);
  switch (kind) {
    case "completed":
      return { className: "", style: { background: "var(--done)" } };
    case "queued":
      return { className: "", style: { ...style, boxShadow: "inset 0 0 0 1px var(--state)" } };
    case "retry-wait":
      return { className: "striped", style };
    case "blocked":
      return { className: "hatched", style };
    case "scheduled":
    case "created":
      return { className: "", style: { background: "var(--track)" } };
    case "canceled":
    case "skipped":
      return {
        className: "",
        style: { ...style, background: "linear-gradient(var(--state) 0 0) center / 100% 2px no-repeat" },
      };
    default:
      return { className: "", style: { ...style, background: "var(--state)" } };
  }
}

/** How far a run is: one part per state, 1 px between them. */
export function ProgressBar({ tasks, height = 6 }: { tasks: Record<string, number>; height?: number }) {
  const total = tasks.total || 1;
  const parts = new Map<Kind, number>();
  for (const [state, count] of Object.entries(tasks)) {
    if (state === "total") continue;
    TASK_KINDS[state] ??= kindOf(state);
    parts.set(TASK_KINDS[state], (parts.get(TASK_KINDS[state]) ?? 0) + count);
  }
  return (
    <span
      className="flex w-full gap-px overflow-hidden rounded-[1px]"
      style={{ height, background: "var(--track)" }}
      aria-hidden="true"
    >
      {ORDER.filter((kind) => parts.get(kind)).map((kind) => {
        const { className, style } = fill(kind);
        const share = (parts.get(kind)! / total) * 100;
        return (
          <span
            key={kind}
            className={className}
            style={{ ...style, width: `${share}%`, minWidth: 2, outline: "1px solid var(--surface)" }}
          />
        );
      })}
    </span>
  );
}
