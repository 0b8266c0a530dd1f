import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, call, type ExperimentInFull, type Output } from "../../../api/client";
import type { RunModel } from "../../../core/run";
import { bytes } from "../../../core/time";
import { Tabs } from "../../../ui/tabs";
import { outputUrl } from "../files";
import { FileLog } from "./filelog";
import { LiveLog } from "./livelog";
import { Platform } from "./platform";

interface Props {
  one: ExperimentInFull;
  model: RunModel | null;
  file: string | undefined;
  line: number | undefined;
  onFile: (file: string) => void;
  onLine: (line: number) => void;
}

const STREAMS = ["stdout", "stderr"] as const;

/** What was printed comes before other texts. */
const rank = (item: Output): number => (["stdout", "stderr", item.type] as string[]).indexOf(item.type);

/** What the application printed, live and afterwards, and what the platform's handlers wrote. */
export function Logs({ one, model, file, line, onFile, onLine }: Props) {
  const outputs = useQuery({
    queryKey: ["outputs", one.id, one.last_seq],
    queryFn: () =>
      call(api.GET("/api/v1/experiments/{experiment_id}/outputs", { params: { path: { experiment_id: one.id } } })),
    placeholderData: (before) => before,
  });
  const texts = (outputs.data?.items ?? [])
    .filter((item) => item.present && (item.type !== "file" || item.content_type.startsWith("text/")))
    .sort((a, b) => rank(a) - rank(b));
  const job = model?.data.jobs[0]?.task;
  const jobTask = job === undefined ? undefined : model?.data.tasks[job]?.id;
  const brought = new Set(texts.map((item) => item.type));
  const live = jobTask ? STREAMS.filter((stream) => !brought.has(stream)) : [];
  const names = [...texts.map((item) => item.name), ...live, "platform"];
  const chosen = file && names.includes(file) ? file : names[0]!;
  const item = texts.find((other) => other.name === chosen);
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <Tabs
        label="Logs"
        tabs={names.map((name) => [
          name,
          <span key={name}>
            {name} <span className="meta num">{bytes(texts.find((other) => other.name === name)?.size_bytes)}</span>
          </span>,
        ])}
        chosen={chosen}
        onChoose={onFile}
        className="px-6 py-2 max-sm:px-4"
        buttons
      />
      {chosen === "platform" && <Platform model={model} />}
      {item && <OfFile key={`${item.name}-${item.sha256}`} experimentId={one.id} {...{ item, line, onLine }} />}
      {!item && chosen !== "platform" && jobTask && (
        <OfJob key={`${jobTask}-${chosen}`} taskId={jobTask} stream={chosen} {...{ line, onLine }} />
      )}
    </div>
  );
}

type Linked = Pick<Props, "line" | "onLine">;

function OfFile({ experimentId, item, line, onLine }: Linked & { experimentId: string; item: Output }) {
  return (
    <FileLog
      url={outputUrl(experimentId, item.name)}
      name={item.file_name ?? item.name}
      size={item.size_bytes ?? 0}
      line={line}
      onLine={onLine}
    />
  );
}

/** What a job prints: followed until it is complete, then read as the file that it is. */
function OfJob({ taskId, stream, line, onLine }: Linked & { taskId: string; stream: string }) {
  const [size, setSize] = useState<number | null>(null);
  const url = `/api/v1/tasks/${taskId}/logs/${stream}`;
  return size === null ? (
    <LiveLog url={url} name={stream} line={line} onLine={onLine} onComplete={setSize} />
  ) : (
    <FileLog url={url} name={`${stream}.txt`} size={size} line={line} onLine={onLine} />
  );
}
