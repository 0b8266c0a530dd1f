import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { api, call, type Event } from "../../api/client";
import { type RunModel, type RunTask, shown } from "../../core/run";
import { isTerminal, kindOf, LABELS, SEVERITY } from "../../core/states";
import type { Flush } from "../../core/store";
import { count, duration } from "../../core/time";
import { became } from "../../core/words";
import { useChanges } from "../../live/live";
import { Failure } from "../../ui/parts";
import { StateIcon, StateLabel } from "../../ui/state";
import { Table } from "../../ui/table";
import { At, Elapsed, Upcoming } from "../../ui/time";

interface TasksProps {
  model: RunModel;
  version: number;
  names: ReadonlyMap<string, string>;
  open: string | undefined;
  filter: string | undefined;
  onOpen: (taskId: string) => void;
  onFilter: (text: string | undefined) => void;
}

type Sort = "order" | "state" | "longest";

/** All tasks of the run; what is typed narrows by name, type or state. */
export function Tasks({ model, version, names, open, filter, onOpen, onFilter }: TasksProps) {
  const [sort, setSort] = useState<Sort>("order");
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version has other states
  const rows = useMemo(() => {
    const words = (filter ?? "").toLowerCase();
    const found = model.data.tasks
      .map((task, place) => ({ task, place }))
      .filter(
        ({ task }) =>
          !words ||
          task.name.toLowerCase().includes(words) ||
          task.type.includes(words) ||
          shown(task).toLowerCase() === words,
      );
    if (sort === "state")
      found.sort((a, b) => SEVERITY.indexOf(kindOf(shown(a.task))) - SEVERITY.indexOf(kindOf(shown(b.task))));
    if (sort === "longest") found.sort((a, b) => length(b.task) - length(a.task));
    return found;
  }, [model, version, filter, sort]);
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <div className="flex items-center gap-2 border-line border-b px-6 py-2 max-sm:px-4">
        <input
          data-filter
          aria-label="Filter tasks"
          className="field !h-[30px] max-w-[320px]"
          placeholder="Name, type or state"
          value={filter ?? ""}
          onChange={(event) => onFilter(event.target.value || undefined)}
        />
        <label className="btn small">
          Sort
          <select
            aria-label="Sort"
            className="bg-transparent font-semibold"
            value={sort}
            onChange={(event) => setSort(event.target.value as Sort)}
          >
            <option value="order">as planned</option>
            <option value="state">worst first</option>
            <option value="longest">longest first</option>
          </select>
        </label>
        <span className="meta num">{count(rows.length)} tasks</span>
      </div>
      <Table
        label="Tasks"
        rows={rows}
        rowHeight={rows.length > 60 ? 34 : 44}
        rowKey={({ task }) => task.id}
        openKey={open}
        onOpen={({ task }) => onOpen(task.id)}
        onPeek={({ task }) => onOpen(task.id)}
        needsYou={({ task }) => task.state === "FAILED"}
        empty="No task fits this filter."
        columns={[
          { key: "state", header: "State", track: "110px", cell: ({ task }) => <StateLabel state={shown(task)} /> },
          {
            key: "name",
            header: "Task",
            track: "minmax(140px,1.3fr)",
            cell: ({ task }) => (
              <span className="name clip block" title={task.name}>
                {task.name}
              </span>
            ),
          },
          {
            key: "type",
            header: "Type",
            track: "minmax(90px,0.7fr)",
            from: 560,
            cell: ({ task }) => <span className="clip block">{task.type}</span>,
          },
          {
            key: "now",
            header: "Now, and what happens next",
            track: "minmax(150px,1.6fr)",
            cell: ({ task }) => <Now task={task} />,
          },
          {
            key: "attempt",
            header: "Attempt",
            track: "58px",
            align: "right",
            from: 700,
            cell: ({ task }) => <span className="num">{task.attempt || ""}</span>,
          },
          {
            key: "wait",
            header: "Waited",
            track: "78px",
            align: "right",
            from: 820,
            cell: ({ place }) => <Waited model={model} place={place} />,
          },
          {
            key: "run",
            header: "Ran",
            track: "84px",
            align: "right",
            from: 520,
            cell: ({ task }) => <Elapsed from={task.started_at} to={task.ended_at} />,
          },
          {
            key: "resource",
            header: "Resource",
            track: "90px",
            from: 900,
            cell: ({ task }) => <span className="clip block">{names.get(task.resource_id ?? "") ?? ""}</span>,
          },
        ]}
      />
    </div>
  );
}

function length(task: RunTask): number {
  return task.started_at ? (task.ended_at ? Date.parse(task.ended_at) : Date.now()) - Date.parse(task.started_at) : 0;
}

function Now({ task }: { task: RunTask }) {
  if (task.state === "FAILED")
    return (
      <span className="clip block" title={task.failure?.sentence}>
        {task.failure?.sentence}
      </span>
    );
  if (shown(task) === "BLOCKED") return <span className="clip block">Its resource is away; it resumes by itself</span>;
  if (task.state === "RETRY_WAIT")
    return (
      <span className="clip block">
        {task.failure?.sentence ?? "Handed back"}.{" "}
        {task.due_at && (
          <>
            Next attempt <Upcoming at={task.due_at} />
          </>
        )}
      </span>
    );
  const words: Record<string, string> = {
    CREATED: "Waits for earlier tasks",
    SCHEDULED: "Published, waits for a worker",
    EXECUTING: "Runs",
    COMPLETED: "Done",
    SKIPPED: "Left out",
    CANCELED: "Stopped on request",
  };
  return (
    <span className={isTerminal(task.state) ? "text-ink-2" : ""}>
      {words[task.state] ?? LABELS[kindOf(task.state)]}
    </span>
  );
}

function Waited({ model, place }: { model: RunModel; place: number }) {
  const last = model.attempts(place).at(-1);
  if (!last) return null;
  return last.started_at ? (
    <span className="num">{duration(Date.parse(last.started_at) - Date.parse(last.published_at))}</span>
  ) : (
    <Elapsed from={last.published_at} to={last.ended_at} />
  );
}

interface EventsProps {
  id: string;
  model: RunModel | null;
  seq: number | undefined;
}

/** The history in the order of happening; each event has a link. */
export function Events({ id, model, seq }: EventsProps) {
  const navigate = useNavigate();
  const list = useInfiniteQuery({
    queryKey: ["events", id],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/v1/experiments/{experiment_id}/events", {
          params: { path: { experiment_id: id }, query: { limit: 500, after: pageParam } },
        }),
      ),
    initialPageParam: 0,
    getNextPageParam: (page) => (page.next_cursor ? Number(page.next_cursor) : undefined),
  });
  const [live, setLive] = useState<Event[]>([]);
  useChanges(
    useCallback(
      (flush: Flush) => {
        const mine = flush.changes.filter((change) => change.experiment_id === id) as unknown as Event[];
        if (mine.length) setLive((before) => [...before, ...mine].slice(-2_000));
      },
      [id],
    ),
  );
  const rows = useMemo(() => {
    const read = list.data?.pages.flatMap((page) => page.items) ?? [];
    const last = read.at(-1)?.seq ?? 0;
    return list.hasNextPage ? read : [...read, ...live.filter((one) => one.seq > last)];
  }, [list.data, list.hasNextPage, live]);
  const more = useCallback(() => {
    if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage();
  }, [list]);
  useEffect(() => {
    if (seq && rows.length && rows.at(-1)!.seq < seq) more();
  }, [seq, rows, more]);
  const opened = rows.find((row) => row.seq === seq);
  const name = (row: Event): string =>
    row.task_id && model ? (model.data.tasks[model.place(row.task_id) ?? -1]?.name ?? "") : "";
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <div className="flex items-center gap-3 border-line border-b px-6 py-2 max-sm:px-4">
        <span className="meta num flex-1">
          {count(rows.length)} events{list.hasNextPage ? " read so far" : ""}
        </span>
        <button
          type="button"
          className="btn small"
          onClick={() => save(`events-${id}.json`, JSON.stringify(rows, null, 1))}
        >
          <Download size={13} /> Download
        </button>
      </div>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table
        label="Events"
        rows={rows}
        rowHeight={34}
        rowKey={(row) => String(row.seq)}
        openKey={seq ? String(seq) : null}
        loading={list.isPending}
        onEnd={more}
        onOpen={(row) =>
          void navigate({
            to: "/experiments/$id",
            params: { id },
            search: (before: Record<string, unknown>) => ({ ...before, seq: row.seq === seq ? undefined : row.seq }),
          })
        }
        empty="Nothing has happened yet."
        columns={[
          {
            key: "seq",
            header: "No.",
            track: "52px",
            align: "right",
            cell: (row) => <span className="num text-ink-3">{row.seq}</span>,
          },
          { key: "at", header: "Time", track: "76px", cell: (row) => <At at={row.at} /> },
          {
            key: "what",
            header: "What happened",
            track: "minmax(200px,2fr)",
            cell: (row) => <What row={row} name={name(row)} />,
          },
          {
            key: "actor",
            header: "By",
            track: "minmax(90px,0.7fr)",
            from: 620,
            cell: (row) => <span className="clip block text-ink-2">{row.actor}</span>,
          },
          {
            key: "attempt",
            header: "Attempt",
            track: "60px",
            align: "right",
            from: 760,
            cell: (row) => <span className="num">{row.attempt ?? ""}</span>,
          },
        ]}
      />
      {opened && (
        <div className="scroll max-h-[40%] shrink-0 border-line border-t bg-code">
          <div className="flex items-center gap-3 px-6 pt-3 max-sm:px-4">
            <b className="font-semibold">Event {opened.seq}</b>
            <span className="meta flex-1">{opened.kind}</span>
            {opened.task_id && (
              <Link
                className="link"
                to="/experiments/$id"
                params={{ id }}
                search={(before: Record<string, unknown>) => ({ ...before, task: opened.task_id ?? undefined })}
              >
                Open its task
              </Link>
            )}
          </div>
          <pre className="mono m-0 px-6 pb-4 max-sm:px-4">{JSON.stringify(opened, null, 2)}</pre>
        </div>
      )}
    </div>
  );
}

export function save(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function What({ row, name }: { row: Event; name: string }) {
  const last = row.changes.find((one) => one.id === row.task_id) ?? row.changes[0];
  const failure = row.payload.failure as { sentence?: string } | undefined;
  const words = row.kind.replaceAll("-", " ");
  return (
    <span className="flex min-w-0 items-center gap-2">
      <StateIcon kind={last ? kindOf(last.to) : "created"} size={13} />
      <span className="clip">
        {name ? <b className="name">{name}</b> : null} {words.charAt(0).toUpperCase() + words.slice(1)}
        {failure?.sentence ? `: ${failure.sentence}` : ""}
        <span className="text-ink-3"> {became(row.changes, words)}</span>
      </span>
    </span>
  );
}
