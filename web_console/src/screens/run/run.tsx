import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo } from "react";
import type { RowKey } from "../../core/graph";
import type { RunModel } from "../../core/run";
import { count, shortId } from "../../core/time";
import * as ask from "../../queries";
import { isTyping } from "../../shell/keys";
import { useTitle } from "../../shell/shell";
import { Failure } from "../../ui/parts";
import { usePrefs } from "../../ui/prefs";
import { TAB } from "../../ui/tab";
import { At } from "../../ui/time";
import { TaskDrawer } from "./drawer";
import { Files } from "./files";
import { GraphView } from "./graph/view";
import { Head } from "./head";
import { Logs } from "./logs/logs";
import { Events, Tasks } from "./tables";
import { TimelineView } from "./timeline/view";
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
        {search.task && one && (
          <TaskDrawer
            taskId={search.task}
            version={version}
            one={one}
            resources={resources ?? []}
            step={step}
            onClose={() => set({ task: undefined })}
          />
        )}
      </div>
    </>
  );
}
