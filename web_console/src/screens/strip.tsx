import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Overview, ResourceStanding } from "../api/client";
import { worstAccount } from "../core/health";
import type { Kind } from "../core/states";
import { count } from "../core/time";
import * as ask from "../queries";
import { Bars, Sparkline } from "../ui/charts";
import { Failure } from "../ui/parts";
import { StateIcon, stateStyle } from "../ui/state";
import { Upcoming } from "../ui/time";

export interface Cause {
  kind: Kind;
  what: string;
  tasks: number;
  next: React.ReactNode;
}

export interface Waits {
  blocked: number;
  line: number;
  retry: number;
  queued: number;
  workers: number;
  total: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

export function waits(data: Overview): Waits {
  const retry = sum(data.tasks.filter((one) => one.state === "RETRY_WAIT").map((one) => one.tasks));
  const workers = sum(data.tasks.filter((one) => one.state === "SCHEDULED").map((one) => one.tasks));
  const blocked = sum(data.tasks.filter((one) => one.state === "BLOCKED").map((one) => one.tasks));
  const line = sum(data.in_line.map((one) => one.tasks));
  const queued = sum(
    data.jobs.filter((one) => one.state === "QUEUED" || one.state === "SUBMITTED").map((one) => one.jobs),
  );
  return { blocked, line, retry, workers, queued, total: blocked + line + retry + workers + queued };
}

const NOTHING: Waits = { blocked: 0, line: 0, retry: 0, queued: 0, workers: 0, total: 0 };

/** Why things wait, in words, the most first. */
export function causes(data: Overview, standings: readonly ResourceStanding[]): Cause[] {
  const found: Cause[] = [...outages(data, standings)];
  for (const one of data.in_line)
    found.push({ kind: "queued", what: one.reason, tasks: one.tasks, next: "Starts when there is room" });
  const queues = data.jobs.filter((one) => one.state === "QUEUED" || one.state === "SUBMITTED");
  if (queues.length) {
    const where = queues.slice(0, 3).map((one) => `${one.resource ?? "?"} ${count(one.jobs)}`);
    found.push({
      kind: "queued",
      what: `Cluster queues: ${where.join(", ")}`,
      tasks: sum(queues.map((one) => one.jobs)),
      next: "Start when the schedulers let them",
    });
  }
  const retries = Map.groupBy(
    data.tasks.filter((one) => one.state === "RETRY_WAIT"),
    (one) => one.resource ?? "the platform",
  );
  for (const [where, rows] of retries) {
    const at = rows
      .map((one) => one.next_at)
      .filter((one): one is string => Boolean(one))
      .sort()[0];
    found.push({
      kind: "retry-wait",
      what: `${words(rows[0]!.failure_kind)} on ${where}`,
      tasks: sum(rows.map((one) => one.tasks)),
      next: at ? (
        <span>
          Next attempt <Upcoming at={at} />
        </span>
      ) : (
        "Tried again"
      ),
    });
  }
  const workers = Map.groupBy(
    data.tasks.filter((one) => one.state === "SCHEDULED"),
    (one) => one.type,
  );
  for (const [type, rows] of workers)
    found.push({
      kind: "scheduled",
      what: `Published, waiting for a ${type} worker`,
      tasks: sum(rows.map((one) => one.tasks)),
      next: "Taken up in the order of its lane",
    });
  return found.sort((a, b) => b.tasks - a.tasks).slice(0, 4);
}

function outages(data: Overview, standings: readonly ResourceStanding[]): Cause[] {
  const waiting = Map.groupBy(
    data.tasks.filter((one) => one.state === "BLOCKED"),
    (one) => one.resource_id ?? "",
  );
  return [...waiting].map(([id, rows]) => {
    const account = worstAccount(standings.find((one) => one.resource_id === id));
    const name = rows[0]!.resource ?? "Its resource";
    const probe = account?.next_probe_at;
    return {
      kind: "blocked",
      what: account?.cause?.sentence.replace(/\.$/, "") ?? `${name} does not answer`,
      tasks: sum(rows.map((one) => one.tasks)),
      next:
        account?.circuit === "releasing" ? (
          "It is back: they go on bit by bit"
        ) : probe ? (
          <span>
            Probe <Upcoming at={probe} />
          </span>
        ) : (
          "It is being probed"
        ),
    };
  });
}

function words(kind: string | null): string {
  return (
    { throttled: "Logins are limited", timeout: "Time-outs", transient: "Transient errors" }[kind ?? ""] ??
    "Handed back until there is room"
  );
}

/** Needs you, Runs, Waits, and why they wait. */
export function Strip() {
  const { data, error, refetch } = useQuery(ask.overview);
  const waiting = data ? waits(data) : NOTHING;
  const standings = useQuery({ ...ask.standings, enabled: waiting.blocked > 0 });
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  const running = data ? sum(data.tasks.filter((one) => one.state === "EXECUTING").map((one) => one.tasks)) : 0;
  const active = data ? sum(data.jobs.filter((one) => one.state === "ACTIVE").map((one) => one.jobs)) : 0;
  const why = data ? causes(data, standings.data?.items ?? []) : [];
  const failed = data ? sum(data.needs_you.failed_24h) : 0;
  return (
    <section
      aria-label="Overview"
      className="mx-6 mt-4 grid shrink-0 grid-cols-[180px_180px_230px_1fr] rounded border border-line max-lg:grid-cols-3 max-sm:mx-0 max-sm:mt-0 max-sm:rounded-none max-sm:border-x-0 max-sm:border-t-0 max-sm:px-4 max-sm:py-3"
    >
      <Cell
        title="Needs you"
        figure={data?.needs_you.experiments}
        unit="experiments"
        kind={data?.needs_you.experiments ? "failed" : undefined}
        to="needs:you"
      >
        <Bars values={data?.needs_you.failed_24h ?? Array(24).fill(0)} label={`${failed} failed in 24 hours`} />
        <span className="second mt-2 block">
          {failed ? `${count(failed)} failed in 24 h` : "Nothing failed in 24 h"}
        </span>
      </Cell>
      <Cell title="Runs" figure={running} unit="tasks" to="state:executing">
        <Sparkline
          values={data?.started_1h ?? [0, 0]}
          color="var(--executing)"
          label="Attempts begun in the last hour"
        />
        <span className="second mt-2 block">{active ? `${count(active)} jobs run` : "No job runs"}</span>
      </Cell>
      <Cell title="Waits" figure={waiting.total} unit="tasks">
        <WaitBar waiting={waiting} />
        <span className="second mt-2 grid grid-cols-[auto_auto] justify-between gap-x-2 gap-y-1">
          <Part kind="queued" text={`${count(waiting.queued)} in queues`} />
          <Part kind="blocked" text={`${count(waiting.blocked)} blocked`} />
          {waiting.line > 0 && <Part kind="queued" text={`${count(waiting.line)} by quota`} />}
          <Part kind="retry-wait" text={`${count(waiting.retry)} retry`} />
          {!waiting.line && <Part kind="scheduled" text={`${count(waiting.workers)} for a worker`} />}
        </span>
      </Cell>
      <div className="min-w-0 p-4 pb-3 max-lg:col-span-3 max-lg:border-line max-lg:border-t max-sm:border-0 max-sm:p-0 max-sm:pt-2">
        <div className="grid grid-cols-[1fr_48px_minmax(120px,0.55fr)] gap-x-3 text-[12px] text-ink-2 leading-4 max-sm:hidden">
          <span>Why they wait</span> <span className="text-right">Tasks</span> <span>What happens next</span>
        </div>
        {why.length === 0 && data && (
          <p className="m-0 mt-2 text-ink-2 max-sm:hidden">Nothing waits. What is launched now is taken up at once.</p>
        )}
        {why.map((cause) => (
          <div
            key={cause.what}
            className="mt-[6px] grid grid-cols-[1fr_48px_minmax(120px,0.55fr)] items-center gap-x-3 leading-[18px] max-sm:grid-cols-[1fr_48px]"
          >
            <span className="flex min-w-0 items-center gap-2">
              <StateIcon kind={cause.kind} /> <span className="clip">{cause.what}</span>
            </span>
            <span className="num text-right font-semibold">{count(cause.tasks)}</span>
            <span className="clip text-ink-2 max-sm:col-span-2 max-sm:pl-[22px] max-sm:text-[12px]">{cause.next}</span>
          </div>
        ))}
      </div>
    </section>
  );
}

interface CellProps {
  title: string;
  figure: number | undefined;
  unit: string;
  kind?: Kind;
  to?: string;
  children: React.ReactNode;
}

function Cell({ title, figure, unit, kind, to, children }: CellProps) {
  const number = (
    <span
      className="font-[550] text-[26px] leading-8 tracking-[-0.02em] num max-sm:text-[22px] max-sm:leading-7"
      style={kind && { ...stateStyle(kind), color: "var(--state)" }}
    >
      {figure === undefined ? "–" : count(figure)}
    </span>
  );
  return (
    <div className="min-w-0 border-line border-r p-4 pb-3 max-lg:last:border-0 max-sm:border-0 max-sm:p-0">
      <div className="text-[12px] text-ink-2 leading-4">{title}</div>
      <div className="mt-1">
        {to ? (
          <Link to="/experiments" search={{ f: to }} className="hover:underline">
            {number}
          </Link>
        ) : (
          number
        )}{" "}
        <span className="text-[12px] text-ink-3 max-sm:hidden">{unit}</span>
      </div>
      <div className="mt-1 max-sm:hidden">{children}</div>
    </div>
  );
}

function Part({ kind, text }: { kind: Kind; text: string }) {
  return (
    <span className="flex items-center gap-[6px] whitespace-nowrap">
      <StateIcon kind={kind} size={12} /> {text}
    </span>
  );
}

function WaitBar({ waiting }: { waiting: Waits }) {
  const parts: [Kind, number][] = [
    ["queued", waiting.queued + waiting.line],
    ["blocked", waiting.blocked],
    ["retry-wait", waiting.retry],
    ["scheduled", waiting.workers],
  ];
  return (
    <span className="mt-[9px] mb-[9px] flex h-2 gap-[2px]" aria-hidden="true">
      {waiting.total === 0 && <span className="h-full flex-1 bg-track" />}
      {parts.map(
        ([kind, number]) =>
          number > 0 && (
            <span
              key={kind}
              className={{ "retry-wait": "striped", blocked: "hatched" }[kind as string] ?? ""}
              style={{
                ...stateStyle(kind),
                flex: number,
                minWidth: 3,
                boxShadow: kind === "queued" ? "inset 0 0 0 1px var(--state)" : undefined,
                background: kind === "scheduled" ? "var(--track)" : undefined,
              }}
            />
          ),
      )}
    </span>
  );
}
