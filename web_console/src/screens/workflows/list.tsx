import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Upload } from "lucide-react";
import { useState } from "react";
import type { WorkflowShown } from "../../api/client";
import { plural } from "../../core/words";
import * as ask from "../../queries";
import { useTitle } from "../../shell/shell";
import { Failure } from "../../ui/parts";
import { Table } from "../../ui/table";
import { At } from "../../ui/time";
import { useToast } from "../../ui/toast";
import { IMPORTED } from "./imported";

const MOST_BYTES = 1 << 20;

/** The workflows of the gateway. */
export function Workflows() {
  useTitle("Workflows", "Workflows");
  const list = useQuery(ask.workflows);
  const navigate = useNavigate();
  const say = useToast();
  const [busy, setBusy] = useState(false);
  const rows = list.data ?? [];
  const bring = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    if (file.size > MOST_BYTES) return say(`${file.name} is larger than the 1 MB that are taken`, { tone: "failed" });
    setBusy(true);
    sessionStorage.setItem(IMPORTED, await file.text());
    await navigate({ to: "/workflows/$name", params: { name: "new" }, search: { from: "file" } });
  };
  return (
    <>
      <div className="flex min-h-[52px] shrink-0 items-center gap-2 border-line border-b px-6 max-sm:px-4">
        <p className="m-0 flex-1">
          {rows.length
            ? `${plural(rows.length, "workflow", "workflows")}. Each is kept in versions; what runs keeps to its own.`
            : "A workflow puts tasks, applications and decisions in order; each run of one is an experiment."}
        </p>
        <label className={`btn ${busy ? "opacity-50" : ""}`}>
          <Upload size={14} /> Import…
          <input
            type="file"
            accept=".yaml,.yml,.json"
            className="sr-only"
            aria-label="Import a definition"
            onChange={(event) => void bring(event.target.files?.[0])}
          />
        </label>
        <Link to="/workflows/$name" params={{ name: "new" }} className="btn ink">
          Compose one
        </Link>
      </div>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table<WorkflowShown>
        label="Workflows"
        rows={rows}
        rowKey={(row) => row.id}
        loading={list.isPending}
        onOpen={(row) => void navigate({ to: "/workflows/$name", params: { name: row.name } })}
        empty={
          <>
            No workflow yet.{" "}
            <Link to="/workflows/$name" params={{ name: "new" }} className="link">
              Compose the first
            </Link>
          </>
        }
        columns={[
          {
            key: "name",
            header: "Workflow",
            track: "minmax(160px,1fr)",
            cell: (row) => <span className="name clip block">{row.name}</span>,
          },
          {
            key: "what",
            header: "What it does",
            track: "minmax(160px,2fr)",
            from: 560,
            cell: (row) => <span className="clip block text-ink-2">{row.description}</span>,
          },
          {
            key: "version",
            header: "Version",
            track: "70px",
            align: "right",
            cell: (row) => <span className="num">{row.version}</span>,
          },
          { key: "owner", header: "By", track: "110px", from: 700, cell: (row) => row.owner },
          { key: "at", header: "Changed", track: "84px", cell: (row) => <At at={row.updated_at} /> },
          {
            key: "runs",
            header: "",
            track: "70px",
            align: "right",
            from: 480,
            cell: (row) => (
              <Link
                to="/workflows/$name"
                params={{ name: row.name }}
                search={{ tab: "runs" }}
                className="btn small"
                aria-label={`Runs of ${row.name}`}
              >
                Runs
              </Link>
            ),
          },
        ]}
      />
    </>
  );
}
