/** Small charts without axes: the number beside them is the last value. */

export function Sparkline({ values, width = 150, height = 26, color = "var(--ink-2)", label }: SparkProps) {
  const top = Math.max(1, ...values);
  const step = width / Math.max(1, values.length - 1);
  const points = values.map(
    (value, index) => `${(index * step).toFixed(1)},${(height - 2 - (value / top) * (height - 5)).toFixed(1)}`,
  );
  const last = points.at(-1)?.split(",") ?? ["0", "0"];
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${width} ${height}`}
      className="block w-full"
      style={{ height }}
      preserveAspectRatio="none"
    >
      <title>{label}</title>
      <polyline
        points={points.join(" ")}
        fill="none"
        stroke={color}
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
      <circle cx={last[0]} cy={last[1]} r="2" fill={color} />
    </svg>
  );
}

interface SparkProps {
  values: readonly number[];
  width?: number;
  height?: number;
  color?: string;
  label: string;
}

export function Bars({ values, height = 26, color = "var(--failed)", label }: SparkProps) {
  const top = Math.max(1, ...values);
  return (
    <span role="img" aria-label={label} title={label} className="flex items-end gap-[2px]" style={{ height }}>
      {values.map((value, index) => (
        <span
          key={index}
          className="flex-1"
          style={{
            background: value ? color : "var(--track)",
            height: value ? Math.max(4, (value / top) * height) : 2,
            maxWidth: 6,
          }}
        />
      ))}
    </span>
  );
}

/** A line with gaps where nothing was seen; its scale is logarithmic, since steps take milliseconds or minutes. */
export function Trace({
  values,
  gap,
  label,
  width = 74,
  height = 22,
}: {
  values: readonly (number | null)[];
  /** Hatched at the right end: now nothing can be seen. */
  gap?: boolean;
  label: string;
  width?: number;
  height?: number;
}) {
  const seen = values.filter((value): value is number => value !== null && value > 0);
  const [low, high] = [Math.log10(Math.min(...seen, 1) / 2), Math.log10(Math.max(...seen, 1) * 2)];
  const step = width / values.length;
  const y = (value: number): number => height - 1 - ((Math.log10(value) - low) / (high - low)) * (height - 2);
  const runs: string[][] = [[]];
  values.forEach((value, index) => {
    if (value === null || value <= 0) runs.push([]);
    else runs.at(-1)!.push(`${(index * step + step / 2).toFixed(1)},${y(value).toFixed(1)}`);
  });
  return (
    <span className="relative block" style={{ width, height }} role="img" aria-label={label} title={label}>
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} className="block" aria-hidden="true">
        {runs.map(
          (points, index) =>
            points.length > 0 && (
              <polyline
                key={index}
                points={points.length === 1 ? `${points[0]} ${points[0]}` : points.join(" ")}
                fill="none"
                stroke="var(--ink-2)"
                strokeWidth="1.5"
                strokeLinecap="round"
              />
            ),
        )}
      </svg>
      {gap && (
        <span
          className="hatched absolute inset-y-0 right-0 w-2"
          style={{ "--state": "var(--blocked)" } as React.CSSProperties}
        />
      )}
    </span>
  );
}
