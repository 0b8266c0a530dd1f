import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, FileText, Image, RotateCcw, Table2 } from "lucide-react";
import { useEffect, useState } from "react";
import { api, call, type ExperimentInFull, type Output } from "../../api/client";
import { isTerminal } from "../../core/states";
import { bytes } from "../../core/time";
import { FormDialog } from "../../ui/dialog";
import { CopyButton, Facts, Failure } from "../../ui/parts";
import { useToast } from "../../ui/toast";
import { refetch } from "../steering";

const PREVIEW_BYTES = 64 * 1024;
const ROWS = 200;

export function outputUrl(experimentId: string, name: string): string {
  return `/api/v1/experiments/${experimentId}/outputs/${encodeURIComponent(name)}`;
}

/** What went in, what came out; text, tables and pictures are shown. */
export function Files({ one, open }: { one: ExperimentInFull; open: string | undefined }) {
  const outputs = useQuery({
    queryKey: ["outputs", one.id, one.last_seq],
    queryFn: () =>
      call(api.GET("/api/v1/experiments/{experiment_id}/outputs", { params: { path: { experiment_id: one.id } } })),
    placeholderData: (before) => before,
  });
  const items = outputs.data?.items ?? [];
  const [chosen, setChosen] = useState<string | undefined>(open);
  const shown =
    items.find((item) => item.name === chosen) ??
    items.find((item) => item.present && item.content_type.startsWith("image/")) ??
    items.find((item) => item.present);
  const inputs = Object.entries((one.spec.inputs ?? {}) as Record<string, unknown>);
  return (
    <div className="flex min-h-0 min-w-0 flex-1 max-md:flex-col max-md:overflow-auto">
      <div className="scroll w-[380px] shrink-0 border-line border-r py-3 max-md:w-full max-md:border-r-0">
        <div className="flex items-center px-6 pb-2 max-sm:px-4">
          <h3 className="m-0 flex-1 font-semibold">Outputs</h3>
          {items.length > 0 && isTerminal(one.state) && <Refetch one={one} items={items} />}
        </div>
        {outputs.error && <Failure error={outputs.error} retry={() => void outputs.refetch()} />}
        {items.map((item) => (
          <button
            key={item.name}
            type="button"
            aria-pressed={item.name === shown?.name}
            className={`flex w-full items-center gap-3 border-line border-b px-6 py-2 text-left max-sm:px-4 ${item.name === shown?.name ? "bg-selected" : "hover:bg-hover"}`}
            onClick={() => setChosen(item.name)}
          >
            <Kind item={item} />
            <span className="min-w-0 flex-1 leading-[18px]">
              <span className="name clip block">{item.name}</span>
              <span className="second clip block">
                {item.present ? item.description || item.content_type : (item.reason ?? "Not brought back yet")}
              </span>
            </span>
            <span className="meta num">{bytes(item.size_bytes)}</span>
          </button>
        ))}
        {!items.length && !outputs.isPending && (
          <p className="m-0 px-6 text-ink-2">This experiment promises no outputs.</p>
        )}
        <h3 className="m-0 px-6 pt-5 pb-2 font-semibold max-sm:px-4">Inputs</h3>
        <div className="px-6 max-sm:px-4">
          {inputs.length ? (
            <Facts
              facts={inputs.map(([name, value]) => {
                const uri = typeof value === "string" && value.startsWith("howdah://") ? value : null;
                return [
                  name,
                  uri ? (
                    <span key={name} className="mono" title={uri}>
                      {uri.split("/").at(-1)}
                    </span>
                  ) : (
                    <span key={name} className="num">
                      {String(value)}
                    </span>
                  ),
                ] as const;
              })}
            />
          ) : (
            <p className="m-0 text-ink-2">No inputs were given; defaults held.</p>
          )}
        </div>
        {one.description && (
          <>
            <h3 className="m-0 px-6 pt-5 pb-2 font-semibold max-sm:px-4">Notes</h3>
            <p className="m-0 whitespace-pre-wrap px-6 max-sm:px-4">{one.description}</p>
          </>
        )}
      </div>
      <div className="flex min-h-[300px] min-w-0 flex-1 flex-col bg-bg">
        {shown ? (
          <Preview key={`${shown.name}-${shown.sha256}`} id={one.id} item={shown} />
        ) : (
          <p className="m-0 p-6 text-ink-2">Outputs are shown here once they are brought back.</p>
        )}
      </div>
    </div>
  );
}

/** Bring outputs back once more from the work directory: a run that does only that. */
function Refetch({ one, items }: { one: ExperimentInFull; items: readonly Output[] }) {
  const [asking, setAsking] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const queries = useQueryClient();
  const say = useToast();
  const files = items.filter((item) => item.type === "file");
  const toggle = (name: string): void => {
    const next = new Set(chosen);
    if (!next.delete(name)) next.add(name);
    setChosen(next);
  };
  return (
    <>
      <button type="button" className="btn small" onClick={() => setAsking(true)}>
        <RotateCcw size={13} /> Fetch again…
      </button>
      {asking && (
        <FormDialog
          open
          title="Bring outputs back once more"
          verb={chosen.size ? `Fetch ${chosen.size}` : "Fetch all"}
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await refetch(one, [...chosen]);
            say("A run brings them back");
            await queries.invalidateQueries({ queryKey: ["experiment", one.id] });
          }}
        >
          <p className="m-0 mb-3 text-ink-2">
            They are copied from the work directory as they are now; where that was removed, this is refused. How the
            experiment ended stays.
          </p>
          {files.map((item) => (
            <label key={item.name} className="flex items-center gap-2 py-1">
              <input
                type="checkbox"
                className="size-4 accent-ink"
                checked={chosen.has(item.name)}
                onChange={() => toggle(item.name)}
              />
              {item.name} <span className="meta">{bytes(item.size_bytes)}</span>
            </label>
          ))}
        </FormDialog>
      )}
    </>
  );
}

function Kind({ item }: { item: Output }) {
  const Icon = item.content_type.startsWith("image/") ? Image : item.content_type.includes("csv") ? Table2 : FileText;
  return <Icon size={16} className="shrink-0 text-ink-3" />;
}

function Preview({ id, item }: { id: string; item: Output }) {
  const url = outputUrl(id, item.name);
  return (
    <>
      <div className="flex flex-wrap items-center gap-3 border-line border-b bg-surface px-6 py-2 max-sm:px-4">
        <b className="clip flex-1 font-semibold">{item.file_name ?? item.name}</b>
        {item.sha256 && <CopyButton text={item.sha256} label="SHA-256" />}
        {item.present && (
          <a className="btn small" href={url} download={item.file_name ?? item.name}>
            <Download size={13} /> Download {bytes(item.size_bytes)}
          </a>
        )}
      </div>
      {item.delivered.length > 0 && (
        <p className="m-0 border-line border-b bg-surface px-6 py-2 text-ink-2 max-sm:px-4">
          Delivered to <span className="mono">{item.delivered.join(", ")}</span>
        </p>
      )}
      {!item.present ? (
        <p className="m-0 p-6 text-ink-2">{item.reason ?? "Not brought back yet."}</p>
      ) : item.content_type.startsWith("image/") ? (
        <Picture url={url} item={item} />
      ) : (
        <TextPreview url={url} item={item} />
      )}
    </>
  );
}

const RASTER = /^image\/(png|jpeg|gif|webp)$/;

/** Downloads are never rendered as pages; a picture is read and shown as a blob, and only of kinds that carry no script. */
function Picture({ url, item }: { url: string; item: Output }) {
  const [source, setSource] = useState("");
  useEffect(() => {
    if (!RASTER.test(item.content_type)) return;
    let made = "";
    const stop = new AbortController();
    void fetch(url, { signal: stop.signal })
      .then((response) => response.blob())
      .then((blob) => {
        made = URL.createObjectURL(new Blob([blob], { type: item.content_type }));
        setSource(made);
      })
      .catch(() => undefined);
    return () => {
      stop.abort();
      URL.revokeObjectURL(made);
    };
  }, [url, item.content_type]);
  if (!RASTER.test(item.content_type))
    return <p className="m-0 p-6 text-ink-2">Pictures of this kind are not shown; download it.</p>;
  return (
    <div className="scroll flex min-h-0 flex-1 items-center justify-center p-6">
      {source && (
        <img
          src={source}
          alt={item.description || item.name}
          className="max-h-full max-w-full"
          style={{ imageRendering: "pixelated", minWidth: "min(420px, 100%)" }}
          data-testid="picture"
        />
      )}
    </div>
  );
}

function TextPreview({ url, item }: { url: string; item: Output }) {
  const text = useQuery({
    queryKey: ["preview", url, item.sha256],
    queryFn: async () => {
      const response = await fetch(url, { headers: { Range: `bytes=0-${PREVIEW_BYTES - 1}` } });
      if (!response.ok && response.status !== 416) throw new Error(`The server answered ${response.status}.`);
      return response.status === 416 ? "" : await response.text();
    },
    staleTime: 60_000,
  });
  if (text.error) return <Failure error={text.error} retry={() => void text.refetch()} />;
  const content = text.data ?? "";
  const binary = content.includes("\0");
  if (binary) return <p className="m-0 p-6 text-ink-2">This is no text; download it.</p>;
  const more = (item.size_bytes ?? 0) > PREVIEW_BYTES;
  return (
    <>
      {item.content_type.includes("csv") ? (
        <Csv content={content} />
      ) : (
        <pre className="scroll m-0 flex-1 p-6 font-mono text-[12px] leading-[19px]">
          {content || (text.isPending ? "" : "(empty)")}
        </pre>
      )}
      {more && (
        <p className="meta m-0 border-line border-t px-6 py-2">
          The first {bytes(PREVIEW_BYTES)} of {bytes(item.size_bytes)}; the Logs tab reads all of it.
        </p>
      )}
    </>
  );
}

function Csv({ content }: { content: string }) {
  const [head, ...rows] = content
    .split(/\r?\n/)
    .filter(Boolean)
    .slice(0, ROWS + 1)
    .map((line) => line.split(","));
  return (
    <div className="scroll min-h-0 flex-1 p-6">
      <table className="num border-collapse bg-surface">
        <thead>
          <tr>
            {head?.map((cell) => (
              <th
                key={cell}
                scope="col"
                className="sticky top-0 border border-line bg-bg px-3 py-1 text-left font-semibold"
              >
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, place) => (
                <td key={place} className="border border-line px-3 py-[2px] text-right">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
