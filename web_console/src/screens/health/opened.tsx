import { useQuery } from "@tanstack/react-query";
import { api, call, type ResourceShown } from "../../api/client";
import { type Health as HealthWord, worstAccount } from "../../core/health";
import { duration } from "../../core/time";
import * as ask from "../../queries";
import { CloseButton, Facts, Failure } from "../../ui/parts";
import { At } from "../../ui/time";
import { Reachability } from "../catalogue/reachability";
import { HealthIcon, HealthLabel } from "./label";
import { Next } from "./next";
import { Trend } from "./trend";
import type { HealthRow } from "./usehealth";

/** One resource beneath the list: what happened, the way there step by step, what happens next and who waits. */
export function Opened({ row, onClose }: { row: HealthRow; onClose: () => void }) {
  const { data: resources } = useQuery(ask.resources);
  const { data: me } = useQuery(ask.me);
  const resource = resources?.find((other) => other.id === row.id);
  const scopes = (me?.scopes ?? []) as string[];
  const one = row.measured;
  const seconds = worstAccount(row.standing)?.seconds;
  return (
    <section
      aria-label={row.name}
      className="scroll relative z-20 max-h-[56%] shrink-0 border-line border-t bg-surface max-sm:fixed max-sm:inset-0 max-sm:max-h-none"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <div className="absolute top-3 right-4 z-10">
        <CloseButton onClick={onClose} />
      </div>
      <div className="grid grid-cols-[minmax(0,1.45fr)_minmax(0,0.8fr)_minmax(0,0.9fr)] max-lg:grid-cols-2 max-sm:grid-cols-1">
        <div className="min-w-0 px-6 py-4 max-lg:col-span-full max-sm:px-4">
          <div className="flex flex-wrap items-baseline gap-x-3">
            <h2 className="m-0 font-semibold text-[15px] leading-[22px]">{row.name}</h2>
            <span className="mono clip text-ink-2">{where(one, resource)}</span>
            <span className="ml-auto pr-10 lg:pr-0">
              <HealthLabel health={row.health} />
            </span>
          </div>
          <p className="second m-0 mt-1">
            Time for one step, median of the last hour; hatched while the circuit is open.
          </p>
          <Trend row={row} />
          <History id={row.id} />
        </div>
        <div className="min-w-0 border-line border-l px-6 py-4 max-lg:border-t max-lg:border-l-0 max-sm:px-4">
          {resource && <Reachability resource={resource} mayTest={scopes.includes("catalogue:write")} />}
          <div className="mt-4 border-line border-t pt-4">
            <Facts
              facts={[
                ["Login", one.username ?? "none needed"],
                seconds != null && ["Step time", `${duration(seconds * 1000)} on average`],
                ["Last success", <Last key="s" at={one.last_success_at} />],
                ["Last failure", <Last key="f" at={one.last_failure_at} />],
                ["Attempts, 1 h", `${one.attempts}, ${one.failed} failed`],
              ]}
            />
          </div>
        </div>
        <div className="min-w-0 border-line border-l px-6 py-4 max-lg:border-t max-sm:border-l-0 max-sm:px-4 max-sm:pb-20">
          <Next row={row} scopes={scopes} />
        </div>
      </div>
    </section>
  );
}

function Last({ at }: { at: string | null }) {
  return at ? <At at={at} /> : "none in the last hour";
}

const ICONS: Record<string, HealthWord> = {
  "circuit-opened": "out",
  "circuit-releasing": "releasing",
  "circuit-closed": "healthy",
  "lane-changed": "slow",
  "try-now": "off",
  control: "off",
};

function History({ id }: { id: string }) {
  const history = useQuery({
    queryKey: ["live-lists", "health", id, "history"],
    queryFn: () =>
      call(
        api.GET("/api/v1/compute-resources/{resource_id}/health/history", {
          params: { path: { resource_id: id }, query: { limit: 6 } },
        }),
      ),
    refetchInterval: 10_000,
  });
  const events = history.data?.items ?? [];
  return (
    <div className="mt-3 border-line border-t pt-3">
      {history.error && <Failure error={history.error} retry={() => void history.refetch()} />}
      {!events.length && !history.isPending && (
        <p className="m-0 text-ink-2">Nothing has happened to its health yet.</p>
      )}
      <ol className="m-0 list-none p-0">
        {events.map((event) => (
          <li key={event.id} className="flex gap-3 py-[3px]">
            <span className="w-[64px] shrink-0 text-ink-2">
              <At at={event.at} />
            </span>
            <span className="pt-[3px]">
              <HealthIcon health={ICONS[event.kind] ?? (event.kind.includes("failed") ? "out" : "off")} />
            </span>
            <span className="min-w-0 flex-1 break-words">{event.sentence}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** Where the way to it leads. */
function where(one: HealthRow["measured"], resource: ResourceShown | undefined): string {
  if (resource?.reach === "agent") return "worked on by its agent";
  return one.transport === "ssh" ? `${one.host}:${one.port}` : "on the services' own machine";
}
