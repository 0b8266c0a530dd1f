import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, call, type QuotaBody, type QuotaShown, type WindowShown } from "../../api/client";
import { count } from "../../core/time";
import { plural } from "../../core/words";
import * as ask from "../../queries";
import { Failure } from "../../ui/parts";
import { Table } from "../../ui/table";
import { At } from "../../ui/time";
import { Editor } from "./editor";
import { quotaSpec } from "./specs";

const quotas = {
  queryKey: ["quotas"],
  queryFn: () => call(api.GET("/api/v1/quotas", { params: { query: { limit: 500 } } })),
};

interface Props {
  open: string | undefined;
  go: (open: string | undefined) => void;
  mayWrite: boolean;
}

/** How many jobs may be live at once, and how many are: what is beyond waits its turn and says so. */
export function Quotas({ open, go, mayWrite }: Props) {
  const queries = useQueryClient();
  const list = useQuery(quotas);
  const resources = useQuery(ask.resources);
  const { data: overview } = useQuery(ask.overview);
  const rows = list.data?.items ?? [];
  const opened = rows.find((row) => row.id === open);
  const resource = (id: string | null): string =>
    id ? (resources.data?.find((one) => one.id === id)?.name ?? "a resource that is gone") : "all resources";
  const inLine = (row: QuotaShown): number =>
    (overview?.in_line ?? []).filter((one) => one.reason.startsWith(`${row.name}:`)).reduce((a, b) => a + b.tasks, 0);
  return (
    <>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <div className="relative flex min-h-0 flex-1">
        <Table<QuotaShown>
          label="Quotas"
          rows={rows}
          rowKey={(row) => row.id}
          openKey={open}
          loading={list.isPending}
          onOpen={(row) => go(row.id)}
          empty="No quota is set: every job is submitted as soon as its run gets to it."
          columns={[
            {
              key: "name",
              header: "Quota",
              track: "minmax(140px,1.2fr)",
              cell: (row) => <span className="name clip block">{row.name}</span>,
            },
            {
              key: "of",
              header: "Of what",
              track: "minmax(160px,1.6fr)",
              cell: (row) => <span className="clip block">{scope(row, resource(row.resource_id))}</span>,
            },
            {
              key: "most",
              header: "Live jobs at most",
              track: "120px",
              align: "right",
              cell: (row) => <span className="num">{count(row.max_live_jobs)}</span>,
            },
            {
              key: "line",
              header: "In line",
              track: "70px",
              align: "right",
              cell: (row) => <span className="num">{count(inLine(row))}</span>,
            },
            { key: "at", header: "Changed", track: "84px", from: 700, cell: (row) => <At at={row.updated_at} /> },
          ]}
        />
        {(opened || open === "new") && (
          <Editor<QuotaShown>
            key={open}
            noun="quota"
            row={opened}
            fresh={{ name: "", max_live_jobs: 10, each_user: false }}
            specs={quotaSpec(resources.data)}
            mayWrite={mayWrite}
            save={(value, row) => save(value as QuotaBody, row)}
            remove={(row) => call(api.DELETE("/api/v1/quotas/{quota_id}", { params: { path: { quota_id: row.id } } }))}
            removing="What waits for it and for nothing else goes on at once."
            changed={() => queries.invalidateQueries({ queryKey: ["quotas"] })}
            onClose={() => go(undefined)}
          >
            <p className="mt-0 text-ink-2">
              Nothing is refused: what is beyond it is queued, in a line that is fair by user, and says its place.
            </p>
          </Editor>
        )}
      </div>
    </>
  );
}

function scope(row: QuotaShown, resource: string): string {
  const where = row.queue ? `queue ${row.queue} of ${resource}` : resource;
  return row.owner ? `${row.owner}, ${where}` : row.each_user ? `each user, ${where}` : where;
}

function save(body: QuotaBody, row: QuotaShown | undefined): Promise<unknown> {
  if (!row) return call(api.POST("/api/v1/quotas", { body }));
  return call(
    api.PUT("/api/v1/quotas/{quota_id}", {
      params: { path: { quota_id: row.id }, header: { "if-match": `"${row.version}"` } },
      body,
    }),
  );
}

/** What is arranged for all resources: when each is to be empty. */
export function Maintenance() {
  const list = useQuery({
    queryKey: ["windows"],
    queryFn: () => call(api.GET("/api/v1/maintenance-windows", { params: { query: { limit: 500 } } })),
  });
  const resources = useQuery(ask.resources);
  const rows = list.data?.items ?? [];
  const now = Date.now();
  return (
    <>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table<WindowShown>
        label="Maintenance windows"
        rows={rows}
        rowKey={(row) => row.id}
        loading={list.isPending}
        empty="No maintenance is arranged. Resource health → Drain… arranges one."
        columns={[
          {
            key: "resource",
            header: "Resource",
            track: "minmax(120px,1fr)",
            cell: (row) => (
              <span className="name clip block">
                {resources.data?.find((one) => one.id === row.resource_id)?.name ?? "?"}
              </span>
            ),
          },
          {
            key: "state",
            header: "State",
            track: "100px",
            cell: (row) =>
              Date.parse(row.ends_at) < now ? "over" : Date.parse(row.starts_at) <= now ? "under way" : "to come",
          },
          { key: "from", header: "Begins", track: "100px", cell: (row) => <At at={row.starts_at} /> },
          { key: "to", header: "Ends", track: "100px", cell: (row) => <At at={row.ends_at} /> },
          {
            key: "why",
            header: "Why",
            track: "minmax(120px,2fr)",
            from: 620,
            cell: (row) => <span className="clip block">{row.reason}</span>,
          },
        ]}
      />
      <p className="meta m-0 border-line border-t px-6 py-2">{plural(rows.length, "window", "windows")}</p>
    </>
  );
}
