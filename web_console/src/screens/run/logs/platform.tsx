import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, call } from "../../../api/client";
import { foldReturns } from "../../../core/ansi";
import type { RunModel } from "../../../core/run";
import { clock } from "../../../core/time";
import { Failure } from "../../../ui/parts";
import { usePrefs } from "../../../ui/prefs";

const MOST_TASKS = 40;

/** What the platform's handlers wrote about each task. */
export function Platform({ model }: { model: RunModel | null }) {
  const { zone } = usePrefs();
  const tasks = useMemo(
    () => (model?.data.tasks ?? []).filter((task) => task.attempt > 0).slice(0, MOST_TASKS),
    [model],
  );
  const logs = useQuery({
    queryKey: ["platform-log", model?.data.process?.id, model?.seq, tasks.length],
    enabled: tasks.length > 0,
    placeholderData: (before) => before,
    queryFn: async () => {
      const found = await Promise.all(
        tasks.map(async (task) => {
          const page = await call(
            api.GET("/api/v1/tasks/{task_id}/logs", { params: { path: { task_id: task.id }, query: { limit: 200 } } }),
          );
          return page.items.flatMap((one) =>
            one.lines.map((line) => ({ at: line.at, task: task.name, text: foldReturns(line.text) })),
          );
        }),
      );
      return found.flat().sort((a, b) => a.at.localeCompare(b.at));
    },
  });
  if (logs.error) return <Failure error={logs.error} retry={() => void logs.refetch()} />;
  const lines = logs.data ?? [];
  if (!lines.length)
    return (
      <p className="m-0 p-6 text-ink-2">
        {logs.isPending && tasks.length
          ? "…"
          : "The platform's handlers wrote nothing about this run. Each step is in Events."}
      </p>
    );
  return (
    <div className="scroll min-h-0 flex-1 bg-code py-2 font-mono text-[12px] leading-[19px]">
      {(model?.data.tasks.length ?? 0) > MOST_TASKS && (
        <p className="m-0 px-6 pb-2 font-sans text-ink-2">
          The first {MOST_TASKS} tasks; each task's drawer has its own lines.
        </p>
      )}
      {lines.map((line, index) => (
        <div key={index} className="flex gap-4 px-6 max-sm:px-4">
          <span className="num shrink-0 text-ink-3">{clock(Date.parse(line.at), zone)}</span>
          <span className="w-[150px] shrink-0 truncate text-ink-2">{line.task}</span>
          <span className="whitespace-pre-wrap">{line.text}</span>
        </div>
      ))}
    </div>
  );
}
