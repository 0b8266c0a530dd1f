import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { api, call, type Lane } from "../../api/client";
import { count, duration } from "../../core/time";
import { plural } from "../../core/words";
import { useTitle } from "../../shell/shell";
import { Failure, Sentence } from "../../ui/parts";
import { StateIcon } from "../../ui/state";
import { Table } from "../../ui/table";
import { Elapsed } from "../../ui/time";
import { LaneDrawer } from "./drawer";

const seconds = (value: number | null): string => (value === null ? "–" : duration(value * 1_000));

/** What waits in which lane, since when, and who takes it up. */
export function Lanes() {
  useTitle("Topics & lanes", "Topics and lanes");
  const list = useQuery({
    queryKey: ["live-lists", "lanes"],
    queryFn: () => call(api.GET("/api/v1/lanes")),
    refetchInterval: 5_000,
  });
  const services = useQuery({
    queryKey: ["services"],
    queryFn: () => call(api.GET("/api/v1/service-instances")),
    refetchInterval: 10_000,
    retry: false,
  });
  const alive = useMemo(() => {
    const found = new Map<string, number>();
    for (const one of services.data?.items ?? [])
      if (one.alive) found.set(one.service, (found.get(one.service) ?? 0) + 1);
    return found;
  }, [services.data]);
  const search = useSearch({ from: "/inside/lanes" });
  const navigate = useNavigate();
  const rows = list.data?.items ?? [];
  const opened = rows.find((row) => keyOf(row) === search.open);
  const show = (open: string | undefined): void => void navigate({ to: "/lanes", search: { open } });
  return (
    <>
      <Sentence>
        <Told rows={rows} alive={services.data ? alive : null} />
      </Sentence>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <div className="relative flex min-h-0 flex-1">
        <Table<Lane>
          label="Lanes"
          rows={rows}
          rowHeight={36}
          rowKey={keyOf}
          openKey={opened && keyOf(opened)}
          onOpen={(row) => show(keyOf(row))}
          loading={list.isPending}
          empty="No task was published in the last ten minutes, and none waits."
          columns={[
            {
              key: "type",
              header: "Task type",
              track: "minmax(110px,1.4fr)",
              cell: (row) => <span className="name clip block">{row.type}</span>,
            },
            { key: "lane", header: "Lane", track: "52px", cell: (row) => row.lane },
            { key: "state", header: "State", track: "minmax(76px,0.7fr)", cell: (row) => <LaneState lane={row} /> },
            {
              key: "wait",
              header: "Waiting",
              track: "minmax(56px,0.6fr)",
              align: "right",
              cell: (row) => <span className="num">{count(row.waiting)}</span>,
            },
            {
              key: "old",
              header: "Oldest",
              track: "minmax(70px,0.7fr)",
              align: "right",
              from: 460,
              cell: (row) => (row.waiting ? <Elapsed from={row.oldest_at} /> : "–"),
            },
            {
              key: "run",
              header: "Running",
              track: "minmax(64px,0.6fr)",
              align: "right",
              from: 560,
              cell: (row) => <span className="num">{count(row.running)}</span>,
            },
            {
              key: "retry",
              header: "Retrying",
              track: "minmax(64px,0.6fr)",
              align: "right",
              from: 760,
              cell: (row) => <span className="num">{count(row.retrying)}</span>,
            },
            {
              key: "in",
              header: "In, 10 m",
              track: "minmax(64px,0.6fr)",
              align: "right",
              from: 660,
              cell: (row) => <span className="num">{count(row.published)}</span>,
            },
            {
              key: "out",
              header: "Out, 10 m",
              track: "minmax(70px,0.6fr)",
              align: "right",
              from: 660,
              cell: (row) => <span className="num">{count(row.ended)}</span>,
            },
            {
              key: "fail",
              header: "Failed",
              track: "minmax(56px,0.5fr)",
              align: "right",
              from: 860,
              cell: (row) => <span className={`num ${row.failed ? "text-failed" : "text-ink-3"}`}>{row.failed}</span>,
            },
            {
              key: "up",
              header: "Taken up in",
              track: "minmax(110px,1fr)",
              align: "right",
              from: 900,
              cell: (row) => (
                <span className="num">
                  {seconds(row.wait_seconds)}
                  {row.wait_seconds !== null && <span className="second"> p95 {seconds(row.wait_p95_seconds)}</span>}
                </span>
              ),
            },
            {
              key: "inst",
              header: "Instances",
              track: "minmax(70px,0.6fr)",
              align: "right",
              from: 480,
              cell: (row) => <span className="num">{services.data ? (alive.get(row.type) ?? 0) : "–"}</span>,
            },
          ]}
        />
        {opened && <LaneDrawer key={keyOf(opened)} lane={opened} onClose={() => show(undefined)} />}
      </div>
    </>
  );
}

const keyOf = (row: Lane): string => `${row.type}/${row.lane}`;

function LaneState({ lane }: { lane: Lane }) {
  if (lane.paused)
    return (
      <span className="flex items-center gap-[6px] text-paused">
        <StateIcon kind="paused" size={14} /> Paused
      </span>
    );
  return <span className="text-ink-2">{lane.waiting ? "Moves" : "Open"}</span>;
}

/** The one thing to know: what is paused, what has nobody to take it up, else what waits longest. */
function Told({ rows, alive }: { rows: readonly Lane[]; alive: ReadonlyMap<string, number> | null }) {
  const paused = rows.filter((row) => row.paused);
  const waiting = rows
    .filter((row) => row.waiting)
    .sort((a, b) => (a.oldest_at ?? "").localeCompare(b.oldest_at ?? ""));
  const orphan = alive && waiting.find((row) => !alive.get(row.type));
  if (orphan)
    return (
      <span className="text-blocked">
        {orphan.type} has no instance: {plural(orphan.waiting, "task waits", "tasks wait")} for one.
      </span>
    );
  if (paused.length) {
    const held = paused.reduce((all, row) => all + row.waiting, 0);
    return (
      <span className="text-paused">
        {paused.map((row) => `${row.type} (${row.lane})`).join(", ")} {paused.length === 1 ? "is" : "are"} paused;{" "}
        {plural(held, "task of this gateway waits", "tasks of this gateway wait")} there until{" "}
        {paused.length === 1 ? "it is" : "they are"} resumed.
      </span>
    );
  }
  if (!waiting[0]) return <>Nothing waits for a worker.</>;
  return (
    <>
      {waiting[0].type} waits longest on the {waiting[0].lane} lane, for <Elapsed from={waiting[0].oldest_at} />;{" "}
      {plural(
        waiting.reduce((all, row) => all + row.waiting, 0),
        "task waits",
        "tasks wait",
      )}{" "}
      in all.
    </>
  );
}
