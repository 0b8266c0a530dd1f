import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { api, call, type DeadLetter, type RedriveResult, refusal } from "../api/client";
import { bytes, count } from "../core/time";
import { plural } from "../core/words";
import { useTitle } from "../shell/shell";
import { CloseButton, Confirm, CopyButton, Drawer, Facts, Failure, Id, Sentence } from "../ui/parts";
import { StateIcon } from "../ui/state";
import { TAB } from "../ui/tab";
import { Table } from "../ui/table";
import { At } from "../ui/time";
import { useToast } from "../ui/toast";

const STATES = ["NEW", "REDRIVEN", "DISCARDED"] as const;

/** Messages that nobody could handle: clusters, one message in full, sent again or put aside. */
export function DeadLetters() {
  useTitle("Dead letters", "Dead letters");
  const search = useSearch({ from: "/inside/dead-letters" });
  const state = STATES.find((one) => one === search.state) ?? "NEW";
  const navigate = useNavigate();
  const queries = useQueryClient();
  const say = useToast();
  const [plan, setPlan] = useState<RedriveResult | null>(null);
  const clusters = useQuery({
    queryKey: ["letters", "clusters", state],
    queryFn: () => call(api.GET("/api/v1/dead-letters:clusters", { params: { query: { state: [state] } } })),
    refetchInterval: 10_000,
  });
  const chosen = {
    ...(search.topic ? { topic: search.topic } : {}),
    ...(search.reason ? { reason: search.reason } : {}),
  };
  const list = useInfiniteQuery({
    queryKey: ["letters", state, search.topic, search.reason],
    queryFn: ({ pageParam }) =>
      call(
        api.GET("/api/v1/dead-letters", {
          params: { query: { state: [state], ...chosen, limit: 100, ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
    refetchInterval: 10_000,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const redrive = useMutation({
    mutationFn: (dry: boolean) =>
      call(api.POST("/api/v1/dead-letters:redrive", { body: { ...chosen, limit: 500, dry_run: dry, note: "" } })),
    onSuccess: (result) => {
      if (result.dry_run) setPlan(result);
      else say(`${result.redriven.length} sent again, ${result.refused.length} refused`);
      void queries.invalidateQueries({ queryKey: ["letters"] });
    },
    onError: (error) => say(refusal(error), { tone: "failed" }),
  });
  const go = (change: Partial<typeof search>): void =>
    void navigate({ to: "/dead-letters", search: { ...search, ...change } });
  const total = clusters.data?.items.reduce((all, one) => all + one.count, 0) ?? 0;
  return (
    <>
      <Sentence>
        {state === "NEW"
          ? total
            ? `${plural(total, "message waits", "messages wait")} for a decision. What their tasks waited for has failed or is retried; nothing is lost.`
            : "No message waits for a decision."
          : `${plural(total, "message was", "messages were")} ${state === "REDRIVEN" ? "sent again" : "put aside"}.`}
      </Sentence>
      <nav aria-label="By state" className="flex shrink-0 items-center gap-5 border-line border-b px-6 max-sm:px-4">
        {STATES.map((one) => (
          <Link
            activeOptions={TAB}
            key={one}
            to="/dead-letters"
            search={{ state: one }}
            className="tab"
            data-on={one === state ? "page" : undefined}
          >
            {{ NEW: "New", REDRIVEN: "Sent again", DISCARDED: "Put aside" }[one]}
          </Link>
        ))}
        <span className="flex-1" />
        {state === "NEW" && rows.length > 0 && (
          <button type="button" className="btn small" disabled={redrive.isPending} onClick={() => redrive.mutate(true)}>
            Redrive {search.topic || search.reason ? "this cluster" : "all"}…
          </button>
        )}
      </nav>
      {total > 0 && (
        <div className="scroll max-h-[180px] shrink-0 border-line border-b">
          {clusters.data?.items.map((one) => {
            const on = search.topic === one.topic && search.reason === one.reason;
            return (
              <button
                key={`${one.topic}|${one.reason}`}
                type="button"
                aria-pressed={on}
                className={`flex w-full items-center gap-4 border-line border-b px-6 py-2 text-left last:border-0 max-sm:px-4 ${on ? "bg-selected" : "hover:bg-hover"}`}
                onClick={() =>
                  go(
                    on
                      ? { topic: undefined, reason: undefined, open: undefined }
                      : { topic: one.topic, reason: one.reason, open: undefined },
                  )
                }
              >
                <span className="num w-12 text-right font-semibold">{count(one.count)}</span>
                <span className="clip flex-1">{one.reason}</span>
                <span className="mono clip text-ink-2 max-sm:hidden">{one.topic}</span>
                <span className="second w-[190px] text-right max-lg:hidden">
                  <At at={one.first_at} /> – <At at={one.last_at} />
                </span>
              </button>
            );
          })}
        </div>
      )}
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <div className="relative flex min-h-0 flex-1">
        <Table<DeadLetter>
          label="Dead letters"
          rows={rows}
          rowKey={(row) => row.id}
          openKey={search.open}
          loading={list.isPending}
          onOpen={(row) => go({ open: row.id })}
          onEnd={() => list.hasNextPage && !list.isFetchingNextPage && void list.fetchNextPage()}
          empty="Nothing here."
          columns={[
            {
              key: "reason",
              header: "Reason, and what can be done",
              track: "minmax(200px,2fr)",
              cell: (row) => (
                <span className="leading-[18px]">
                  <span className="clip block" title={row.reason}>
                    {row.reason}
                  </span>
                  <span className="second clip block">{row.next}</span>
                </span>
              ),
            },
            {
              key: "topic",
              header: "Topic",
              track: "minmax(120px,1fr)",
              from: 620,
              cell: (row) => (
                <span className="leading-[18px]">
                  <span className="mono clip block">{row.topic}</span>
                  <span className="second num">
                    {row.partition}, offset {count(row.offset)}
                  </span>
                </span>
              ),
            },
            {
              key: "exp",
              header: "Experiment",
              track: "120px",
              from: 820,
              cell: (row) => row.experiment_id && <Id id={row.experiment_id} />,
            },
            {
              key: "size",
              header: "Size",
              track: "64px",
              align: "right",
              from: 720,
              cell: (row) => bytes(row.size_bytes),
            },
            { key: "at", header: "At", track: "84px", cell: (row) => <At at={row.at} /> },
          ]}
        />
        {search.open && <Letter id={search.open} onClose={() => go({ open: undefined })} />}
      </div>
      <Confirm
        open={Boolean(plan)}
        title={plan?.redriven.length ? `Send ${plan.redriven.length} again?` : "None would be sent"}
        text={
          <>
            {plan?.redriven.length} would be sent, {plan?.refused.length} refused
            {plan?.more ? "; more fit than one call takes" : ""}.
            {plan?.refused.slice(0, 3).map((one) => (
              <span key={one.id} className="second mt-1 block">
                {one.detail}
              </span>
            ))}
          </>
        }
        verb={plan?.redriven.length ? `Redrive ${plan.redriven.length}` : "Close"}
        onClose={() => setPlan(null)}
        onConfirm={() => plan?.redriven.length && redrive.mutate(false)}
      />
    </>
  );
}

function Letter({ id, onClose }: { id: string; onClose: () => void }) {
  const letter = useQuery({
    queryKey: ["letters", "one", id],
    queryFn: () => call(api.GET("/api/v1/dead-letters/{letter_id}", { params: { path: { letter_id: id } } })),
  });
  const queries = useQueryClient();
  const say = useToast();
  const [discarding, setDiscarding] = useState(false);
  const act = useMutation({
    mutationFn: ({ verb, note }: { verb: "redrive" | "discard"; note: string }) => {
      const options = { params: { path: { letter_id: id } }, body: { note } };
      return call(
        verb === "redrive"
          ? api.POST("/api/v1/dead-letters/{letter_id}/redrive", options)
          : api.POST("/api/v1/dead-letters/{letter_id}/discard", options),
      );
    },
    onSuccess: (_, { verb }) => {
      say(verb === "redrive" ? "Sent again" : "Put aside; it stays readable");
      void queries.invalidateQueries({ queryKey: ["letters"] });
    },
    onError: (error) => say(refusal(error), { tone: "failed" }),
  });
  const data = letter.data;
  const payload = data ? (data.value !== null ? JSON.stringify(data.value, null, 2) : decode(data.value_base64)) : "";
  return (
    <Drawer label="Dead letter" onClose={onClose}>
      <div className="flex items-center gap-2 p-5 pb-3">
        <StateIcon kind={data?.state === "NEW" ? "failed" : "completed"} size={16} />
        <h2 className="m-0 flex-1 font-semibold text-[15px]">Dead letter</h2>
        <CloseButton onClick={onClose} />
      </div>
      {letter.error && <Failure error={letter.error} />}
      {data && (
        <div className="px-5 pb-6">
          <p className="m-0 break-words">{data.reason}</p>
          <p className="second mt-1">{data.next}</p>
          {data.state === "NEW" && (
            <div className="my-4 flex gap-2">
              <button
                type="button"
                className="btn ink small"
                disabled={act.isPending}
                onClick={() => act.mutate({ verb: "redrive", note: "" })}
              >
                Redrive
              </button>
              <button type="button" className="btn small" disabled={act.isPending} onClick={() => setDiscarding(true)}>
                Discard…
              </button>
              {data.value_base64 && <CopyButton text={payload} label="Copy payload" />}
            </div>
          )}
          <Facts
            facts={[
              ["At", <At key="a" at={data.at} />],
              ["Consumer", data.group],
              [
                "Topic",
                <span key="t" className="mono">
                  {data.topic}
                </span>,
              ],
              ["Position", `partition ${data.partition}, offset ${data.offset}`],
              data.experiment_id
                ? [
                    "Experiment",
                    <Link
                      key="e"
                      className="link"
                      to="/experiments/$id"
                      params={{ id: data.experiment_id }}
                      search={{ task: data.task_id ?? undefined }}
                    >
                      <Id id={data.experiment_id} />
                    </Link>,
                  ]
                : null,
              data.handled_by ? ["Handled", `${data.handled_by}${data.note ? `: ${data.note}` : ""}`] : null,
            ]}
          />
          <h3 className="mt-5 mb-2 font-semibold">Headers</h3>
          <pre className="mono m-0 overflow-auto rounded bg-code p-3">{JSON.stringify(data.headers, null, 2)}</pre>
          <h3 className="mt-4 mb-2 font-semibold">Payload {bytes(data.size_bytes)}</h3>
          <pre className="mono scroll m-0 max-h-[320px] rounded bg-code p-3">{payload || "(empty)"}</pre>
        </div>
      )}
      <Confirm
        open={discarding}
        title="Discard this message?"
        text="It is never sent again, and stays readable here. The note goes into the audit log."
        verb="Discard"
        danger
        note="Why"
        noteRequired
        onClose={() => setDiscarding(false)}
        onConfirm={(note) => act.mutate({ verb: "discard", note })}
      />
    </Drawer>
  );
}

function decode(text: string | null): string {
  if (!text) return "";
  const binary = atob(text);
  return /^[\t\n\r -~]*$/.test(binary)
    ? binary
    : binary
        .slice(0, 4_096)
        .replace(/[^\t\n\r -~]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
