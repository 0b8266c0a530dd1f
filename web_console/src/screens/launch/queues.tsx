import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Queue, ResourceShown } from "../../api/client";
import { queueWords } from "../../core/queues";
import { kindOf } from "../../core/states";
import * as ask from "../../queries";
import { useNow } from "../../ui/prefs";

interface QueuesProps {
  resources: readonly ResourceShown[];
  usable: ReadonlySet<string>;
  chosen: ResourceShown | undefined;
  queue: Queue | undefined;
  overview: { jobs: { resource_id: string | null; state: string; jobs: number }[] } | undefined;
  onChoose: (resource: ResourceShown, queue: Queue | undefined) => void;
}

/** What was seen of the queues that may be chosen; while this is shown they are looked at, once a minute. */
function useSeen(resources: readonly ResourceShown[], usable: ReadonlySet<string>) {
  const seen = useQuery(ask.queues).data;
  const ids = useMemo(() => {
    const readable = new Set(seen?.filter((one) => one.readable).map((one) => one.resource_id));
    return resources.filter((one) => one.enabled && usable.has(one.id) && readable.has(one.id)).map((one) => one.id);
  }, [resources, usable, seen]);
  useQuery(ask.queueLooks(ids));
  return seen;
}

/** Every queue of every resource; what can't be used stays listed, with the reason. */
export function Queues({ resources, usable, chosen, queue, overview, onChoose }: QueuesProps) {
  const seen = useSeen(resources, usable);
  const now = useNow();
  const rows = resources.flatMap((resource) =>
    (resource.queues.length ? resource.queues : [undefined]).map((one) => ({ resource, one })),
  );
  return (
    <div className="overflow-hidden rounded border border-line" role="radiogroup" aria-label="Resource and queue">
      <div className="grid grid-cols-[20px_1.2fr_1.5fr_1fr_1fr] gap-3 bg-bg px-3 py-2 text-[12px] text-ink-2 max-sm:grid-cols-[20px_1fr_1fr]">
        <span /> <span>Queue</span> <span>Everybody's jobs</span> <span className="max-sm:hidden">Our jobs now</span>{" "}
        <span className="max-sm:hidden">Allows at most</span>
      </div>
      {rows.map(({ resource, one }) => {
        const reason = !resource.enabled
          ? "switched off"
          : usable.has(resource.id)
            ? null
            : "this application is not deployed there";
        const on = chosen?.id === resource.id && queue?.name === one?.name;
        const live = overview?.jobs.filter((job) => job.resource_id === resource.id) ?? [];
        const of = (kind: string): number =>
          live.filter((job) => kindOf(job.state) === kind).reduce((all, job) => all + job.jobs, 0);
        const state = queueWords(
          seen?.find((it) => it.resource_id === resource.id),
          one?.name,
          now,
        );
        const limits = [
          one?.max_wall_time_minutes && `${one.max_wall_time_minutes} min`,
          one?.max_nodes && `${one.max_nodes} nodes`,
        ]
          .filter(Boolean)
          .join(", ");
        return (
          <label
            key={`${resource.id}-${one?.name ?? ""}`}
            className={`grid grid-cols-[20px_1.2fr_1.5fr_1fr_1fr] items-center gap-3 border-line border-t px-3 py-2 max-sm:grid-cols-[20px_1fr_1fr] ${on ? "bg-selected" : ""} ${reason ? "text-ink-3" : ""}`}
          >
            <input
              type="radio"
              name="queue"
              className="size-4 accent-ink"
              disabled={Boolean(reason)}
              checked={on}
              onChange={() => onChoose(resource, one)}
              aria-label={`${resource.name} ${one?.name ?? ""}`}
            />
            <span className="clip">
              <b className="font-semibold">{resource.name}</b> {one?.name}
            </span>
            {reason ? (
              <span className="col-span-3 clip max-sm:col-span-1">{reason}</span>
            ) : (
              <>
                <span className="min-w-0">
                  <span className={`clip num block ${state?.stopped ? "text-blocked" : ""}`}>
                    {state?.words ?? (resource.scheduler === "fork" ? "starts at once" : "can’t be looked at")}
                  </span>
                  {state?.note && <span className="meta clip block">{state.note}</span>}
                </span>
                <span className="num max-sm:hidden">
                  {of("executing")} run, {of("queued")} wait
                </span>
                <span className="clip num max-sm:hidden">{limits || "no limit known"}</span>
              </>
            )}
          </label>
        );
      })}
    </div>
  );
}
