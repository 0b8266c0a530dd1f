import { useEffect, useRef, useState } from "react";
import { clock, duration } from "../../core/time";
import { useNow, usePrefs } from "../../ui/prefs";
import type { HealthRow } from "./usehealth";

const HEIGHT = 132;
const PLOT = { top: 8, left: 54, bottom: 104 };
const ERRORS = { top: 112, bottom: 130 };
const HOUR_MS = 3_600_000;

/** The width of an element, kept. */
function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(480);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.max(240, entry.contentRect.width)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/** Round numbers of a logarithmic axis, in seconds. */
function decades(low: number, high: number): number[] {
  const found: number[] = [];
  for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power += 1) found.push(10 ** power);
  return found;
}

/** What a step takes, the last hour; hatched while the circuit is open; failures beneath. */
export function Trend({ row }: { row: HealthRow }) {
  const [ref, width] = useWidth();
  const { zone } = usePrefs();
  const now = useNow();
  const { median_1h: median, failed_1h: failed } = row.measured;
  const seen = median.filter((value): value is number => value !== null && value > 0);
  const low = Math.floor(Math.log10(Math.min(0.1, ...seen)));
  const high = Math.ceil(Math.log10(Math.max(1, ...seen)));
  const from = now - HOUR_MS;
  const x = (at: number): number => PLOT.left + ((at - from) / HOUR_MS) * (width - PLOT.left);
  const y = (value: number): number =>
    PLOT.bottom - ((Math.log10(value) - low) / (high - low)) * (PLOT.bottom - PLOT.top);
  const slot = HOUR_MS / median.length;
  const middle = (index: number): number => x(from + (index + 0.5) * slot);
  const lines: string[][] = [[]];
  median.forEach((value, index) => {
    if (value === null || value <= 0) lines.push([]);
    else lines.at(-1)!.push(`${middle(index).toFixed(1)},${y(value).toFixed(1)}`);
  });
  const account = row.standing?.accounts.find((one) => one.circuit === "open");
  const opened = account ? Math.max(from, Date.parse(account.since)) : null;
  const most = Math.max(1, ...failed);
  const quarter = 900_000;
  const first = Math.ceil(from / quarter) * quarter;
  const words = seen.length
    ? `The median step took between ${duration(Math.min(...seen) * 1000)} and ${duration(Math.max(...seen) * 1000)} in the last hour; ${failed.reduce((a, b) => a + b, 0)} attempts failed`
    : "No step ended in the last hour";
  return (
    <div ref={ref} className="mt-3">
      <svg role="img" aria-label={words} width={width} height={HEIGHT + 18} className="block text-[11px]">
        <title>{words}</title>
        <defs>
          <pattern id="away" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="6" height="6" fill="var(--hatch)" />
            <rect width="2" height="6" fill="var(--blocked)" />
          </pattern>
        </defs>
        {decades(low, high).map((value) => (
          <g key={value}>
            <line x1={PLOT.left} x2={width} y1={y(value)} y2={y(value)} stroke="var(--line)" />
            <text x={PLOT.left - 8} y={y(value) + 4} textAnchor="end" fill="var(--ink-3)" className="num">
              {duration(value * 1000).replace(".0 ", " ")}
            </text>
          </g>
        ))}
        {opened !== null && (
          <rect
            x={x(opened)}
            y={PLOT.top}
            width={Math.max(2, width - x(opened))}
            height={PLOT.bottom - PLOT.top}
            fill="url(#away)"
          />
        )}
        {!seen.length && opened === null && (
          <text x={PLOT.left + 12} y={(PLOT.top + PLOT.bottom) / 2 + 4} fill="var(--ink-3)">
            No step ended in the last hour
          </text>
        )}
        {lines.map(
          (points, index) =>
            points.length > 0 && (
              <polyline
                key={index}
                points={points.length === 1 ? `${points[0]} ${points[0]}` : points.join(" ")}
                fill="none"
                stroke="var(--ink-2)"
                strokeWidth={points.length === 1 ? 4 : 1.5}
                strokeLinecap="round"
                strokeLinejoin="round"
              />
            ),
        )}
        <text x={PLOT.left - 8} y={ERRORS.bottom - 4} textAnchor="end" fill="var(--ink-3)">
          failed
        </text>
        {failed.map((value, index) => (
          <rect
            key={index}
            x={middle(index) - 5}
            y={ERRORS.bottom - (value ? 3 + (value / most) * 15 : 2)}
            width="10"
            height={value ? 3 + (value / most) * 15 : 2}
            fill={value ? "var(--failed)" : "var(--track)"}
          />
        ))}
        {[0, 1, 2, 3].map((index) => {
          const at = first + index * quarter;
          return (
            <text key={index} x={x(at)} y={HEIGHT + 14} textAnchor="middle" fill="var(--ink-3)" className="num">
              {x(at) > PLOT.left + 14 && x(at) < width - 16 ? clock(at, zone, false) : ""}
            </text>
          );
        })}
      </svg>
    </div>
  );
}
