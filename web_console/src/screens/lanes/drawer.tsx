import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, call, type Lane, type LanePartition, type LaneRebalance } from "../../api/client";
import { count } from "../../core/time";
import { plural } from "../../core/words";
import * as ask from "../../queries";
import { FormDialog, Labeled } from "../../ui/dialog";
import { CloseButton, Drawer, Facts, Failure } from "../../ui/parts";
import { StateIcon } from "../../ui/state";
import { At, Elapsed } from "../../ui/time";
import { useToast } from "../../ui/toast";

/** One lane: paused or not, who holds its partitions, how far their ledgers are, what moved lately. */
export function LaneDrawer({ lane, onClose }: { lane: Lane; onClose: () => void }) {
  const { data: me } = useQuery(ask.me);
  const queries = useQueryClient();
  const say = useToast();
  const [asks, setAsks] = useState(false);
  const [failed, setFailed] = useState<unknown>(null);
  const held = useQuery({
    queryKey: ["live-lists", "lanes", lane.type, "partitions"],
    queryFn: () =>
      call(api.GET("/api/v1/lanes/{task_type}/partitions", { params: { path: { task_type: lane.type } } })),
    refetchInterval: 5_000,
  });
  const path = { task_type: lane.type, lane: lane.lane as "fast" | "slow" };
  const refresh = (): Promise<void> => queries.invalidateQueries({ queryKey: ["live-lists"] });
  const pause = async (reason: string): Promise<void> => {
    await call(api.POST("/api/v1/lanes/{task_type}/{lane}/pause", { params: { path }, body: { reason } }));
    say(`The ${lane.lane} lane of ${lane.type} is paused`);
    await refresh();
  };
  const resume = async (): Promise<void> => {
    setFailed(null);
    try {
      await call(api.POST("/api/v1/lanes/{task_type}/{lane}/resume", { params: { path } }));
      say(`The ${lane.lane} lane of ${lane.type} goes on`);
      await refresh();
    } catch (error) {
      setFailed(error);
    }
  };
  const partitions = (held.data?.items ?? []).filter((one) => one.lane === lane.lane);
  return (
    <Drawer label={`${lane.type}, ${lane.lane} lane`} onClose={onClose}>
      <header className="flex items-center gap-2 border-line border-b px-4 py-3">
        {lane.paused && <StateIcon kind="paused" size={16} />}
        <h2 className="m-0 min-w-0 flex-1 truncate font-semibold text-[15px]">
          {lane.type} <span className="font-normal text-ink-3">{lane.lane} lane</span>
        </h2>
        <CloseButton onClick={onClose} />
      </header>
      <div className="border-line border-b px-4 py-3">
        {lane.paused ? (
          <p className="m-0 mb-3" data-testid="lane-paused">
            Paused by {lane.paused.actor} <Elapsed from={lane.paused.since} /> ago
            {lane.paused.reason && ` (${lane.paused.reason})`}. What is in hand is finished;{" "}
            {plural(lane.waiting, "task waits", "tasks wait")} in order, and no time runs for them.
          </p>
        ) : (
          <p className="m-0 mb-3">{lane.next}</p>
        )}
        {failed !== null && <Failure error={failed} />}
        {me?.role === "platform-admin" &&
          (lane.paused ? (
            <button type="button" className="btn ink" onClick={() => void resume()}>
              Resume
            </button>
          ) : (
            <button type="button" className="btn" onClick={() => setAsks(true)}>
              Pause…
            </button>
          ))}
      </div>
      {held.error && <Failure error={held.error} retry={() => void held.refetch()} />}
      <Partitions partitions={partitions} loading={held.isPending} />
      <Rebalances moves={held.data?.rebalances ?? []} />
      {asks && <PauseDialog lane={lane} onClose={() => setAsks(false)} onConfirm={pause} />}
    </Drawer>
  );
}

function PauseDialog({
  lane,
  onClose,
  onConfirm,
}: {
  lane: Lane;
  onClose: () => void;
  onConfirm: (reason: string) => Promise<void>;
}) {
  const [reason, setReason] = useState("");
  return (
    <FormDialog
      open
      title={`Pause the ${lane.lane} lane of ${lane.type}?`}
      verb="Pause the lane"
      onClose={onClose}
      onConfirm={() => onConfirm(reason.trim())}
    >
      <p className="mt-0 text-ink-2">
        Nothing of it is taken up until it is resumed, in any gateway, also after a restart.{" "}
        {plural(lane.running, "running task is", "running tasks are")} finished; what waits keeps its order and its
        time.
      </p>
      <Labeled label="Why (told to everybody who waits)">
        <input
          className="field"
          maxLength={500}
          placeholder="the staging server is moved"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </Labeled>
    </FormDialog>
  );
}

function Partitions({ partitions, loading }: { partitions: readonly LanePartition[]; loading: boolean }) {
  const instances = new Set(partitions.map((one) => one.instance_id).filter(Boolean));
  const orphans = partitions.filter((one) => !one.instance_id).length;
  const oldest = partitions.map((one) => one.oldest_at).reduce((a, b) => (a && b ? (a < b ? a : b) : a || b), null);
  return (
    <section aria-label="Partitions" className="border-line border-b px-4 py-3">
      <h3 className="m-0 mb-2 font-semibold">Partitions and instances</h3>
      {loading ? (
        <p className="m-0 text-ink-3">…</p>
      ) : (
        <>
          <Facts
            facts={[
              [
                "Held by",
                orphans === partitions.length
                  ? "no instance: what comes waits for one"
                  : `${plural(instances.size, "instance", "instances")}${orphans ? `; ${orphans} partitions by none` : ""}`,
              ],
              ["Oldest message", oldest ? <Elapsed key="oldest" from={oldest} /> : "–"],
            ]}
          />
          <div className="mt-3 overflow-x-auto">
            <table className="w-full border-collapse text-[12px] leading-5">
              <thead className="text-ink-3">
                <tr>
                  <th className="text-left font-medium">No.</th>
                  <th className="text-left font-medium">Instance</th>
                  <th className="text-right font-medium">Watermark</th>
                  <th className="text-right font-medium">Backlog</th>
                  <th className="text-right font-medium">In hand</th>
                  <th className="text-right font-medium">Gaps</th>
                </tr>
              </thead>
              <tbody>
                {partitions.map((one) => (
                  <tr key={one.number} className="border-line border-t">
                    <td className="num py-[3px]">{one.number}</td>
                    <td className="py-[3px]">
                      {one.host ? <span className="mono">{one.pid}</span> : <span className="text-blocked">none</span>}
                      {one.held && <span className="text-paused"> held</span>}
                    </td>
                    <td className="num text-right">{one.watermark === null ? "–" : count(one.watermark)}</td>
                    <td className="num text-right">{count(one.backlog)}</td>
                    <td className="num text-right">{count(one.in_flight)}</td>
                    <td className="num text-right" title={`${one.finished_beyond} finished beyond the watermark`}>
                      {count(one.gaps)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p className="m-0 mt-2 text-[12px] text-ink-3 leading-4">
            Instances by their process id. All below the watermark is done; gaps are stretches still open below the
            furthest finished message.
          </p>
        </>
      )}
    </section>
  );
}

function Rebalances({ moves }: { moves: readonly LaneRebalance[] }) {
  return (
    <section aria-label="Rebalances" className="px-4 py-3">
      <h3 className="m-0 mb-2 font-semibold">Rebalances</h3>
      {moves.length === 0 && <p className="m-0 text-ink-2">None that an instance remembers.</p>}
      {moves.map((one) => (
        <p key={`${one.at}-${one.instance_id}-${one.what}`} className="m-0 flex gap-2 py-[2px] text-[12px] leading-4">
          <span className="shrink-0 text-ink-3">
            <At at={one.at} />
          </span>
          <span className="min-w-0">
            {one.what === "assigned" ? "To" : "From"} <span className="mono">{one.pid}</span>
            {one.what === "lost" && " (lost)"}: {one.partitions.join(", ")}
          </span>
        </p>
      ))}
    </section>
  );
}
