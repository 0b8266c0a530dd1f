import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ApiError, api, call, type ScheduleRunShown, type ScheduleShown } from "../api/client";
import { plural } from "../core/words";
import { useTitle } from "../shell/shell";
import { CloseButton, Drawer, Facts, Failure, Sentence } from "../ui/parts";
import { StateIcon } from "../ui/state";
import { Table } from "../ui/table";
import { At, Upcoming } from "../ui/time";
import { useToast } from "../ui/toast";

const CATCH_UP = {
  skip: "missed moments are left out",
  one: "missed moments are made up for once",
  all: "every missed moment is made up for",
} as const;
const OVERLAP = {
  allow: "starts beside one that still runs",
  skip: "is left out while one runs",
  wait: "waits for the one that runs",
  cancel: "cancels the one that runs",
} as const;
const OUTCOMES = { launched: "Launched", waiting: "Waits", "left-out": "Left out", refused: "Refused" } as const;

/** Experiments that start by themselves: when next, and what became of each moment. */
export function Schedules() {
  useTitle("Schedules", "Schedules");
  const search = useSearch({ from: "/inside/schedules" });
  const navigate = useNavigate();
  const list = useQuery({
    queryKey: ["schedules"],
    queryFn: () => call(api.GET("/api/v1/schedules", { params: { query: { limit: 500 } } })),
    refetchInterval: 15_000,
  });
  const rows = list.data?.items ?? [];
  const opened = rows.find((row) => row.id === search.open);
  const show = (open: string | undefined): void => void navigate({ to: "/schedules", search: { open } });
  const next = rows
    .filter((row) => row.next_at && !row.paused)
    .sort((a, b) => (a.next_at ?? "").localeCompare(b.next_at ?? ""))[0];
  return (
    <>
      <Sentence>
        {next?.next_at ? (
          <>
            {next.name} is next, <Upcoming at={next.next_at} />. {plural(rows.length, "schedule", "schedules")}
            {rows.some((row) => row.paused) && `, ${rows.filter((row) => row.paused).length} paused`}.
          </>
        ) : rows.length ? (
          "No schedule has a moment to come."
        ) : (
          "Experiments that start by themselves, by cron expression and time zone."
        )}
      </Sentence>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <div className="relative flex min-h-0 flex-1">
        <Table<ScheduleShown>
          label="Schedules"
          rows={rows}
          rowKey={(row) => row.id}
          openKey={opened?.id}
          onOpen={(row) => show(row.id)}
          loading={list.isPending}
          needsYou={(row) => row.last_run?.outcome === "refused"}
          empty="No schedule yet: howdah schedules set NAME --cron '30 2 * * *' -f experiment.yaml makes one."
          columns={[
            {
              key: "name",
              header: "Name",
              track: "minmax(140px,1.3fr)",
              cell: (row) => <span className="name clip block">{row.name}</span>,
            },
            {
              key: "when",
              header: "When",
              track: "minmax(110px,1fr)",
              from: 480,
              cell: (row) => (
                <span className="clip block">
                  <span className="mono">{row.cron}</span> <span className="text-ink-3">{row.time_zone}</span>
                </span>
              ),
            },
            {
              key: "next",
              header: "Next",
              track: "minmax(110px,1fr)",
              cell: (row) => <Next row={row} />,
            },
            {
              key: "last",
              header: "Last moment",
              track: "minmax(120px,1fr)",
              from: 720,
              cell: (row) =>
                row.last_run ? <Outcome run={row.last_run} /> : <span className="text-ink-3">none yet</span>,
            },
            { key: "owner", header: "Whose", track: "minmax(80px,0.6fr)", from: 860, cell: (row) => row.owner },
          ]}
        />
        {opened && <ScheduleDrawer key={opened.id} schedule={opened} onClose={() => show(undefined)} />}
      </div>
    </>
  );
}

function Next({ row }: { row: ScheduleShown }) {
  if (row.paused)
    return (
      <span className="inline-flex items-center gap-[6px] text-paused">
        <StateIcon kind="paused" /> Paused
      </span>
    );
  return row.next_at ? <Upcoming at={row.next_at} /> : <span className="text-ink-3">never again</span>;
}

function Outcome({ run }: { run: ScheduleRunShown }) {
  return (
    <span className={`clip block ${run.outcome === "refused" ? "text-failed" : ""}`} title={run.reason}>
      {OUTCOMES[run.outcome]} <At at={run.due_at} />
    </span>
  );
}

function ScheduleDrawer({ schedule, onClose }: { schedule: ScheduleShown; onClose: () => void }) {
  const queries = useQueryClient();
  const say = useToast();
  const [busy, setBusy] = useState(false);
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
  const turn = async (): Promise<void> => {
    setBusy(true);
    try {
      if (schedule.paused) await call(api.POST("/api/v1/schedules/{schedule_id}/resume", path));
      else await call(api.POST("/api/v1/schedules/{schedule_id}/pause", path));
      say(`${schedule.name} ${schedule.paused ? "goes on" : "is paused"}`);
      await queries.invalidateQueries({ queryKey: ["schedules"] });
    } catch (error) {
      say(error instanceof ApiError ? error.message : "No answer", { tone: "failed" });
    }
    setBusy(false);
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
        <button type="button" className={`btn mt-3 ${schedule.paused ? "ink" : ""}`} disabled={busy} onClick={turn}>
          {schedule.paused ? "Resume" : "Pause"}
        </button>
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
    </Drawer>
  );
}
