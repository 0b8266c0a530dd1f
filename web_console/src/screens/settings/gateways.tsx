import { useQuery } from "@tanstack/react-query";
import { api, call } from "../../api/client";
import { Failure } from "../../ui/parts";
import { Table } from "../../ui/table";
import { At } from "../../ui/time";

/** The tenants of the platform. */
export function Gateways() {
  const list = useQuery({
    queryKey: ["gateways"],
    queryFn: () => call(api.GET("/api/v1/gateways", { params: { query: { limit: 500 } } })),
  });
  return (
    <>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table
        label="Gateways"
        rows={list.data?.items ?? []}
        rowKey={(row) => row.id}
        loading={list.isPending}
        columns={[
          {
            key: "name",
            header: "Gateway",
            track: "minmax(140px,1fr)",
            cell: (row) => <span className="name">{row.name}</span>,
          },
          {
            key: "what",
            header: "Description",
            track: "minmax(160px,2fr)",
            cell: (row) => <span className="clip block text-ink-2">{row.description}</span>,
          },
          { key: "on", header: "State", track: "90px", cell: (row) => (row.enabled ? "enabled" : "disabled") },
          { key: "at", header: "Made", track: "84px", from: 560, cell: (row) => <At at={row.created_at} /> },
        ]}
      />
    </>
  );
}
