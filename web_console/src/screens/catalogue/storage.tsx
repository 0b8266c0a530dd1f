import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, call, type StorageBody, type StorageShown } from "../../api/client";
import * as ask from "../../queries";
import { Failure } from "../../ui/parts";
import { StateIcon } from "../../ui/state";
import { Table, TwoLines } from "../../ui/table";
import { Editor } from "./editor";
import { storageSpec } from "./specs";

interface Props {
  open: string | undefined;
  go: (open: string | undefined) => void;
  mayWrite: boolean;
}

/** Where data comes from and goes to beside the compute resources. */
export function Storage({ open, go, mayWrite }: Props) {
  const queries = useQueryClient();
  const list = useQuery(ask.storage);
  const credentials = useQuery(ask.credentials);
  const rows = list.data ?? [];
  const opened = rows.find((row) => row.id === open);
  return (
    <>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <div className="relative flex min-h-0 flex-1">
        <Table<StorageShown>
          label="Storage resources"
          rows={rows}
          rowKey={(row) => row.id}
          openKey={open}
          loading={list.isPending}
          onOpen={(row) => go(row.id)}
          empty="No storage resource yet. Uploads work without one; add one for files that stay where they are."
          columns={[
            {
              key: "on",
              header: "State",
              track: "70px",
              cell: (row) => (
                <span className="inline-flex items-center gap-2">
                  <StateIcon kind={row.enabled ? "completed" : "paused"} />
                  {row.enabled ? "On" : "Off"}
                </span>
              ),
            },
            {
              key: "name",
              header: "Storage",
              track: "minmax(120px,1fr)",
              cell: (row) => <TwoLines first={row.name} second={row.description} look="name" />,
            },
            { key: "kind", header: "Kind", track: "60px", cell: (row) => row.kind },
            {
              key: "where",
              header: "Where",
              track: "minmax(160px,1.6fr)",
              cell: (row) => <span className="mono clip block">{where(row)}</span>,
            },
            {
              key: "uri",
              header: "A file of it",
              track: "minmax(160px,1.2fr)",
              from: 760,
              cell: (row) => <span className="mono clip block text-ink-2">howdah://storage/{row.name}/…</span>,
            },
          ]}
        />
        {(opened || open === "new") && (
          <Editor<StorageShown>
            key={open}
            noun="storage resource"
            row={opened}
            fresh={{ name: "", kind: "sftp", root: "", port: 22, enabled: true }}
            specs={storageSpec(credentials.data)}
            mayWrite={mayWrite}
            save={(value, row) => save(value as StorageBody, row)}
            remove={(row) =>
              call(api.DELETE("/api/v1/storage-resources/{storage_id}", { params: { path: { storage_id: row.id } } }))
            }
            removing="Files stay where they are; URIs that name it are refused from then on. What still uses it is named."
            changed={() => queries.invalidateQueries({ queryKey: ["storage"] })}
            onClose={() => go(undefined)}
          />
        )}
      </div>
    </>
  );
}

function where(row: StorageShown): string {
  if (row.kind === "sftp") return `${row.username}@${row.host}:${row.root}`;
  return row.kind === "s3" ? `${row.endpoint_url ?? "s3"}/${row.root}` : row.root;
}

function save(body: StorageBody, row: StorageShown | undefined): Promise<unknown> {
  if (!row) return call(api.POST("/api/v1/storage-resources", { body }));
  return call(
    api.PUT("/api/v1/storage-resources/{storage_id}", {
      params: { path: { storage_id: row.id }, header: { "if-match": `"${row.version}"` } },
      body,
    }),
  );
}
