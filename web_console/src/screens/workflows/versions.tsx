import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, call } from "../../api/client";
import type { Definition } from "../../core/composer/definition";
import { diffLines, marks } from "../../core/composer/differing";
import { Failure } from "../../ui/parts";
import { At } from "../../ui/time";
import { Canvas } from "./canvas";

const TINTS = { added: "var(--completed)", removed: "var(--failed)", place: "var(--ink-3)", same: "" };

interface Props {
  id: string;
  newest: number;
  version: number;
  against: number;
  onShow: (version: number, against: number) => void;
}

/** All versions, and what one has otherwise than another: on the drawing, and as text. */
export function Versions({ id, newest, version, against, onShow }: Props) {
  const list = useInfiniteQuery({
    queryKey: ["workflow", id, "versions", newest],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/v1/workflows/{workflow_id}/versions", {
          params: { path: { workflow_id: id }, query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="flex min-h-0 flex-1 max-md:flex-col">
      <ol
        className="scroll m-0 w-[280px] shrink-0 list-none border-line border-r p-0 max-md:max-h-[30%] max-md:w-full"
        aria-label="Versions"
      >
        {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
        {rows.map((one) => (
          <li key={one.version} className="border-line border-b">
            <button
              type="button"
              aria-pressed={one.version === version}
              className={`block w-full px-6 py-2 text-left max-sm:px-4 ${one.version === version ? "bg-selected" : "hover:bg-hover"}`}
              onClick={() => onShow(one.version, Math.max(1, one.version - 1))}
            >
              <span className="flex gap-2">
                <b className="name flex-1">Version {one.version}</b>
                <span className="meta">
                  <At at={one.created_at} />
                </span>
              </span>
              <span className="second clip block">
                {one.comment || "no comment"} · {one.created_by}
              </span>
            </button>
          </li>
        ))}
        {list.hasNextPage && (
          <li className="p-3">
            <button type="button" className="btn small" onClick={() => void list.fetchNextPage()}>
              Older
            </button>
          </li>
        )}
      </ol>
      <Difference key={`${version} ${against}`} {...{ id, newest, version, against, onShow }} />
    </div>
  );
}

function useVersion(id: string, version: number) {
  return useQuery({
    queryKey: ["workflow", id, "version", version],
    queryFn: () =>
      call(
        api.GET("/api/v1/workflows/{workflow_id}/versions/{version}", {
          params: { path: { workflow_id: id, version } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY, // a version never changes
  });
}

const NO_PORTS = new Map();
const NOTHING: ReadonlySet<string> = new Set();

function Difference({ id, newest, version, against, onShow }: Props) {
  const before = useVersion(id, against);
  const after = useVersion(id, version);
  const diff = useQuery({
    queryKey: ["workflow", id, "diff", version, against],
    queryFn: () =>
      call(
        api.GET("/api/v1/workflows/{workflow_id}/versions/{version}/diff", {
          params: { path: { workflow_id: id, version }, query: { against } },
        }),
      ),
    enabled: version !== against,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [old, now] = [before.data?.definition, after.data?.definition] as unknown as (Definition | undefined)[];
  const marked = useMemo(() => (old && now ? marks(old, now) : new Map()), [old, now]);
  const error = before.error ?? after.error ?? diff.error;
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-line border-b px-6 py-2 max-sm:px-4">
        <span className="flex-1">
          {version === against ? "The first version" : `Version ${version} against`}{" "}
          {version !== against && (
            <select
              className="bg-transparent font-semibold"
              aria-label="Against which version"
              value={against}
              onChange={(event) => onShow(version, Number(event.target.value))}
            >
              {Array.from({ length: newest }, (_, at) => newest - at)
                .filter((one) => one !== version)
                .map((one) => (
                  <option key={one} value={one}>
                    version {one}
                  </option>
                ))}
            </select>
          )}
        </span>
        {diff.data && (
          <span className="second">
            {diff.data.added.length} added, {diff.data.removed.length} removed, {diff.data.changed.length} changed
          </span>
        )}
        <a
          className="btn small"
          href={`/api/v1/workflows/${id}/versions/${version}/yaml`}
          download={`${after.data?.name ?? "workflow"}.v${version}.yaml`}
        >
          Export
        </a>
      </div>
      {error && <Failure error={error} />}
      {now && (
        <Canvas
          definition={now}
          ports={NO_PORTS}
          faulty={NOTHING}
          marks={marked}
          chosen={undefined}
          onChoose={() => {}}
        />
      )}
      {diff.data && (
        <section
          className="scroll mono whitespace-pre m-0 h-[40%] shrink-0 border-line border-t bg-code px-6 py-3"
          aria-label="The difference as text"
        >
          {diffLines(diff.data.text).map((line, at) => (
            <div key={at} style={{ color: TINTS[line.kind] || undefined }}>
              {line.text || " "}
            </div>
          ))}
        </section>
      )}
    </div>
  );
}
