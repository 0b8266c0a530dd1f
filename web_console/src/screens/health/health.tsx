import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import type { ResourceHealth } from "../../api/client";
import type { Health as HealthWord } from "../../core/health";
import { count, duration } from "../../core/time";
import { plural } from "../../core/words";
import { useTitle } from "../../shell/shell";
import { Bars, Trace } from "../../ui/charts";
import { Failure } from "../../ui/parts";
import { stateStyle } from "../../ui/state";
import { type Column, Table, TwoLines } from "../../ui/table";
import { At, Upcoming } from "../../ui/time";
import { HealthIcon, HealthLabel, KIND, WORD } from "./label";
import { Opened } from "./opened";
import { type HealthRow, useHealth } from "./usehealth";

/** Each resource, the worst first: its circuit and lane, what its last hour says, what runs and what waits there. */
export function Health() {
  useTitle("Resource health", "Resource health");
  const { open } = useSearch({ from: "/inside/health" });
  const navigate = useNavigate();
  const { rows, error, isPending, retry } = useHealth();
  const opened = rows.find((row) => row.name === open);
  const show = (name: string | undefined): void => void navigate({ to: "/health", search: { open: name } });
  return (
    <>
      <Worst rows={rows} isPending={isPending} />
      {error != null && <Failure error={error} retry={retry} />}
      <div className="relative flex min-h-0 flex-1 flex-col">
        <Table
          label="Resources by health"
          rows={rows}
          rowKey={(row) => row.id}
          openKey={opened?.id}
          loading={isPending}
          onOpen={(row) => show(row.name === open ? undefined : row.name)}
          empty={
            <>
              No compute resource is described yet.{" "}
              <Link to="/resources" search={{ open: "new" }} className="link">
                Describe the first
              </Link>
            </>
          }
          columns={COLUMNS}
          card={(row) => <Card row={row} />}
          cardHeight={84}
        />
        {opened && <Opened key={opened.id} row={opened} onClose={() => show(undefined)} />}
      </div>
    </>
  );
}

function Worst({ rows, isPending }: { rows: readonly HealthRow[]; isPending: boolean }) {
  const worst = rows[0];
  const counts = (["releasing", "slow", "draining", "off", "healthy"] as const)
    .map((health): [HealthWord, number] => [health, rows.filter((row) => row.health === health).length])
    .filter(([, number]) => number);
  return (
    <div className="flex min-h-[52px] shrink-0 flex-wrap items-center gap-x-5 gap-y-1 border-line border-b px-6 py-3 max-sm:px-4">
      <p className="m-0 flex flex-1 items-center gap-3" data-testid="worst">
        {worst && <HealthIcon health={worst.health} size={18} />}
        <span>{worst ? <Sentence worst={worst} /> : isPending ? "…" : "Nothing to look after yet."}</span>
      </p>
      {worst &&
        counts.map(([health, number]) => (
          <span key={health} className="inline-flex items-center gap-[6px] text-ink-2 max-sm:hidden">
            <HealthIcon health={health} /> <span className="num">{number}</span> {WORD[health].toLowerCase()}
          </span>
        ))}
    </div>
  );
}

function Sentence({ worst }: { worst: HealthRow }) {
  const name = <b className="font-semibold">{worst.name}</b>;
  const waiting = worst.standing?.blocked_tasks ?? 0;
  const experiments = plural(worst.standing?.blocked_experiments ?? 0, "experiment", "experiments");
  switch (worst.health) {
    case "healthy":
      return "Every resource answers.";
    case "out":
      return (
        <>
          {name} is out {worst.told.since && <>since {<At at={worst.told.since} />}</>}.{" "}
          {waiting
            ? `${plural(waiting, "task", "tasks")} of ${experiments} wait for it and resume by themselves when it answers.`
            : "Nothing waits for it."}
        </>
      );
    case "releasing":
      return (
        <>
          {name} is back; {plural(waiting, "task", "tasks")} of {experiments} go on bit by bit.
        </>
      );
    default:
      return (
        <>
          {name}: {worst.told.now}.
        </>
      );
  }
}

function NowNext({ row }: { row: HealthRow }) {
  const { told } = row;
  return (
    <span className="leading-[18px]">
      <span className="clip block" title={told.now}>
        {told.now}
        {told.since && (
          <>
            {" "}
            since <At at={told.since} />
          </>
        )}
      </span>
      <span className="second clip block">
        {told.next} {told.at && <Upcoming at={told.at} />}
      </span>
    </span>
  );
}

function Card({ row }: { row: HealthRow }) {
  return (
    <div className="py-2">
      <div className="flex items-center gap-3">
        <HealthLabel health={row.health} />
        <b className="name clip flex-1">{row.name}</b>
        <span className="num text-ink-3">{row.standing?.lane ?? ""}</span>
      </div>
      <NowNext row={row} />
    </div>
  );
}

/** Who owns the machine's words: the kind of scheduler, and how one gets there. */
const place = (one: ResourceHealth): string =>
  `${one.scheduler === "fork" ? "plain processes" : one.scheduler}, ${one.transport}`;

const share = (one: ResourceHealth): string =>
  one.attempts
    ? `${((one.failed / one.attempts) * 100).toFixed(one.failed && one.failed < one.attempts ? 1 : 0)} %`
    : "–";

const COLUMNS: readonly Column<HealthRow>[] = [
  { key: "health", header: "Health", track: "96px", cell: (row) => <HealthLabel health={row.health} /> },
  {
    key: "name",
    header: "Resource",
    track: "minmax(110px,0.8fr)",
    cell: (row) => <TwoLines first={row.name} second={place(row.measured)} look="name" />,
  },
  {
    key: "now",
    header: "Now, and what happens next",
    track: "minmax(200px,1.9fr)",
    cell: (row) => <NowNext row={row} />,
  },
  {
    key: "time",
    header: "Step time, 1 h",
    track: "166px",
    from: 760,
    cell: ({ measured, health }) => (
      <span className="grid grid-cols-[74px_1fr] items-center gap-3">
        <Trace values={measured.median_1h} gap={health === "out"} label="Median time of a step, the last hour" />
        <span className="leading-[18px]">
          <span className="num block">
            {measured.median_seconds === null ? "–" : duration(measured.median_seconds * 1000)}
          </span>
          <span className="second num block">
            {measured.p95_seconds === null ? "" : `p95 ${duration(measured.p95_seconds * 1000)}`}
          </span>
        </span>
      </span>
    ),
  },
  {
    key: "fail",
    header: "Failures, 1 h",
    track: "130px",
    from: 900,
    cell: ({ measured }) => (
      <span className="grid grid-cols-[1fr_56px] items-center gap-2 whitespace-nowrap">
        <Bars
          values={measured.failed_1h}
          height={20}
          label={`${measured.failed} of ${measured.attempts} attempts failed`}
        />
        <span className={`num ${measured.failed ? "text-failed" : "text-ink-3"}`}>{share(measured)}</span>
      </span>
    ),
  },
  {
    key: "run",
    header: "Run / wait",
    track: "72px",
    align: "right",
    from: 560,
    cell: ({ measured }) => (
      <span className="num">
        {count(measured.running)} / {count(measured.waiting + measured.jobs_queued)}
      </span>
    ),
  },
  {
    key: "blocked",
    header: "Blocked",
    track: "60px",
    align: "right",
    from: 640,
    cell: ({ standing }) => (
      <span
        className={`num ${standing?.blocked_tasks ? "state font-semibold" : "text-ink-3"}`}
        style={stateStyle(KIND.out)}
      >
        {count(standing?.blocked_tasks ?? 0)}
      </span>
    ),
  },
  {
    key: "lane",
    header: "Lane",
    track: "52px",
    from: 980,
    cell: ({ standing }) => (
      <span className={standing?.lane === "slow" ? "" : "text-ink-3"}>{standing?.lane ?? "–"}</span>
    ),
  },
];
