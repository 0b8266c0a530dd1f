import type { Health } from "../../core/health";
import type { Kind } from "../../core/states";
import { StateIcon, stateStyle } from "../../ui/state";

export const KIND: Record<Health, Kind> = {
  out: "blocked",
  releasing: "blocked",
  slow: "retry-wait",
  draining: "paused",
  off: "paused",
  healthy: "completed",
};
export const WORD: Record<Health, string> = {
  out: "Out",
  releasing: "Releasing",
  slow: "Slow",
  draining: "Draining",
  off: "Off",
  healthy: "Healthy",
};

/** A clock for what is slow, a half-filled octagon for what is coming back; else the icon of the state alike. */
export function HealthIcon({ health, size = 14 }: { health: Health; size?: number }) {
  if (health !== "slow" && health !== "releasing") return <StateIcon kind={KIND[health]} size={size} />;
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 16 16"
      width={size}
      height={size}
      className="state shrink-0"
      style={stateStyle(KIND[health])}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
    >
      {health === "slow" ? (
        <>
          <circle cx="8" cy="8" r="6.200" />
          <path d="M8 4.500V8l2.400 1.600" />
        </>
      ) : (
        <>
          <path d="M5.400 1.500h5.200l3.900 3.900v5.200l-3.900 3.900H5.400l-3.900-3.900V5.400z" />
          <path d="M1.500 8h13v2.600l-3.900 3.900H5.400l-3.900-3.900z" fill="currentColor" stroke="none" />
        </>
      )}
    </svg>
  );
}

export function HealthLabel({ health }: { health: Health }) {
  return (
    <span className="inline-flex items-center gap-2">
      <HealthIcon health={health} />
      <span className={health === "healthy" ? "text-ink-2" : "state"} style={stateStyle(KIND[health])}>
        {WORD[health]}
      </span>
    </span>
  );
}
