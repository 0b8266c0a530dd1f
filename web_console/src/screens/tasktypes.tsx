import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { api, call, type TaskTypeShown } from "../api/client";
import { duration } from "../core/time";
import { plural } from "../core/words";
import { useTitle } from "../shell/shell";
import { CloseButton, CopyButton, Drawer, Facts, Failure, Sentence } from "../ui/parts";
import { Table } from "../ui/table";
import { At } from "../ui/time";

const USES = { required: "needs one", optional: "may use one", none: "uses none" } as const;
const seconds = (value: number): string => duration(value * 1_000);

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
  const show = (open: string | undefined): void => void navigate({ to: "/task-types", search: { open } });
  return (
    <>
      <Sentence>
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
          empty="None yet: howdah new-task makes one with its service, howdah task-types register tells the platform."
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
        {opened && <TypeDrawer key={opened.name} type={opened} onClose={() => show(undefined)} />}
      </div>
    </>
  );
}

function TypeDrawer({ type, onClose }: { type: TaskTypeShown; onClose: () => void }) {
  const said = type.description;
  const schema = JSON.stringify(said.parameters, null, 2);
  return (
    <Drawer label={`Task type ${type.name}`} onClose={onClose}>
      <header className="flex items-center gap-2 border-line border-b px-5 py-3">
        <h2 className="clip m-0 flex-1 font-semibold text-[15px]">
          {type.name} <span className="font-normal text-ink-3">version {type.version}</span>
        </h2>
        <CloseButton onClick={onClose} />
      </header>
      <div className="border-line border-b px-5 py-3">
        {said.description && <p className="m-0 mb-3">{said.description}</p>}
        <Facts
          facts={[
            ["Resource", USES[said.resource]],
            [
              "Lane",
              <Link key="l" className="link" to="/lanes" search={{ open: `${type.name}/${said.lane}` }}>
                {said.lane}
              </Link>,
            ],
            [
              "Deadline",
              `${seconds(said.limits.deadline_seconds)}, at most ${seconds(said.limits.max_deadline_seconds)}`,
            ],
            ["Attempts", `at most ${said.limits.max_attempts}`],
            said.image
              ? [
                  "Image",
                  <span key="i" className="mono break-all">
                    {said.image}
                  </span>,
                ]
              : null,
            said.module
              ? [
                  "Module",
                  <span key="m" className="mono break-all">
                    {said.module}
                  </span>,
                ]
              : null,
            ["Registered by", type.registered_by],
          ]}
        />
        <div className="mt-3 flex gap-2">
          <Link className="btn small" to="/services" search={{ open: type.name }}>
            Its service
          </Link>
          <Link className="btn small" to="/services" search={{ open: "new" }}>
            Deploy…
          </Link>
        </div>
      </div>
      <section aria-label="Ports" className="border-line border-b px-5 py-3">
        <h3 className="m-0 mb-2 font-semibold">Gives</h3>
        {!said.outputs.length && <p className="m-0 text-ink-2">Nothing that another task could take up.</p>}
        {said.outputs.map((port) => (
          <p key={port.name} className="m-0 py-[2px]">
            <span className="mono">{port.name}</span> <span className="text-ink-3">{port.type}</span>
            {port.description && <span className="second block whitespace-normal">{port.description}</span>}
          </p>
        ))}
        {said.branches.length > 0 && <p className="m-0 mt-2 text-ink-2">Leaves by: {said.branches.join(", ")}</p>}
      </section>
      <section aria-label="Parameters" className="px-5 py-3">
        <div className="mb-2 flex items-center justify-between">
          <h3 className="m-0 font-semibold">Takes (JSON Schema)</h3>
          <CopyButton text={schema} label="Copy" />
        </div>
        <pre className="mono m-0 whitespace-pre-wrap break-words rounded border border-line bg-code p-3">{schema}</pre>
      </section>
    </Drawer>
  );
}
