import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { Experiment } from "../../api/client";
import { shownState } from "../../core/states";
import * as ask from "../../queries";
import { Failure } from "../../ui/parts";
import { StateLabel } from "../../ui/state";
import { Table } from "../../ui/table";
import { At, Elapsed } from "../../ui/time";
import { NowNext, Progress } from "../experimentrows";

/** The experiments that are runs of a workflow. */
export function Runs({ id }: { id: string }) {
  const navigate = useNavigate();
  const list = useInfiniteQuery(ask.experiments({ workflow_id: id } as ask.ExperimentQuery));
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table<Experiment>
        label="Runs"
        rows={rows}
        rowKey={(row) => row.id}
        loading={list.isPending}
        onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
        onOpen={(row) => void navigate({ to: "/experiments/$id", params: { id: row.id } })}
        empty="It was never run. Run… asks for its parameters and launches it."
        columns={[
          {
            key: "state",
            header: "State",
            track: "108px",
            cell: (row) => <StateLabel state={row.process_state ?? row.state} kind={shownState(row)} />,
          },
          {
            key: "name",
            header: "Experiment",
            track: "minmax(160px,1.2fr)",
            cell: (row) => <span className="name clip block">{row.name}</span>,
          },
          { key: "progress", header: "Progress", track: "116px", from: 640, cell: (row) => <Progress row={row} /> },
          {
            key: "now",
            header: "Now, and what happens next",
            track: "minmax(180px,1.6fr)",
            cell: (row) => <NowNext row={row} />,
          },
          {
            key: "took",
            header: "Elapsed",
            track: "80px",
            align: "right",
            from: 760,
            cell: (row) => <Elapsed from={row.launched_at} to={row.ended_at} />,
          },
          {
            key: "at",
            header: "Started",
            track: "76px",
            from: 860,
            cell: (row) => <At at={row.launched_at ?? row.created_at} />,
          },
        ]}
      />
    </>
  );
}
