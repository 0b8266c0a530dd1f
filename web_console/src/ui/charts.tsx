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
