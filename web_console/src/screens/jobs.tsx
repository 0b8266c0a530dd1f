import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api, call, type Job, refusal } from "../api/client";
import { isTerminal, kindOf, LABELS } from "../core/states";
import { count } from "../core/time";
import * as ask from "../queries";
import { useTitle } from "../shell/shell";
import { Confirm, Failure, Id, Sentence } from "../ui/parts";
import { StateIcon, StateLabel } from "../ui/state";
import { TAB } from "../ui/tab";
import { Table, TwoLines } from "../ui/table";
import { At, Elapsed } from "../ui/time";
import { useToast } from "../ui/toast";
import { cancel } from "./steering";

const STATES = [
  "INTENT",
  "SUBMITTED",
  "QUEUED",
  "ACTIVE",
  "SUSPENDED",
  "UNKNOWN",
  "COMPLETE",
  "FAILED",
  "CANCELED",
] as const;

/** Every job of a scheduler, across resources. */
export function Jobs() {
  useTitle("Jobs", "Jobs");
  const { state, resource } = useSearch({ from: "/inside/jobs" });
  const navigate = useNavigate();
  const say = useToast();
  const [asking, setAsking] = useState<Job | null>(null);
  const { data: resources } = useQuery(ask.resources);
  const { data: overview } = useQuery(ask.overview);
  const known = new Map(resources?.map((one) => [one.id, one.name]));
  const states = STATES.filter((one) => one === state);
  const list = useInfiniteQuery({
    queryKey: ["live-lists", "jobs", state, resource],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/v1/jobs", {
          params: {
            query: {
              limit: 100,
              ...(states.length ? { state: [...states] } : {}),
              ...(resource ? { resource_id: resource } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const live = overview?.jobs ?? [];
  const of = (...wanted: string[]): number =>
    live.filter((one) => wanted.includes(one.state)).reduce((all, one) => all + one.jobs, 0);
  return (
    <>
      <Sentence>
        {live.length
          ? `${count(of("ACTIVE"))} jobs run and ${count(of("QUEUED", "SUBMITTED"))} wait in queues`
          : "No job runs or waits"}
        {of("UNKNOWN", "SUSPENDED") ? `; ${of("UNKNOWN", "SUSPENDED")} are suspended or not answered for.` : "."}
      </Sentence>
      <nav
        aria-label="By state"
        className="scroll flex shrink-0 gap-5 overflow-y-hidden border-line border-b px-6 max-sm:px-4"
      >
        <Link activeOptions={TAB} to="/jobs" search={{ resource }} className="tab" data-on={state ? undefined : "page"}>
          All
        </Link>
        {STATES.filter((one) => one !== "INTENT" || state === one).map((one) => (
          <Link
            activeOptions={TAB}
            key={one}
            to="/jobs"
            search={{ state: one, resource }}
            className="tab"
            data-on={state === one ? "page" : undefined}
          >
            <StateIcon kind={kindOf(one)} />{" "}
            {one === "ACTIVE"
              ? "Running"
              : one === "UNKNOWN"
                ? "Unknown"
                : one === "SUBMITTED"
                  ? "Submitted"
                  : LABELS[kindOf(one)]}
          </Link>
        ))}
      </nav>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <Table
        label="Jobs"
        rows={rows}
        rowKey={(row) => `${row.task_id}-${row.generation}`}
        loading={list.isPending}
        onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
        onOpen={(row) =>
          void navigate({ to: "/experiments/$id", params: { id: row.experiment_id }, search: { task: row.task_id } })
        }
        empty={
          state ? "No job is in this state." : "No jobs yet. They appear when an experiment is submitted to a resource."
        }
        columns={[
          { key: "state", header: "State", track: "110px", cell: (row) => <StateLabel state={row.state} /> },
          {
            key: "id",
            header: "Job",
            track: "minmax(120px,1fr)",
            cell: (row) => <TwoLines first={row.native_id ?? "not submitted"} second={row.job_name} look="name mono" />,
          },
          {
            key: "resource",
            header: "Resource",
            track: "120px",
            from: 640,
            cell: (row) => known.get(row.resource_id ?? "") ?? "",
          },
          {
            key: "next",
            header: "Now",
            track: "minmax(180px,2fr)",
            cell: (row) => (
              <TwoLines
                first={row.next}
                second={row.reason || (row.exit_code === null ? "" : `exit code ${row.exit_code}`)}
              />
            ),
          },
          {
            key: "age",
            header: "In this state",
            track: "100px",
            align: "right",
            from: 760,
            cell: (row) => (isTerminal(row.state) ? "ended" : <Elapsed from={row.updated_at} to={null} />),
          },
          { key: "made", header: "Submitted", track: "90px", from: 880, cell: (row) => <At at={row.created_at} /> },
          {
            key: "exp",
            header: "Experiment",
            track: "130px",
            from: 980,
            cell: (row) => (
              <Link className="link" to="/experiments/$id" params={{ id: row.experiment_id }}>
                <Id id={row.experiment_id} />
              </Link>
            ),
          },
          {
            key: "act",
            header: "",
            track: "80px",
            align: "right",
            cell: (row) =>
              !isTerminal(row.state) && (
                <button type="button" className="btn small" onClick={() => setAsking(row)}>
                  Cancel…
                </button>
              ),
          },
        ]}
      />
      <Confirm
        open={Boolean(asking)}
        danger
        title="Cancel this job's experiment?"
        text="The job is ended at the scheduler and the experiment becomes CANCELED once that is confirmed. Finished outputs stay."
        verb="Cancel it"
        note="Why (goes into the history)"
        onClose={() => setAsking(null)}
        onConfirm={(reason) =>
          asking &&
          void cancel({ id: asking.experiment_id }, reason)
            .then(() => say("Asked to cancel; the scheduler confirms"))
            .catch((error: unknown) => say(refusal(error), { tone: "failed" }))
        }
      />
    </>
  );
}
