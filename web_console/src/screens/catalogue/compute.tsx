import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, call, type ResourceBody, type ResourceShown, refusal } from "../../api/client";
import type { Values } from "../../core/forms";
import { plain } from "../../core/plain";
import * as ask from "../../queries";
import { CatalogueForm } from "../../ui/form";
import { CloseButton, Confirm, Drawer, Failure } from "../../ui/parts";
import { StateIcon } from "../../ui/state";
import { Table, TwoLines } from "../../ui/table";
import { useToast } from "../../ui/toast";
import { Agent } from "./agent";
import { Reachability } from "./reachability";
import { resourceSpec } from "./specs";

const FRESH: Values = {
  name: "",
  description: "",
  reach: "ssh",
  transport: "ssh",
  scheduler: "slurm",
  port: 22,
  host_keys: [],
  scratch: "~/howdah",
  enabled: true,
  queues: [],
};

interface Props {
  open: string | undefined;
  go: (open: string | undefined) => void;
  mayWrite: boolean;
}

/** The machines that run jobs. */
export function Compute({ open, go, mayWrite }: Props) {
  const list = useQuery(ask.resources);
  const credentials = useQuery(ask.credentials);
  const deployments = useQuery(ask.deployments);
  const rows = list.data ?? [];
  const opened = rows.find((row) => row.id === open);
  return (
    <>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <div className="relative flex min-h-0 flex-1">
        <Table<ResourceShown>
          label="Compute resources"
          rows={rows}
          rowKey={(row) => row.id}
          openKey={open}
          loading={list.isPending}
          onOpen={(row) => go(row.id)}
          empty="No compute resource yet. Add one here, or with howdah apply -f."
          columns={[
            {
              key: "on",
              header: "New work",
              track: "86px",
              cell: (row) => (
                <span className="inline-flex items-center gap-2">
                  <StateIcon kind={row.enabled ? "completed" : "paused"} />
                  {row.enabled ? "Taken" : "Off"}
                </span>
              ),
            },
            {
              key: "name",
              header: "Resource",
              track: "minmax(140px,1fr)",
              cell: (row) => <TwoLines first={row.name} second={row.description} look="name" />,
            },
            {
              key: "where",
              header: "Reached at",
              track: "minmax(160px,1.4fr)",
              cell: (row) => (
                <TwoLines
                  first={
                    row.reach === "agent"
                      ? "by its agent"
                      : row.transport === "ssh"
                        ? `${row.username}@${row.host}:${row.port}`
                        : "local"
                  }
                  second={row.scheduler}
                  look="mono"
                />
              ),
            },
            {
              key: "queues",
              header: "Queues",
              track: "minmax(100px,1fr)",
              from: 720,
              cell: (row) => (
                <span className="clip block">{row.queues.map((one) => one.name).join(", ") || "none described"}</span>
              ),
            },
            {
              key: "cred",
              header: "Credential",
              track: "minmax(100px,0.8fr)",
              from: 860,
              cell: (row) => credentials.data?.find((one) => one.id === row.credential_id)?.name ?? "",
            },
            {
              key: "used",
              header: "Deployments",
              track: "90px",
              align: "right",
              from: 620,
              cell: (row) => (
                <span className="num">{deployments.data?.filter((one) => one.resource_id === row.id).length ?? 0}</span>
              ),
            },
          ]}
        />
        {(opened || open === "new") && (
          <Editor key={open} row={opened} mayWrite={mayWrite} onClose={() => go(undefined)} />
        )}
      </div>
    </>
  );
}

interface EditorProps {
  row: ResourceShown | undefined;
  mayWrite: boolean;
  onClose: () => void;
}

function Editor({ row, mayWrite, onClose }: EditorProps) {
  const queries = useQueryClient();
  const say = useToast();
  const [dropping, setDropping] = useState(false);
  const credentials = useQuery(ask.credentials);
  const done = async (words: string): Promise<void> => {
    say(words);
    await queries.invalidateQueries({ queryKey: ["resources"] });
  };
  const put = (body: ResourceBody): Promise<unknown> =>
    call(
      api.PUT("/api/v1/compute-resources/{resource_id}", {
        params: { path: { resource_id: row!.id }, header: { "if-match": `"${row!.version}"` } },
        body,
      }),
    );
  const save = async (value: never): Promise<void> => {
    await (row
      ? put(value as ResourceBody)
      : call(api.POST("/api/v1/compute-resources", { body: value as ResourceBody })));
    await done("Saved");
    onClose();
  };
  const attempt = async (words: string, action: Promise<unknown>): Promise<void> => {
    try {
      await action;
      await done(words);
    } catch (error) {
      say(refusal(error), { tone: "failed" });
    }
  };
  return (
    <Drawer label={row?.name ?? "New resource"} onClose={onClose}>
      <div className="flex items-center gap-2 p-5 pb-3">
        <h2 className="clip m-0 flex-1 font-semibold text-[15px]">{row?.name ?? "New resource"}</h2>
        <CloseButton onClick={onClose} />
      </div>
      <div className="px-5 pb-6">
        {row && (
          <>
            <div className="mb-4 flex flex-wrap gap-2">
              <button
                type="button"
                className="btn small"
                onClick={() =>
                  void attempt(
                    row.enabled ? "Switched off: no new work" : "Switched on",
                    put({ ...plain(row), enabled: !row.enabled } as unknown as ResourceBody),
                  )
                }
              >
                {row.enabled ? "Switch off for maintenance" : "Switch on"}
              </button>
              <button type="button" className="btn small" onClick={() => setDropping(true)}>
                Delete…
              </button>
            </div>
            <Reachability resource={row} mayTest={mayWrite} />
            {row.reach === "agent" && <Agent resource={row} />}
            <h3 className="mt-5 mb-2 border-line border-t pt-4 font-semibold">Description</h3>
          </>
        )}
        <CatalogueForm
          key={row?.version}
          label="Resource"
          specs={resourceSpec(credentials.data)}
          value={row ? plain(row) : FRESH}
          onSave={save}
          saving={row ? "Save" : "Create"}
        />
      </div>
      <Confirm
        open={dropping}
        danger
        title={`Delete ${row?.name}?`}
        text="What still uses it refuses the deletion and is named."
        verb="Delete"
        onClose={() => setDropping(false)}
        onConfirm={() =>
          row &&
          void attempt(
            "Deleted",
            call(api.DELETE("/api/v1/compute-resources/{resource_id}", { params: { path: { resource_id: row.id } } })),
          )
        }
      />
    </Drawer>
  );
}
