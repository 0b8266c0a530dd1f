import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { api, call, type ResourceHealth } from "../api/client";
import { type Health as HealthWord, healthLines, healthOf, WORST } from "../core/health";
import type { Kind } from "../core/states";
import { duration } from "../core/time";
import * as ask from "../queries";
import { useTitle } from "../shell/shell";
import { Bars, Sparkline } from "../ui/charts";
import { CloseButton, Drawer, Facts, Failure, Sentence } from "../ui/parts";
import { StateIcon, stateStyle } from "../ui/state";
import { Table } from "../ui/table";
import { At, Upcoming } from "../ui/time";
import { Reachability } from "./catalogue/reachability";

const KIND: Record<HealthWord, Kind> = { out: "blocked", slow: "retry-wait", draining: "paused", healthy: "completed" };
const WORD: Record<HealthWord, string> = { out: "Out", slow: "Slow", draining: "Off", healthy: "Healthy" };

function HealthLabel({ health }: { health: HealthWord }) {
  return (
    <span className="inline-flex items-center gap-2">
      <StateIcon kind={KIND[health]} />
      <span className={health === "healthy" ? "text-ink-2" : "state"} style={stateStyle(KIND[health])}>
        {WORD[health]}
      </span>
    </span>
  );
}

const share = (one: ResourceHealth): string =>
  one.attempts
    ? `${((one.failed / one.attempts) * 100).toFixed(one.failed && one.failed < one.attempts ? 1 : 0)} %`
    : "–";

/** Each resource, the worst first: what its last hour says, what runs and what waits there. */
export function Health() {
  useTitle("Resource health", "Resource health");
  const { open } = useSearch({ from: "/inside/health" });
  const navigate = useNavigate();
  const list = useQuery({
    queryKey: ["live-lists", "health"],
    queryFn: () => call(api.GET("/api/v1/resource-health")),
    refetchInterval: 10_000,
  });
  const rows = useMemo(
    () =>
      [...(list.data?.items ?? [])].sort(
        (a, b) => WORST.indexOf(healthOf(a)) - WORST.indexOf(healthOf(b)) || a.name.localeCompare(b.name),
      ),
    [list.data],
  );
  const worst = rows[0];
  const opened = rows.find((row) => row.name === open);
  return (
    <>
      <Sentence>
        {!worst ? (
          list.isPending ? (
            "…"
          ) : (
            "No compute resource is described yet."
          )
        ) : healthOf(worst) === "healthy" ? (
          <span className="inline-flex items-center gap-2">
            <StateIcon kind="completed" /> Every resource answers.
          </span>
        ) : (
          <span className="inline-flex items-center gap-2">
            <StateIcon kind={KIND[healthOf(worst)]} />
            <span>
              <b className="font-semibold">{worst.name}</b> is {WORD[healthOf(worst)].toLowerCase()}.{" "}
              {worst.retrying > 0 &&
                `${worst.retrying} tasks of ${worst.experiments} experiments are tried again by themselves.`}
            </span>
          </span>
        )}
      </Sentence>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <div className="relative flex min-h-0 flex-1">
        <Table
          label="Resources by health"
          rows={rows}
          rowKey={(row) => row.id}
          openKey={opened?.id}
          loading={list.isPending}
          onOpen={(row) => void navigate({ to: "/health", search: { open: row.name } })}
          empty={
            <Link to="/resources" className="link">
              Describe the first compute resource
            </Link>
          }
          columns={[
            { key: "health", header: "Health", track: "90px", cell: (row) => <HealthLabel health={healthOf(row)} /> },
            {
              key: "name",
              header: "Resource",
              track: "minmax(110px,0.8fr)",
              cell: (row) => (
                <span className="leading-[18px]">
                  <span className="name clip block">{row.name}</span>
                  <span className="second clip block">
                    {row.scheduler}, {row.transport}
                  </span>
                </span>
              ),
            },
            {
              key: "now",
              header: "Now, and what happens next",
              track: "minmax(180px,1.8fr)",
              cell: (row) => <NowNext row={row} />,
            },
            {
              key: "time",
              header: "Step time, 1 h",
              track: "96px",
              align: "right",
              from: 700,
              cell: (row) => (
                <span className="leading-[18px]">
                  <span className="block num">
                    {row.median_seconds === null ? "–" : duration(row.median_seconds * 1000)}
                  </span>
                  <span className="second block num">
                    {row.p95_seconds === null ? "" : `p95 ${duration(row.p95_seconds * 1000)}`}
                  </span>
                </span>
              ),
            },
            {
              key: "fail",
              header: "Failures, 1 h",
              track: "130px",
              from: 820,
              cell: (row) => (
                <span className="grid grid-cols-[1fr_56px] items-center gap-2 whitespace-nowrap">
                  <Bars values={row.failed_1h} height={20} label={`${row.failed} of ${row.attempts} attempts failed`} />
                  <span className={`num ${row.failed ? "text-failed" : "text-ink-3"}`}>{share(row)}</span>
                </span>
              ),
            },
            {
              key: "run",
              header: "Run / wait",
              track: "76px",
              align: "right",
              from: 560,
              cell: (row) => (
                <span className="num">
                  {row.running} / {row.waiting + row.jobs_queued}
                </span>
              ),
            },
            {
              key: "retry",
              header: "Retrying",
              track: "64px",
              align: "right",
              from: 900,
              cell: (row) => <span className="num">{row.retrying}</span>,
            },
            { key: "lane", header: "Lane", track: "50px", from: 980, cell: (row) => row.lane ?? "–" },
          ]}
        />
        {opened && <Opened one={opened} onClose={() => void navigate({ to: "/health", search: {} })} />}
      </div>
    </>
  );
}

function NowNext({ row }: { row: ResourceHealth }) {
  const told = healthLines(row);
  return (
    <span className="leading-[18px]">
      <span className="clip block" title={told.now}>
        {told.now}
      </span>
      <span className="second clip block">
        {told.next} {told.at && <Upcoming at={told.at} />}
      </span>
    </span>
  );
}

function Opened({ one, onClose }: { one: ResourceHealth; onClose: () => void }) {
  const { data: resources } = useQuery(ask.resources);
  const { data: me } = useQuery(ask.me);
  const resource = resources?.find((other) => other.id === one.id);
  const mayTest = (me?.scopes as string[] | undefined)?.includes("catalogue:write") ?? false;
  const told = healthLines(one);
  return (
    <Drawer label={one.name} onClose={onClose}>
      <div className="flex items-center gap-2 p-5 pb-3">
        <StateIcon kind={KIND[healthOf(one)]} size={16} />
        <h2 className="m-0 flex-1 font-semibold text-[15px]">{one.name}</h2>
        <CloseButton onClick={onClose} />
      </div>
      <p className="mono m-0 px-5 text-ink-2">
        {one.transport === "ssh" ? `${one.username}@${one.host}:${one.port}` : "on the services' own machine"}
      </p>
      <div
        className="tinted my-4 border-l-[3px] px-5 py-3"
        style={{ ...stateStyle(KIND[healthOf(one)]), borderColor: "var(--state)" }}
      >
        <div className="font-semibold">{told.now}</div>
        <div className="text-ink-2">
          {told.next} {told.at && <Upcoming at={told.at} />}
        </div>
      </div>
      <div className="px-5">
        <h3 className="m-0 mb-2 font-semibold">Attempts in the last hour</h3>
        <Sparkline values={one.attempts_1h} height={48} width={360} label="Attempts in each five minutes" />
        <div className="mt-1">
          <Bars values={one.failed_1h} height={24} label="Failures in each five minutes" />
        </div>
        {resource && (
          <div className="mt-5 border-line border-t pt-4">
            <Reachability resource={resource} mayTest={mayTest} />
          </div>
        )}
        <div className="mt-5 border-line border-t pt-4">
          <Facts
            facts={[
              ["Attempts", `${one.attempts}, ${one.failed} failed`],
              ["Not reached", `${one.unreachable} times`],
              ["Refused", `${one.refused} times (key or host key)`],
              ["Last success", one.last_success_at ? <At key="s" at={one.last_success_at} /> : "none in the last hour"],
              ["Last failure", one.last_failure_at ? <At key="f" at={one.last_failure_at} /> : "none in the last hour"],
              ["Jobs", `${one.jobs_active} run, ${one.jobs_queued} wait`],
              ["Tasks", `${one.running} run, ${one.waiting} wait, ${one.retrying} are retried`],
            ]}
          />
        </div>
        <div className="my-5 flex gap-2">
          <Link
            to="/experiments"
            search={{ f: `resource:${/\s/.test(one.name) ? `"${one.name}"` : one.name} state:executing` }}
            className="btn small"
          >
            Experiments there
          </Link>
          <Link to="/resources" search={{ open: one.id }} className="btn small">
            Edit
          </Link>
        </div>
      </div>
    </Drawer>
  );
}
