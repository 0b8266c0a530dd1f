import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api, call, type ScheduleShown } from "../../api/client";
import { useAct } from "../../ui/act";
import { CloseButton, Confirm, Drawer, Facts, Failure } from "../../ui/parts";
import { StateIcon } from "../../ui/state";
import { At } from "../../ui/time";
import { Outcome } from "./outcome";
import { CATCH_UP, OVERLAP } from "./words";

interface Props {
  schedule: ScheduleShown;
  mayWrite: boolean;
  onEdit: () => void;
  onClose: () => void;
}

/** One schedule: when, what it launches, its next moments and what became of those that were. */
export function ScheduleDrawer({ schedule, mayWrite, onEdit, onClose }: Props) {
  const { busy, act } = useAct(["schedules"]);
  const [dropping, setDropping] = useState(false);
  const path = { params: { path: { schedule_id: schedule.id } } };
  const runs = useInfiniteQuery({
    queryKey: ["schedules", schedule.id, "runs"],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/v1/schedules/{schedule_id}/runs", {
          params: { ...path.params, query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const past = useMemo(() => runs.data?.pages.flatMap((page) => page.items) ?? [], [runs.data]);
  const pause = (): Promise<unknown> =>
    act(`${schedule.name} is paused`, () => call(api.POST("/api/v1/schedules/{schedule_id}/pause", path)));
  const resume = (): Promise<unknown> =>
    act(`${schedule.name} goes on`, () => call(api.POST("/api/v1/schedules/{schedule_id}/resume", path)));
  const remove = async (): Promise<void> => {
    if (await act("Removed", () => call(api.DELETE("/api/v1/schedules/{schedule_id}", path)))) onClose();
  };
  return (
    <Drawer label={`Schedule ${schedule.name}`} onClose={onClose}>
      <header className="flex items-center gap-2 border-line border-b px-5 py-3">
        {schedule.paused && <StateIcon kind="paused" size={16} />}
        <h2 className="clip m-0 flex-1 font-semibold text-[15px]">{schedule.name}</h2>
        <CloseButton onClick={onClose} />
      </header>
      <div className="border-line border-b px-5 py-3">
        {schedule.description && <p className="m-0 mb-3 text-ink-2">{schedule.description}</p>}
        <Facts
          facts={[
            ["When", <span key="c" className="mono">{`${schedule.cron} (${schedule.time_zone})`}</span>],
            ["If missed", CATCH_UP[schedule.catch_up]],
            ["A new one", OVERLAP[schedule.overlap]],
            ["Launches", String(schedule.experiment.name ?? "an experiment")],
            ["Whose", schedule.owner],
          ]}
        />
        {mayWrite && (
          <div className="mt-3 flex gap-2">
            <button
              type="button"
              className={`btn ${schedule.paused ? "ink" : ""}`}
              disabled={busy}
              onClick={() => void (schedule.paused ? resume() : pause())}
            >
              {schedule.paused ? "Resume" : "Pause"}
            </button>
            <button type="button" className="btn" onClick={onEdit}>
              Edit…
            </button>
            <button type="button" className="btn" disabled={busy} onClick={() => setDropping(true)}>
              Remove…
            </button>
          </div>
        )}
      </div>
      <section aria-label="Next moments" className="border-line border-b px-5 py-3">
        <h3 className="m-0 mb-2 font-semibold">Next moments</h3>
        {schedule.paused && <p className="m-0 text-ink-2">None while it is paused.</p>}
        {schedule.next_runs.slice(0, 5).map((at) => (
          <p key={at} className="m-0 py-[2px]">
            <At at={at} />
          </p>
        ))}
      </section>
      <section aria-label="What became of each moment" className="px-5 py-3">
        <h3 className="m-0 mb-2 font-semibold">What became of each moment</h3>
        {runs.error && <Failure error={runs.error} retry={() => void runs.refetch()} />}
        {runs.data && !past.length && <p className="m-0 text-ink-2">None has come yet.</p>}
        {past.map((run) => (
          <div key={run.due_at} className="border-line border-t py-2 first:border-0">
            <div className="flex gap-2">
              <span className="flex-1">
                <Outcome run={run} />
              </span>
              {run.experiment_id && (
                <Link className="link" to="/experiments/$id" params={{ id: run.experiment_id }}>
                  The run
                </Link>
              )}
            </div>
            {(run.reason || run.number > 1) && (
              <p className="second m-0 whitespace-normal">
                {run.reason} {run.number > 1 && `Stands for ${run.number} moments.`}
              </p>
            )}
          </div>
        ))}
        {runs.hasNextPage && (
          <button type="button" className="btn small mt-2" onClick={() => void runs.fetchNextPage()}>
            Older
          </button>
        )}
      </section>
      <Confirm
        open={dropping}
        danger
        title={`Remove ${schedule.name}?`}
        text="Nothing is launched by it from then on, and the list of its moments goes. What it has launched stays."
        verb="Remove"
        onClose={() => setDropping(false)}
        onConfirm={() => void remove()}
      />
    </Drawer>
  );
}
