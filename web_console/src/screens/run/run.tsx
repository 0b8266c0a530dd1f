import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Ban, CopyPlus, RotateCw } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { ApiError, api, call, type ExperimentInFull } from "../../api/client";
import type { RowKey } from "../../core/graph";
import { stem } from "../../core/graph";
import type { RunModel } from "../../core/run";
import { isTerminal, kindOf, shownState } from "../../core/states";
import { count, duration, shortId } from "../../core/time";
import { lines, remedy } from "../../core/words";
import * as ask from "../../queries";
import { isTyping } from "../../shell/keys";
import { useTitle } from "../../shell/shell";
import { Confirm, Failure } from "../../ui/parts";
import { useNow, usePrefs } from "../../ui/prefs";
import { StateIcon, stateStyle } from "../../ui/state";
import { TAB } from "../../ui/tab";
import { At, Elapsed, Upcoming } from "../../ui/time";
import { useToast } from "../../ui/toast";
import { cancel, relaunch } from "../bulk";
import { TaskDrawer } from "./drawer";
import { Files } from "./files";
import { GraphView } from "./graph/view";
import { Logs } from "./logs/logs";
import { Events, Tasks } from "./tables";
import { TimelineView } from "./timelineview";
import { useRun } from "./userun";

const TABS = ["graph", "timeline", "tasks", "events", "files", "logs"] as const;
const ROWS: readonly RowKey[] = ["resource", "type", "none"];

export function Run() {
  const { id } = useParams({ from: "/inside/experiments/$id" });
  const search = useSearch({ from: "/inside/experiments/$id" });
  const navigate = useNavigate();
  const { singleKeys } = usePrefs();
  const experiment = useQuery(ask.experiment(id));
  const { model, version, error, retry } = useRun(id, search.run);
  const { data: resources } = useQuery(ask.resources);
  const names = useMemo(() => new Map(resources?.map((one) => [one.id, one.name])), [resources]);
  const tab = TABS.find((one) => one === search.tab) ?? "graph";
  const rows = ROWS.find((one) => one === search.rows) ?? (tab === "graph" && names.size > 1 ? "resource" : "resource");
  const set = useCallback(
    (change: Partial<typeof search>) =>
      void navigate({
        to: "/experiments/$id",
        params: { id },
        search: (before: Record<string, unknown>) => ({ ...before, ...change }),
        replace: true,
      }),
    [navigate, id],
  );
  useTitle(
    <span className="font-normal text-ink-2">
      <Link to="/experiments" className="hover:underline">
        Experiments
      </Link>{" "}
      / <span className="mono !text-[13px] text-ink">{shortId(id)}</span>
    </span>,
    experiment.data?.name ?? "Experiment",
  );
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!singleKeys || event.metaKey || event.ctrlKey || event.altKey || isTyping(event)) return;
      const next = TABS[Number(event.key) - 1];
      if (next) set({ tab: next });
      else if (event.key === "Escape" && search.task) set({ task: undefined });
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [set, singleKeys, search.task]);
  const step = (by: number): void => {
    const place = model?.place(search.task ?? "");
    const next = place === undefined ? undefined : model?.data.tasks[place + by];
    if (next) set({ task: next.id });
  };
  if (experiment.error && !experiment.data)
    return <Failure error={experiment.error} retry={() => void experiment.refetch()} />;
  const one = experiment.data;
  const open = (task: string | undefined): void => set({ task });
  const common = { model: model as RunModel, version, open: search.task, names };
  const drawn = model && model.data.tasks.length > 0;
  return (
    <>
      {one ? <Head one={one} model={model} /> : <div className="h-[132px] shrink-0 border-line border-b" />}
      <nav
        aria-label="Views of the run"
        className="scroll flex shrink-0 items-center gap-6 overflow-y-hidden border-line border-b px-6 max-sm:px-4"
      >
        {TABS.map((name) => (
          <Link
            activeOptions={TAB}
            key={name}
            to="/experiments/$id"
            params={{ id }}
            search={(before: Record<string, unknown>) => ({ ...before, tab: name === "graph" ? undefined : name })}
            className="tab capitalize"
            data-on={tab === name ? "page" : undefined}
          >
            {name}{" "}
            {name === "tasks" && model ? (
              <span className="num font-normal text-ink-3">{count(model.data.tasks.length)}</span>
            ) : null}
            {name === "events" && one ? (
              <span className="num font-normal text-ink-3">{count(one.last_seq)}</span>
            ) : null}
          </Link>
        ))}
        <span className="flex-1" />
        {one && (
          <span className="meta flex gap-4 whitespace-nowrap max-md:hidden">
            {model?.data.process && <span>Run {model.data.process.number}</span>} <span>{one.owner}</span>
            {one.launched_at && (
              <span>
                Started <At at={one.launched_at} />
              </span>
            )}
          </span>
        )}
      </nav>
      {error != null && <Failure error={error} retry={retry} />}
      <div className="relative flex min-h-0 min-w-0 flex-1">
        {(tab === "graph" || tab === "timeline" || tab === "tasks") && model && !drawn && (
          <p className="m-0 p-6 text-ink-2">Not planned yet: launch it, and its tasks appear here.</p>
        )}
        {tab === "graph" && drawn && (
          <GraphView {...common} rows={rows} onOpen={open} onRows={(next) => set({ rows: next })} />
        )}
        {tab === "timeline" && drawn && <TimelineView {...common} onOpen={open} />}
        {tab === "tasks" && drawn && <Tasks {...common} filter={search.f} onOpen={open} onFilter={(f) => set({ f })} />}
        {tab === "events" && <Events id={id} model={model} seq={search.seq} />}
        {tab === "files" && one && <Files one={one} open={search.file} />}
        {tab === "logs" && one && (
          <Logs
            one={one}
            model={model}
            file={search.file}
            line={search.line}
            onFile={(file) => set({ file, line: undefined })}
            onLine={(line) => set({ line })}
          />
        )}
        {search.task && (
          <TaskDrawer
            taskId={search.task}
            version={version}
            experimentId={id}
            resources={resources ?? []}
            step={step}
            onClose={() => set({ task: undefined })}
          />
        )}
      </div>
    </>
  );
}

function Head({ one, model }: { one: ExperimentInFull; model: RunModel | null }) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const say = useToast();
  const ended = isTerminal(one.state);
  const draft = one.state === "CREATED" || one.state === "VALIDATED";
  const act = async (action: () => Promise<string | undefined>): Promise<void> => {
    setBusy(true);
    try {
      const words = await action();
      if (words) say(words);
    } catch (error) {
      say(error instanceof ApiError ? error.message : "No answer", { tone: "failed" });
    }
    setBusy(false);
    void queries.invalidateQueries({ queryKey: ["experiment", one.id] });
  };
  const again = (): Promise<void> =>
    act(async () => {
      const made = await relaunch(one);
      await navigate({ to: "/experiments/$id", params: { id: made } });
      return "Launched again";
    });
  return (
    <header className="shrink-0 border-line border-b px-6 pt-3 pb-2 max-sm:px-4">
      <div className="flex flex-wrap items-center gap-3">
        <StateIcon kind={shownState(one)} size={18} label={one.state} />
        <h2
          className="clip m-0 flex-1 font-semibold text-[18px] leading-[26px] tracking-[-0.01em]"
          data-testid="run-name"
        >
          {one.name}
        </h2>
        {draft && (
          <button
            type="button"
            className="btn ink"
            disabled={busy}
            onClick={() =>
              void act(
                async () => (
                  await call(
                    api.POST("/api/v1/experiments/{experiment_id}/launch", {
                      params: { path: { experiment_id: one.id } },
                    }),
                  ),
                  "Launched"
                ),
              )
            }
          >
            Launch
          </button>
        )}
        {ended && one.state !== "COMPLETED" && (
          <button type="button" className="btn ink" disabled={busy} onClick={() => void again()}>
            <RotateCw size={14} /> Relaunch
          </button>
        )}
        {one.kind === "application" && (
          <Link to="/launch" search={{ from: one.id }} className="btn">
            <CopyPlus size={14} /> {ended ? "Relaunch with edits" : "Clone"}
          </Link>
        )}
        {!ended && !draft && (
          <button
            type="button"
            className="btn"
            disabled={busy || one.state === "CANCELING"}
            onClick={() => setAsking(true)}
          >
            <Ban size={14} /> {one.state === "CANCELING" ? "Canceling" : "Cancel…"}
          </button>
        )}
      </div>
      <Lines one={one} model={model} />
      {model && <Phases model={model} state={one.state} />}
      <Confirm
        open={asking}
        danger
        title={`Cancel “${one.name}”?`}
        text="What runs is ended where it runs; finished outputs stay. It becomes CANCELED when the resource has confirmed."
        verb="Cancel it"
        note="Why (goes into the history)"
        onClose={() => setAsking(false)}
        onConfirm={(reason) =>
          void act(async () => (await cancel(one, reason), "Asked to cancel; the resource confirms"))
        }
      />
    </header>
  );
}

/** Needs you, Runs, Waits in one line; an ended run says how it ended. */
function Lines({ one, model }: { one: ExperimentInFull; model: RunModel | null }) {
  const told = lines(one);
  const counts = model?.counts ?? new Map<string, number>();
  const of = (state: string): number => counts.get(state) ?? 0;
  if (isTerminal(one.state) || one.state === "CREATED" || one.state === "VALIDATED")
    return (
      <p className="m-0 mt-1 text-ink-2" data-testid="run-state">
        <span className={one.state === "FAILED" ? "text-failed" : "text-ink"}>{told.now}</span>
        {one.failure?.task && (
          <>
            {" "}
            in {one.failure.task}, after {one.failure.attempts} {one.failure.attempts === 1 ? "attempt" : "attempts"}
          </>
        )}
        . {one.state === "FAILED" ? remedy(one.failure?.kind ?? "") : told.next}.
      </p>
    );
  const part = (label: string, state: string, words: React.ReactNode) =>
    of(state) > 0 && (
      <span className="inline-flex items-center gap-2">
        <span className="text-ink-3">{label}</span>
        <StateIcon kind={kindOf(state)} /> {words}
      </span>
    );
  const running = model?.data.tasks
    .filter((task) => task.state === "EXECUTING")
    .slice(0, 3)
    .map((task) => task.name);
  return (
    <p className="m-0 mt-1 flex flex-wrap gap-x-6 gap-y-1" data-testid="run-state">
      {part("Needs you", "FAILED", `${of("FAILED")} failed`)}
      {part("Runs", "EXECUTING", of("EXECUTING") > 3 ? `${count(of("EXECUTING"))} tasks` : running?.join(", "))}
      {part(
        "Waits",
        "RETRY_WAIT",
        <>
          {of("RETRY_WAIT")} to be tried again {one.next_attempt_at && <Upcoming at={one.next_attempt_at} />}
        </>,
      )}
      {part("Waits", "SCHEDULED", `${count(of("SCHEDULED"))} for a worker`)}
      {part("Then", "CREATED", `${count(of("CREATED"))} ${of("CREATED") === 1 ? "task" : "tasks"} to come`)}
      {one.state === "CANCELING" && (
        <span className="state" style={stateStyle("canceling")}>
          Being canceled; each resource confirms
        </span>
      )}
    </p>
  );
}

const PHASES: readonly [string, string][] = [
  ["CONFIGURING_WORKSPACE", "Prepare"],
  ["INPUT_DATA_STAGING", "Stage in"],
  ["EXECUTING", "Submit"],
  ["MONITORING", "Execute"],
  ["OUTPUT_DATA_STAGING", "Stage out"],
  ["POST_PROCESSING", "Tidy up"],
];

interface Phase {
  label: string;
  from: number | null;
  to: number | null;
  done: boolean;
  failed: boolean;
}

export function phases(model: RunModel): Phase[] {
  return PHASES.map(([phase, label]) => {
    const tasks = model.data.tasks.filter((task) => task.phase === phase);
    const starts = tasks.flatMap((task) => (task.started_at ? [Date.parse(task.started_at)] : []));
    const ends = tasks.flatMap((task) =>
      task.ended_at && task.state !== "SKIPPED" ? [Date.parse(task.ended_at)] : [],
    );
    const done = tasks.length > 0 && tasks.every((task) => isTerminal(task.state));
    return {
      label,
      from: starts.length ? Math.min(...starts) : null,
      to: done && ends.length ? Math.max(...ends) : null,
      done,
      failed: tasks.some((task) => task.state === "FAILED"),
      count: tasks.length,
    };
  }).filter((phase) => phase.count > 0);
}

function Phases({ model, state }: { model: RunModel; state: string }) {
  const now = useNow();
  const found = phases(model);
  if (found.length < 2) {
    const stems = new Set(model.data.tasks.map((task) => stem(task.name)));
    return stems.size > 0 && model.data.tasks.length > 0 ? <Overall model={model} /> : null;
  }
  return (
    <ol className="m-0 mt-2 flex list-none gap-1 overflow-hidden p-0 max-md:hidden" aria-label="Phases">
      {found.map((phase) => {
        const active = phase.from !== null && !phase.done;
        const color = phase.failed
          ? "var(--failed)"
          : phase.done && phase.from !== null
            ? "var(--done)"
            : active && !isTerminal(state)
              ? "var(--executing)"
              : "var(--track)";
        const span = phase.from === null ? null : (phase.to ?? now) - phase.from;
        return (
          <li
            key={phase.label}
            className="min-w-0"
            style={{ flex: `${Math.min(6, Math.max(1, Math.log10(Math.max(10, span ?? 10)) - 1))} 1 0` }}
          >
            <span className="block h-1" style={{ background: color }} />
            <span className={`second clip mt-1 block ${active ? "!text-executing" : ""}`}>
              <span className={phase.from === null ? "" : "text-ink"}>{phase.label}</span>{" "}
              {span !== null && (!active || !isTerminal(state)) && (
                <span className="num text-ink-3">{duration(span)}</span>
              )}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function Overall({ model }: { model: RunModel }) {
  const total = model.data.tasks.length;
  const done = model.counts.get("COMPLETED") ?? 0;
  const process = model.data.process;
  return (
    <div className="mt-2 flex items-center gap-3">
      <span className="block h-1 flex-1 bg-track">
        <span className="block h-full bg-done" style={{ width: `${(done / total) * 100}%` }} />
      </span>
      <span className="meta num">
        {count(done)} of {count(total)} done{" "}
        {process && (
          <>
            in <Elapsed from={process.created_at} to={process.ended_at} />
          </>
        )}
      </span>
    </div>
  );
}
