import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronDown, ChevronUp, CodeXml, SquareTerminal } from "lucide-react";
import { useState } from "react";
import { api, call, type ExperimentInFull, type ResourceShown, type TaskInFull } from "../../api/client";
import { kindOf, LABELS } from "../../core/states";
import { remedy } from "../../core/words";
import { CloseButton, CopyButton, Drawer, Facts, Failure, Id } from "../../ui/parts";
import { StateIcon, stateStyle } from "../../ui/state";
import { Tabs } from "../../ui/tabs";
import { At, Elapsed, Upcoming } from "../../ui/time";
import { Script } from "../script";
import { TaskActions } from "./taskactions";

interface Props {
  taskId: string;
  version: number;
  one: ExperimentInFull;
  resources: readonly ResourceShown[];
  step: (by: number) => void;
  onClose: () => void;
}

const TABS = ["Attempts", "Command", "Script", "Job", "Lines"] as const;

/** One task: what is the case, what comes next, every attempt, what it was told to do. */
export function TaskDrawer({ taskId, version, one, resources, step, onClose }: Props) {
  const experimentId = one.id;
  const [tab, setTab] = useState<(typeof TABS)[number]>("Attempts");
  const path = { params: { path: { task_id: taskId } } };
  const keep = { placeholderData: <T,>(before: T | undefined) => before };
  const task = useQuery({
    queryKey: ["task", taskId, version],
    queryFn: () => call(api.GET("/api/v1/tasks/{task_id}", path)),
    ...keep,
  });
  const attempts = useQuery({
    queryKey: ["task", taskId, "attempts", version],
    queryFn: () => call(api.GET("/api/v1/tasks/{task_id}/attempts", path)),
    ...keep,
  });
  const jobs = useQuery({
    queryKey: ["task", experimentId, "jobs", version],
    queryFn: () =>
      call(
        api.GET("/api/v1/experiments/{experiment_id}/jobs", {
          params: { path: { experiment_id: experimentId }, query: { limit: 500 } },
        }),
      ),
    ...keep,
  });
  const data = task.data?.id === taskId ? task.data : undefined;
  const kind = data?.blocked ? "blocked" : kindOf(data?.state ?? "CREATED");
  const resource = resources.find((one) => one.id === data?.resource_id);
  const job =
    jobs.data?.items.find((one) => one.task_id === taskId) ??
    jobs.data?.items.find((one) => data?.depends_on.includes(one.task_id) && data.type === "job-monitoring");
  return (
    <Drawer label="Task" onClose={onClose} beside>
      <div className="flex items-center gap-2 px-5 pt-4">
        <StateIcon kind={kind} size={16} label={LABELS[kind]} />
        <h2 className="clip m-0 flex-1 font-semibold text-[15px] leading-[22px]">{data?.name ?? "…"}</h2>
        <button type="button" aria-label="Previous task" className="btn plain small !px-1" onClick={() => step(-1)}>
          <ChevronUp size={16} />
        </button>
        <button type="button" aria-label="Next task" className="btn plain small !px-1" onClick={() => step(1)}>
          <ChevronDown size={16} />
        </button>
        <CloseButton onClick={onClose} />
      </div>
      {task.error && <Failure error={task.error} retry={() => void task.refetch()} />}
      {data && (
        <>
          <p className="second m-0 px-5 pb-3">
            <Id id={data.id} className="text-ink-3" /> <span className="ml-2">{data.type}</span>{" "}
            {resource && <span className="ml-2">on {resource.name}</span>}
          </p>
          <Note task={data} />
          <Next task={data} />
          <div className="flex flex-wrap gap-2 px-5 pb-4">
            <TaskActions one={one} task={data} />
            {resource?.transport === "ssh" && (
              <CopyButton
                icon={<SquareTerminal size={13} />}
                label="Copy as ssh"
                text={`ssh -p ${resource.port} ${resource.username}@${resource.host}`}
              />
            )}
            <CopyButton
              icon={<CodeXml size={13} />}
              label="Copy as curl"
              text={`curl -H "Authorization: Bearer $HOWDAH_TOKEN" ${location.origin}/api/v1/tasks/${data.id}`}
            />
            <Link
              className="btn small"
              to="/experiments/$id"
              params={{ id: experimentId }}
              search={(before: Record<string, unknown>) => ({ ...before, tab: "logs", file: "platform" })}
            >
              Logs
            </Link>
          </div>
          <Tabs
            label="About the task"
            tabs={TABS.filter(
              (one) => (one !== "Job" || job) && (one !== "Script" || data.type === "job-submission"),
            ).map((one) => [
              one,
              one === "Attempts" ? (
                <>
                  {one} <span className="num font-normal text-ink-3">{attempts.data?.items.length ?? ""}</span>
                </>
              ) : (
                one
              ),
            ])}
            chosen={tab}
            onChoose={setTab}
            className="px-5"
          />
          <div className="px-5 py-3">
            {tab === "Attempts" &&
              attempts.data?.items.map((one) => (
                <details key={one.attempt} className="border-line border-b py-2 last:border-0">
                  <summary className="flex list-none items-center gap-3">
                    <span className="num w-4 text-ink-3">{one.attempt}</span>
                    <At at={one.started_at ?? one.published_at} />
                    <span className="clip flex-1">
                      {one.failure?.sentence ??
                        (one.state === "COMPLETED" ? "Done" : (one.step ?? LABELS[kindOf(one.state)]))}
                    </span>
                    <span className="text-ink-2">
                      <Elapsed from={one.started_at ?? one.published_at} to={one.ended_at} />
                    </span>
                  </summary>
                  <div className="py-2 pl-7">
                    {one.failure && <p className="m-0 mb-2">{one.failure.sentence}</p>}
                    <Facts
                      facts={[
                        one.failure ? ["Failure kind", one.failure.kind] : null,
                        one.failure?.detail
                          ? [
                              "It said",
                              <span key="d" className="mono">
                                {one.failure.detail}
                              </span>,
                            ]
                          : null,
                        one.failure?.exit_status != null ? ["Exit status", String(one.failure.exit_status)] : null,
                        [
                          "Worker",
                          <span key="w" className="mono">
                            {one.worker ?? "not taken up yet"}
                          </span>,
                        ],
                        [
                          "Position",
                          one.partition === null
                            ? "not taken up yet"
                            : `partition ${one.partition}, offset ${one.offset}`,
                        ],
                        ["Lane", one.lane ?? "–"],
                        ["Published", <At key="p" at={one.published_at} />],
                        ["Waited", <Elapsed key="e" from={one.published_at} to={one.started_at ?? one.ended_at} />],
                      ]}
                    />
                  </div>
                </details>
              ))}
            {tab === "Attempts" && attempts.data?.items.length === 0 && (
              <p className="m-0 text-ink-2">Not published yet.</p>
            )}
            {tab === "Command" && <Command task={data} />}
            {tab === "Script" && data.type === "job-submission" && <TaskScript taskId={taskId} />}
            {tab === "Job" && job && (
              <Facts
                facts={[
                  [
                    "Native id",
                    <span key="i" className="mono">
                      {job.native_id ?? "none yet"}
                    </span>,
                  ],
                  ["State", job.state],
                  ["Now", job.next],
                  job.reason ? ["Scheduler's reason", job.reason] : null,
                  job.exit_code === null ? null : ["Exit code", String(job.exit_code)],
                  [
                    "Name",
                    <span key="n" className="mono">
                      {job.job_name}
                    </span>,
                  ],
                  ["Submitted", <At key="c" at={job.created_at} />],
                  ["Began", job.started_at ? <At key="s" at={job.started_at} /> : "not yet"],
                  ["Ended", job.ended_at ? <At key="e" at={job.ended_at} /> : "not yet"],
                ]}
              />
            )}
            {tab === "Lines" && <Lines taskId={taskId} version={version} />}
          </div>
        </>
      )}
    </Drawer>
  );
}

function TaskScript({ taskId }: { taskId: string }) {
  const script = useQuery({
    queryKey: ["script", taskId],
    queryFn: () =>
      call(api.POST("/api/v1/tasks/{task_id}/script", { params: { path: { task_id: taskId }, query: { wait: 20 } } })),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return <Script script={script.data} error={script.error} retry={() => void script.refetch()} />;
}

function Note({ task }: { task: TaskInFull }) {
  const kind = task.blocked ? "blocked" : kindOf(task.state);
  const since = task.blocked
    ? task.blocked.since
    : { EXECUTING: task.started_at, FAILED: task.ended_at, COMPLETED: task.started_at }[task.state as string];
  return (
    <div className="tinted mb-4 border-l-[3px] px-5 py-3" style={{ ...stateStyle(kind), borderColor: "var(--state)" }}>
      <div className="state text-[12px] leading-4">
        {LABELS[kind]}{" "}
        {since && task.state !== "FAILED" && (
          <>
            for <Elapsed from={since} to={task.ended_at} />
          </>
        )}
        {task.state === "FAILED" && (
          <>
            after {task.attempt} {task.attempt === 1 ? "attempt" : "attempts"}, {task.failure?.kind}
          </>
        )}
      </div>
      <div className="mt-1 font-semibold">{task.blocked?.cause?.sentence ?? task.failure?.sentence ?? task.next}</div>
      {task.blocked && (
        <div className="mt-1 text-ink-2">It is the resource, not the task: nothing needs to be done.</div>
      )}
      {task.failure && task.state === "FAILED" && <div className="mt-1 text-ink-2">{remedy(task.failure.kind)}.</div>}
    </div>
  );
}

function Next({ task }: { task: TaskInFull }) {
  const waits = task.waits_for;
  const facts: (readonly [string, React.ReactNode])[] = [];
  const { blocked } = task;
  if (blocked)
    facts.push(
      [
        "Resource",
        <Link key="r" to="/health" search={{ open: blocked.resource }} className="link">
          {blocked.resource}
        </Link>,
      ],
      [
        `Probe ${(blocked.failed_probes ?? 0) + 1}`,
        blocked.next_probe_at ? <Upcoming key="p" at={blocked.next_probe_at} /> : "under way now",
      ],
      ["If it works", "it resumes by itself, with the others"],
      [
        "If not",
        <span key="n">
          it is probed again
          {blocked.gives_up_at && (
            <>
              , until <At at={blocked.gives_up_at} />; then the task fails
            </>
          )}
        </span>,
      ],
    );
  if (task.next_attempt_at) facts.push([`Attempt ${task.attempt + 1}`, <Upcoming key="n" at={task.next_attempt_at} />]);
  if (task.deadline_at)
    facts.push([
      "At the latest",
      <span key="d">
        <At at={task.deadline_at} />, else it is tried again
      </span>,
    ]);
  if (waits.length)
    facts.push([
      "After",
      waits.slice(0, 5).join(", ") + (task.waits_for_total > 5 ? ` and ${task.waits_for_total - 5} more` : ""),
    ]);
  if (task.fraction !== null && task.state === "EXECUTING")
    facts.push(["Done", `${Math.round(task.fraction * 100)} %`]);
  if (!facts.length) return null;
  return (
    <div className="px-5 pb-4">
      <h3 className="m-0 mb-2 font-normal text-[12px] text-ink-2">What happens next</h3>
      <Facts facts={facts} />
    </div>
  );
}

function Command({ task }: { task: TaskInFull }) {
  const script = typeof task.params.script === "string" ? task.params.script : null;
  const argv = Array.isArray(task.params.argv) ? task.params.argv.map(String) : null;
  return (
    <>
      {argv && (
        <pre className="mono mt-0 mb-3 overflow-auto whitespace-pre-wrap rounded bg-code p-3">{argv.join(" ")}</pre>
      )}
      {script && <pre className="mono mt-0 mb-3 overflow-auto rounded bg-code p-3">{script}</pre>}
      <h3 className="m-0 mb-2 font-normal text-[12px] text-ink-2">Parameters</h3>
      <pre className="mono m-0 overflow-auto rounded bg-code p-3">{JSON.stringify(task.params, null, 2)}</pre>
      {task.outputs && (
        <>
          <h3 className="mt-4 mb-2 font-normal text-[12px] text-ink-2">Delivered</h3>
          <pre className="mono m-0 overflow-auto rounded bg-code p-3">{JSON.stringify(task.outputs, null, 2)}</pre>
        </>
      )}
    </>
  );
}

function Lines({ taskId, version }: { taskId: string; version: number }) {
  const logs = useQuery({
    queryKey: ["task", taskId, "logs", version],
    queryFn: () =>
      call(api.GET("/api/v1/tasks/{task_id}/logs", { params: { path: { task_id: taskId }, query: { limit: 200 } } })),
  });
  if (logs.error) return <Failure error={logs.error} />;
  const lines = logs.data?.items.flatMap((one) => one.lines.map((line) => ({ ...line, id: one.id }))) ?? [];
  if (!lines.length) return <p className="m-0 text-ink-2">{logs.isPending ? "…" : "The handler wrote nothing."}</p>;
  return (
    <pre className="mono m-0 overflow-auto whitespace-pre-wrap">
      {lines.map((line, index) => (
        <div key={index}>{line.text}</div>
      ))}
    </pre>
  );
}
