import type { Experiment } from "../api/client";
import { shownState } from "../core/states";
import { lines } from "../core/words";
import { Id } from "../ui/parts";
import { ProgressBar, StateLabel } from "../ui/state";
import { Check, type Column } from "../ui/table";
import { At, Elapsed, Upcoming } from "../ui/time";
import type { Selection } from "./bulk";

export function columns(selection: Selection, dense: boolean): Column<Experiment>[] {
  return [
    {
      key: "box",
      track: "14px",
      header: <Check label="Select all that are read" checked={false} onChange={selection.all} />,
      cell: (row) => (
        <Check
          label={`Select ${row.name}`}
          checked={selection.ids.has(row.id)}
          onChange={(range) => selection.toggle(row, range)}
        />
      ),
    },
    {
      key: "state",
      track: "108px",
      header: "State",
      cell: (row) => <StateLabel state={row.process_state ?? row.state} kind={shownState(row)} />,
    },
    {
      key: "name",
      track: "minmax(180px, 1.35fr)",
      header: "Experiment",
      cell: (row) => <Name row={row} dense={dense} />,
    },
    {
      key: "resource",
      track: "88px",
      header: "Resource",
      from: 900,
      cell: (row) => <Two first={row.resource_name ?? ""} second={row.queue ?? ""} dense={dense} />,
    },
    { key: "progress", track: "116px", header: "Progress", from: 700, cell: (row) => <Progress row={row} /> },
    {
      key: "now",
      track: "minmax(200px, 1.6fr)",
      header: "Now, and what happens next",
      cell: (row) => <NowNext row={row} dense={dense} />,
    },
    {
      key: "elapsed",
      track: "80px",
      header: "Elapsed",
      align: "right",
      from: 780,
      cell: (row) => <Elapsed from={row.launched_at} to={row.ended_at} />,
    },
    {
      key: "started",
      track: "76px",
      header: "Started",
      from: 980,
      cell: (row) => <Two first={<At at={row.launched_at ?? row.created_at} />} second={row.owner} dense={dense} />,
    },
  ];
}

function Two({ first, second, dense }: { first: React.ReactNode; second: React.ReactNode; dense: boolean }) {
  return (
    <span className="block leading-[18px]">
      <span className="clip block">{first}</span>
      {!dense && <span className="second clip block">{second}</span>}
    </span>
  );
}

function Name({ row, dense }: { row: Experiment; dense: boolean }) {
  return (
    <span className="block leading-[18px]">
      <span className="name clip block" title={row.name}>
        {row.name}
      </span>
      {!dense && (
        <span className="second clip block">
          <Id id={row.id} className="!text-[12px] !leading-4 text-ink-3" />{" "}
          <span className="ml-2">
            {row.interface_name ?? (row.kind === "workflow" ? "a workflow" : "tasks of its own")}
          </span>
          {row.tags.map((tag) => (
            <span key={tag} className="ml-2 rounded-[3px] border border-line bg-bg px-1">
              {tag}
            </span>
          ))}
        </span>
      )}
    </span>
  );
}

export function Progress({ row }: { row: Experiment }) {
  const total = row.tasks.total ?? 0;
  const done = row.tasks.COMPLETED ?? 0;
  if (!total) return <span className="second">Not planned yet</span>;
  if (row.state === "COMPLETED") return <span className="second">All {total} tasks</span>;
  return (
    <span className="block">
      <ProgressBar tasks={row.tasks} />
      <span className="second mt-[2px] block num">
        {done} of {total} tasks
      </span>
    </span>
  );
}

export function NowNext({ row, dense = false }: { row: Experiment; dense?: boolean }) {
  const told = lines(row);
  return (
    <span className="block leading-[18px]">
      <span className="clip block" title={told.now}>
        {told.now}
      </span>
      {!dense && (
        <span className="second clip block">
          {told.next} {told.at && <Upcoming at={told.at} />}
        </span>
      )}
    </span>
  );
}

/** The same on a phone. */
export function Row({ row }: { row: Experiment }) {
  const total = row.tasks.total ?? 0;
  const told = lines(row);
  return (
    <div className="py-3">
      <div className="flex items-center gap-2 text-[12px] leading-4">
        <StateLabel state={row.process_state ?? row.state} kind={shownState(row)} />
        <span className="flex-1 text-ink-3 num">{total ? `${row.tasks.COMPLETED ?? 0} of ${total} tasks` : ""}</span>
        <span className="text-ink-2">
          <Elapsed from={row.launched_at} to={row.ended_at} />
        </span>
      </div>
      <div className="name clip mt-1">{row.name}</div>
      <div className="clip leading-[18px]">{told.now}</div>
      <div className="second clip">
        {told.next} {told.at && <Upcoming at={told.at} />}
      </div>
      <div className="mt-2">{total > 0 && <ProgressBar tasks={row.tasks} height={4} />}</div>
    </div>
  );
}
