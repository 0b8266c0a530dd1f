import type { Queue, ResourceShown } from "../../api/client";
import { kindOf } from "../../core/states";

interface QueuesProps {
  resources: readonly ResourceShown[];
  usable: ReadonlySet<string>;
  chosen: ResourceShown | undefined;
  queue: Queue | undefined;
  overview: { jobs: { resource_id: string | null; state: string; jobs: number }[] } | undefined;
  onChoose: (resource: ResourceShown, queue: Queue | undefined) => void;
}

/** Every queue of every resource; what can't be used stays listed, with the reason. */
export function Queues({ resources, usable, chosen, queue, overview, onChoose }: QueuesProps) {
  const rows = resources.flatMap((resource) =>
    (resource.queues.length ? resource.queues : [undefined]).map((one) => ({ resource, one })),
  );
  return (
    <div className="overflow-hidden rounded border border-line" role="radiogroup" aria-label="Resource and queue">
      <div className="grid grid-cols-[20px_1.2fr_1fr_1.2fr] gap-3 bg-bg px-3 py-2 text-[12px] text-ink-2">
        <span /> <span>Queue</span> <span>Our jobs now</span> <span>Allows at most</span>
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
        const limits = [
          one?.max_wall_time_minutes && `${one.max_wall_time_minutes} min`,
          one?.max_nodes && `${one.max_nodes} nodes`,
        ]
          .filter(Boolean)
          .join(", ");
        return (
          <label
            key={`${resource.id}-${one?.name ?? ""}`}
            className={`grid grid-cols-[20px_1.2fr_1fr_1.2fr] items-center gap-3 border-line border-t px-3 py-2 ${on ? "bg-selected" : ""} ${reason ? "text-ink-3" : ""}`}
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
              <span className="col-span-2 clip">{reason}</span>
            ) : (
              <span className="num">
                {of("executing")} run, {of("queued")} wait
              </span>
            )}
            {!reason && <span className="clip num">{limits || "no limit known"}</span>}
          </label>
        );
      })}
    </div>
  );
}
