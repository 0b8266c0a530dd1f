import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, call } from "../../api/client";
import { Failure } from "../../ui/parts";
import { Table } from "../../ui/table";
import { At } from "../../ui/time";

/** Who changed or revealed what, the latest first. */
export function Audit() {
  const list = useInfiniteQuery({
    queryKey: ["audit"],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/v1/audit", { params: { query: { limit: 100, ...(pageParam ? { cursor: pageParam } : {}) } } }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  return (
    <>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table
        label="Audit log"
        rows={rows}
        rowHeight={34}
        rowKey={(row) => row.id}
        loading={list.isPending}
        onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
        empty="Nothing was changed yet."
        columns={[
          { key: "at", header: "At", track: "84px", cell: (row) => <At at={row.at} /> },
          {
            key: "who",
            header: "Who",
            track: "minmax(100px,0.8fr)",
            cell: (row) => <span className="clip block">{row.actor}</span>,
          },
          { key: "did", header: "Did", track: "90px", cell: (row) => row.action },
          {
            key: "what",
            header: "To what",
            track: "minmax(140px,1fr)",
            cell: (row) => (
              <span className="clip block">
                {row.object_type} {named(row.details) ?? row.object_id}
              </span>
            ),
          },
          {
            key: "more",
            header: "Details",
            track: "minmax(120px,1.4fr)",
            from: 700,
            cell: (row) => <span className="mono clip block text-ink-2">{besides(row.details)}</span>,
          },
        ]}
      />
    </>
  );
}

function named(details: object): string | undefined {
  return "name" in details && typeof details.name === "string" ? details.name : undefined;
}

/** What is told besides the name; nothing, where there is nothing. */
function besides(details: object): string {
  const { name: _, ...rest } = details as { name?: unknown };
  return Object.keys(rest).length ? JSON.stringify(rest) : "";
}
