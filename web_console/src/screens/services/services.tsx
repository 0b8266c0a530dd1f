import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { api, call, type ServiceStatus } from "../../api/client";
import { count } from "../../core/time";
import { plural } from "../../core/words";
import * as ask from "../../queries";
import { useTitle } from "../../shell/shell";
import { Failure } from "../../ui/parts";
import { StateIcon } from "../../ui/state";
import { TAB } from "../../ui/tab";
import { type Column, Table, TwoLines } from "../../ui/table";
import { DeployDrawer } from "./deploy";
import { Instances } from "./instances";
import { ServiceDrawer } from "./service";

const TABS = [
  [undefined, "Services"],
  ["instances", "Instances"],
] as const;

/** What runs the tasks: how many of each are wanted and ready, and what can be done about it. */
export function Services() {
  useTitle("Services", "Services");
  const search = useSearch({ from: "/inside/services" });
  const navigate = useNavigate();
  const { data: me } = useQuery(ask.me);
  const steers = me?.role === "platform-admin";
  const list = useQuery({
    queryKey: ["steered-services"],
    queryFn: () => call(api.GET("/api/v1/services")),
    refetchInterval: 5_000,
    retry: false,
  });
  const rows = list.data?.items ?? [];
  const opened = rows.find((row) => row.name === search.open);
  const show = (open: string | undefined): void => void navigate({ to: "/services", search: { open } });
  const tab = search.tab === "instances" || list.data?.control === "none" ? "instances" : undefined;
  return (
    <>
      <nav aria-label="Services" className="flex shrink-0 items-center gap-5 border-line border-b px-6 max-sm:px-4">
        {TABS.map(([one, label]) => (
          <Link
            activeOptions={TAB}
            key={label}
            to="/services"
            search={{ tab: one }}
            className="tab"
            data-on={one === tab ? "page" : undefined}
          >
            {label}
          </Link>
        ))}
        <span className="flex-1" />
        {steers && !tab && list.data && (
          <button type="button" className="btn small" onClick={() => show("new")}>
            Deploy…
          </button>
        )}
      </nav>
      {tab === "instances" ? (
        <Instances />
      ) : (
        <>
          <p className="m-0 border-line border-b px-6 py-4 max-sm:px-4" data-testid="services-sentence">
            {sentence(rows, list.isPending)}
          </p>
          {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
          <div className="relative flex min-h-0 flex-1">
            <Table<ServiceStatus>
              label="Services"
              rows={rows}
              rowKey={(row) => row.name}
              openKey={opened?.name}
              loading={list.isPending}
              needsYou={(row) => row.trouble !== null && row.ready < row.replicas}
              onOpen={(row) => show(row.name)}
              empty="Nothing says which services there are; Instances shows those that were heard of."
              columns={COLUMNS.filter((one) => one.key !== "release" || rows.some((row) => row.release))}
            />
            {opened && (
              <ServiceDrawer
                key={opened.name}
                name={opened.name}
                steers={steers}
                onClose={() => show(undefined)}
                onEdit={() => show(`${opened.name} new`)}
              />
            )}
            {steers && (search.open === "new" || search.open?.endsWith(" new")) && (
              <DeployDrawer
                key={search.open}
                service={rows.find((row) => `${row.name} new` === search.open)}
                control={list.data?.control ?? "none"}
                onClose={(name) => show(name)}
              />
            )}
          </div>
        </>
      )}
    </>
  );
}

function sentence(rows: readonly ServiceStatus[], pending: boolean): string {
  if (!rows.length) return pending ? "…" : "Nothing here steers services.";
  const short = rows.filter((row) => row.ready < row.replicas);
  if (!short.length) return `All ${rows.length} services have the instances that are wanted.`;
  const first = short[0]!;
  return `${first.name} has ${first.ready} of ${plural(first.replicas, "instance", "instances")}${first.trouble ? `: ${first.trouble}` : ""}`;
}

const COLUMNS: readonly Column<ServiceStatus>[] = [
  {
    key: "state",
    header: "State",
    track: "110px",
    cell: (row) => (
      <span className="inline-flex items-center gap-2">
        <StateIcon kind={row.ready < row.replicas ? "blocked" : row.replicas ? "completed" : "paused"} />
        {row.ready < row.replicas ? "Short" : row.replicas ? "Ready" : "At rest"}
      </span>
    ),
  },
  {
    key: "name",
    header: "Service",
    track: "minmax(130px,1fr)",
    cell: (row) => <TwoLines first={row.name} second={row.kind} look="name" />,
  },
  {
    key: "now",
    header: "Now",
    track: "minmax(140px,1.6fr)",
    from: 560,
    cell: (row) => (
      <span className="clip block" title={row.trouble ?? ""}>
        {row.trouble ?? (row.up_to_date < row.ready ? `${row.up_to_date} run the newest revision` : "As wanted")}
      </span>
    ),
  },
  {
    key: "ready",
    header: "Ready",
    track: "64px",
    align: "right",
    cell: (row) => (
      <span className="num">
        {row.ready} / {row.replicas}
      </span>
    ),
  },
  {
    key: "backlog",
    header: "Backlog",
    track: "70px",
    align: "right",
    from: 480,
    cell: (row) => <span className="num">{row.backlog == null ? "–" : count(row.backlog)}</span>,
  },
  {
    key: "release",
    header: "Version",
    track: "minmax(80px,0.5fr)",
    from: 700,
    cell: (row) => <span className="clip block">{row.release || "–"}</span>,
  },
  {
    key: "revision",
    header: "Revision",
    track: "minmax(70px,0.4fr)",
    from: 860,
    align: "right",
    cell: (row) => <span className="num clip block">{row.revision || "–"}</span>,
  },
];
