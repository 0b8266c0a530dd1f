import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Play, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";
import { ApiError, api, call, type Experiment, key } from "../api/client";
import * as ask from "../queries";
import { useTitle } from "../shell/shell";
import { Confirm, Failure, Id, Sentence } from "../ui/parts";
import { Table } from "../ui/table";
import { At } from "../ui/time";
import { useToast } from "../ui/toast";

const DRAFTS: ask.ExperimentQuery = { state: ["CREATED", "VALIDATED"] };

/** Experiments that were saved and not launched. */
export function Drafts() {
  useTitle("Drafts", "Drafts");
  const list = useInfiniteQuery(ask.experiments(DRAFTS));
  const rows = useMemo(
    () =>
      list.data?.pages
        .flatMap((page) => page.items)
        .filter((row) => row.state === "CREATED" || row.state === "VALIDATED") ?? [],
    [list.data],
  );
  const [dropping, setDropping] = useState<Experiment | null>(null);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const say = useToast();
  const act = async (words: string, action: Promise<unknown>): Promise<void> => {
    try {
      await action;
      say(words);
    } catch (error) {
      say(error instanceof ApiError ? error.message : "This did not work", { tone: "failed" });
    }
    void queries.invalidateQueries({ queryKey: ["experiments"] });
  };
  return (
    <>
      <Sentence>
        {rows.length
          ? "Saved and not launched. Nothing of these runs or waits."
          : "Drafts are experiments that you save in the launch form without launching them."}
      </Sentence>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table
        label="Drafts"
        rows={rows}
        rowKey={(row) => row.id}
        loading={list.isPending}
        onOpen={(row) => void navigate({ to: "/launch", search: { draft: row.id } })}
        onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
        empty="No drafts."
        columns={[
          {
            key: "name",
            header: "Experiment",
            track: "minmax(200px,2fr)",
            cell: (row) => (
              <span className="leading-[18px]">
                <span className="name clip block">{row.name}</span>
                <Id id={row.id} className="text-ink-3" />
              </span>
            ),
          },
          {
            key: "app",
            header: "Application",
            track: "minmax(120px,1fr)",
            cell: (row) => row.interface_name ?? "tasks of its own",
          },
          {
            key: "resource",
            header: "Resource",
            track: "minmax(100px,1fr)",
            from: 700,
            cell: (row) => row.resource_name,
          },
          { key: "made", header: "Saved", track: "90px", from: 600, cell: (row) => <At at={row.updated_at} /> },
          { key: "owner", header: "By", track: "100px", from: 800, cell: (row) => row.owner },
          {
            key: "act",
            header: "",
            track: "180px",
            align: "right",
            cell: (row) => (
              <span className="inline-flex gap-2">
                <button
                  type="button"
                  className="btn small"
                  onClick={() =>
                    void act(
                      "Launched",
                      call(
                        api.POST("/api/v1/experiments/{experiment_id}/launch", {
                          params: { path: { experiment_id: row.id }, header: key() },
                        }),
                      ),
                    )
                  }
                >
                  <Play size={13} /> Launch
                </button>
                <button
                  type="button"
                  className="btn small"
                  aria-label={`Delete ${row.name}`}
                  onClick={() => setDropping(row)}
                >
                  <Trash2 size={13} />
                </button>
              </span>
            ),
          },
        ]}
      />
      <Confirm
        open={Boolean(dropping)}
        danger
        title="Delete this draft?"
        text={dropping?.name}
        verb="Delete"
        onClose={() => setDropping(null)}
        onConfirm={() =>
          dropping &&
          void act(
            "Deleted",
            call(
              api.DELETE("/api/v1/experiments/{experiment_id}", { params: { path: { experiment_id: dropping.id } } }),
            ),
          )
        }
      />
    </>
  );
}
