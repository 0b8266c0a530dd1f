import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { api, call, type TaskTypeShown } from "../../api/client";
import { plural } from "../../core/words";
import * as ask from "../../queries";
import { useTitle } from "../../shell/shell";
import { Failure, Sentence } from "../../ui/parts";
import { Table } from "../../ui/table";
import { At } from "../../ui/time";
import { TypeDrawer } from "./drawer";
import { TypeEditor } from "./editor";

/** The task types of one's own: what their tasks take and give, where they run. */
export function TaskTypes() {
  useTitle("Task types", "Task types");
  const search = useSearch({ from: "/inside/task-types" });
  const navigate = useNavigate();
  const list = useQuery({
    queryKey: ["task-types"],
    queryFn: () => call(api.GET("/api/v1/task-types", { params: { query: { limit: 500 } } })),
  });
  const rows = list.data?.items ?? [];
  const opened = rows.find((row) => row.name === search.open);
  const { data: me } = useQuery(ask.me);
  const mayWrite = me?.role === "platform-admin";
  const show = (open: string | undefined, edit?: string): void =>
    void navigate({ to: "/task-types", search: { open, edit } });
  return (
    <>
      <Sentence
        action={
          mayWrite && (
            <button type="button" className="btn small" onClick={() => show("new")}>
              <Plus size={13} /> Register
            </button>
          )
        }
      >
        {rows.length
          ? `${plural(rows.length, "task type is", "task types are")} registered beside those that come with the platform.`
          : "Those that come with the platform need no registration; a type of your own is checked once it is registered."}
      </Sentence>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <div className="relative flex min-h-0 flex-1">
        <Table<TaskTypeShown>
          label="Task types"
          rows={rows}
          rowKey={(row) => row.name}
          openKey={opened?.name}
          onOpen={(row) => show(row.name)}
          loading={list.isPending}
          empty="None yet: howdah new-task writes one with its service; register it here or with howdah task-types."
          columns={[
            {
              key: "name",
              header: "Name",
              track: "minmax(140px,1fr)",
              cell: (row) => <span className="name clip block">{row.name}</span>,
            },
            {
              key: "what",
              header: "What it does",
              track: "minmax(120px,1.6fr)",
              cell: (row) => <span className="clip block">{row.description.description || "–"}</span>,
            },
            {
              key: "out",
              header: "Gives",
              track: "minmax(110px,1fr)",
              from: 620,
              cell: (row) => (
                <span className="clip block">
                  {row.description.outputs.map((one) => one.name).join(", ") || "nothing"}
                </span>
              ),
            },
            { key: "lane", header: "Lane", track: "56px", from: 720, cell: (row) => row.description.lane },
            {
              key: "version",
              header: "Version",
              track: "64px",
              align: "right",
              from: 480,
              cell: (row) => <span className="num">{row.version}</span>,
            },
            { key: "at", header: "Described", track: "96px", from: 820, cell: (row) => <At at={row.updated_at} /> },
          ]}
        />
        {(search.open === "new" || (opened && search.edit)) && (
          <TypeEditor
            key={`${opened?.name}-${opened?.version}`}
            type={opened}
            mayWrite={mayWrite}
            onClose={() => show(opened?.name)}
          />
        )}
        {opened && !search.edit && (
          <TypeDrawer
            key={opened.name}
            type={opened}
            onEdit={mayWrite ? () => show(opened.name, "yes") : undefined}
            onClose={() => show(undefined)}
          />
        )}
      </div>
    </>
  );
}
