import { duration } from "../../../core/time";
import type { SegmentKind, Timeline } from "../../../core/timeline";

const WORDS: Record<SegmentKind | "platform", string> = {
  wait: "queue wait",
  run: "ran",
  failed: "failed attempt",
  retry: "retry gap",
  blocked: "blocked",
  copy: "file copy",
  platform: "platform",
};

const FILLS: Record<SegmentKind | "platform", React.CSSProperties> = {
  wait: { boxShadow: "inset 0 0 0 1px var(--queued)" },
  run: { background: "var(--done)" },
  copy: { background: "linear-gradient(var(--done) 0 0) center / 100% 6px no-repeat" },
  failed: {
    background: "color-mix(in srgb, var(--failed) 30%, var(--surface))",
    boxShadow: "inset 0 0 0 1px var(--failed)",
  },
  retry: { background: "repeating-linear-gradient(90deg, var(--retry-wait) 0 2px, transparent 2px 4px)" },
  blocked: {
    background: "repeating-linear-gradient(135deg, var(--blocked) 0 2px, var(--hatch) 2px 4px)",
  },
  platform: { background: "var(--line-strong)" },
};

/** Where the time of the critical path went. */
export function Spent({ timeline, running }: { timeline: Timeline; running: boolean }) {
  const whole = Object.values(timeline.spent).reduce((a, b) => a + b, 0) || 1;
  const parts = (Object.entries(timeline.spent) as [SegmentKind | "platform", number][])
    .filter(([, ms]) => ms > 0)
    .sort((a, b) => b[1] - a[1]);
  return (
    <section
      aria-label="Where the critical path's time went"
      className="grid grid-cols-[236px_1fr] items-center gap-x-6 border-line border-b px-6 py-3 max-sm:grid-cols-1 max-sm:px-4"
    >
      <div>
        <div className="second">Critical path{running ? " so far" : ""}</div>
        <div className="font-[600] text-[18px] leading-[26px] num">{duration(whole)}</div>
      </div>
      <div className="min-w-0">
        <div className="flex h-3 gap-px">
          {parts.map(([kind, ms]) => (
            <span
              key={kind}
              title={`${WORDS[kind]} ${duration(ms)}`}
              style={{ ...FILLS[kind], flex: ms, minWidth: 2 }}
            />
          ))}
        </div>
        <div className="mt-2 flex flex-wrap gap-x-5 text-[12px] text-ink-2 leading-4">
          {parts.map(([kind, ms]) => (
            <span key={kind} className="inline-flex items-center gap-2">
              <i className="inline-block h-[10px] w-4" style={FILLS[kind]} />
              {WORDS[kind]} <b className="font-semibold text-ink num">{duration(ms)}</b>{" "}
              <span className="num">{Math.round((ms / whole) * 100)} %</span>
            </span>
          ))}
        </div>
      </div>
    </section>
  );
}
