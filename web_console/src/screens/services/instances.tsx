import { useQuery } from "@tanstack/react-query";
import { api, call } from "../../api/client";
import { Failure, Sentence } from "../../ui/parts";
import { StateIcon } from "../../ui/state";
import { Table, TwoLines } from "../../ui/table";
import { At, Elapsed } from "../../ui/time";

/** Every instance of a microservice that was heard of lately. */
export function Instances() {
  const list = useQuery({
    queryKey: ["services"],
    queryFn: () => call(api.GET("/api/v1/service-instances")),
    refetchInterval: 5_000,
  });
  const rows = list.data?.items ?? [];
  const silent = rows.filter((row) => !row.alive && !row.stopping);
  const kinds = new Set(rows.map((row) => row.service)).size;
  return (
    <>
      <Sentence>
        {silent.length
          ? `${silent.map((row) => row.service).join(", ")} fell silent; what they had in hand goes to others.`
          : `${rows.filter((row) => row.alive).length} instances of ${kinds} services are alive.`}
      </Sentence>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table
        label="Service instances"
        rows={rows}
        rowKey={(row) => row.instance_id}
        loading={list.isPending}
        needsYou={(row) => !row.alive && !row.stopping}
        empty="No service was heard of in the last quarter of an hour."
        columns={[
          {
            key: "state",
            header: "State",
            track: "90px",
            cell: (row) => (
              <span className="inline-flex items-center gap-2">
                <StateIcon kind={row.alive ? (row.stopping ? "paused" : "completed") : "blocked"} />
                {row.alive ? (row.stopping ? "Stopping" : "Alive") : "Silent"}
              </span>
            ),
          },
          {
            key: "service",
            header: "Service",
            track: "minmax(120px,1fr)",
            cell: (row) => <TwoLines first={row.service} second={row.instance_id} look="name" mono />,
          },
          {
            key: "now",
            header: "Now",
            track: "minmax(160px,1.6fr)",
            cell: (row) => (
              <span className="leading-[18px]">
                <span className="clip block">{row.next}</span>
                <span className="second clip block" title={row.last_error ?? ""}>
                  {row.last_error ? `Last error: ${row.last_error}` : "No error"}
                </span>
              </span>
            ),
          },
          {
            key: "flight",
            header: "In flight",
            track: "70px",
            align: "right",
            from: 520,
            cell: (row) => <span className="num">{row.in_flight}</span>,
          },
          {
            key: "heard",
            header: "Heard",
            track: "80px",
            align: "right",
            from: 640,
            cell: (row) => (
              <span>
                <Elapsed from={row.last_heard_at} /> ago
              </span>
            ),
          },
          { key: "up", header: "Up since", track: "80px", from: 760, cell: (row) => <At at={row.started_at} /> },
          { key: "release", header: "Version", track: "90px", from: 860, cell: (row) => row.release },
          {
            key: "host",
            header: "Host",
            track: "minmax(90px,0.6fr)",
            from: 980,
            cell: (row) => (
              <span className="clip block">
                {row.host}:{row.pid}
              </span>
            ),
          },
        ]}
      />
    </>
  );
}
