import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { api, call, type ScheduleShown } from "../../api/client";
import { plural } from "../../core/words";
import * as ask from "../../queries";
import { useTitle } from "../../shell/shell";
import { Failure, Sentence } from "../../ui/parts";
import { StateIcon } from "../../ui/state";
import { Table, TwoLines } from "../../ui/table";
import { Upcoming } from "../../ui/time";
import { Choose } from "./choose";
import { ScheduleDrawer } from "./drawer";
import { ScheduleEditor } from "./editor";
import { Outcome } from "./outcome";

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
  const { data: me } = useQuery(ask.me);
  const mayWrite = (me?.scopes as string[] | undefined)?.includes("experiments:write") ?? false;
  const show = (open: string | undefined, also: { edit?: string; from?: string } = {}): void =>
    void navigate({ to: "/schedules", search: { open, ...also } });
  const close = (): void => show(undefined);
  const next = rows
    .filter((row) => row.next_at && !row.paused)
    .sort((a, b) => (a.next_at ?? "").localeCompare(b.next_at ?? ""))[0];
  return (
    <>
      <Sentence
        action={
          mayWrite && (
            <button type="button" className="btn small" onClick={() => show("new")}>
              <Plus size={13} /> New schedule
            </button>
          )
        }
      >
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
          empty={
            mayWrite ? "No schedule yet. “New schedule” makes one of any experiment or workflow." : "No schedule yet."
          }
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
              cell: (row) => <TwoLines first={row.cron} second={row.time_zone} look="mono" />,
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
        {search.open === "new" && !search.from && <Choose onChoose={(from) => show("new", { from })} onClose={close} />}
        {search.open === "new" && search.from && (
          <ScheduleEditor key={search.from} from={search.from} onSaved={show} onClose={close} />
        )}
        {opened && search.edit && (
          <ScheduleEditor key={opened.version} schedule={opened} onSaved={show} onClose={() => show(opened.id)} />
        )}
        {opened && !search.edit && (
          <ScheduleDrawer
            key={opened.id}
            schedule={opened}
            mayWrite={mayWrite}
            onEdit={() => show(opened.id, { edit: "yes" })}
            onClose={close}
          />
        )}
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
