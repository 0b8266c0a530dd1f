import { useQuery } from "@tanstack/react-query";
import { Minus, Plus, RefreshCw, Trash2, Undo2 } from "lucide-react";
import { useState } from "react";
import { api, call } from "../../api/client";
import { useAct } from "../../ui/act";
import { CloseButton, Confirm, Drawer, Facts, Failure } from "../../ui/parts";
import { StateIcon } from "../../ui/state";
import { At } from "../../ui/time";

const KINDS = { ready: "completed", starting: "scheduled", stopping: "paused", waiting: "blocked" } as const;

interface Props {
  name: string;
  steers: boolean;
  onClose: () => void;
  onEdit: () => void;
}

type Asking = "restart" | "roll-back" | "remove" | null;
const QUESTIONS = {
  restart: ["Restart", "Every instance is replaced, one after the other; each finishes what it has in hand."],
  "roll-back": ["Roll back", "The revision before the present one takes its place, one instance after the other."],
  remove: ["Remove", "Its instances stop and it is forgotten. Tasks that wait in its topic stay there."],
} as const;

/** One service: its instances, what happened to them, and what can be done with it. */
export function ServiceDrawer({ name, steers, onClose, onEdit }: Props) {
  const [asking, setAsking] = useState<Asking>(null);
  const { busy, act } = useAct(["steered-services"]);
  const path = { params: { path: { name } } };
  const report = useQuery({
    queryKey: ["steered-services", name],
    queryFn: () => call(api.GET("/api/v1/services/{name}", path)),
    refetchInterval: 2_000,
  });
  const one = report.data;
  const scale = (replicas: number): void =>
    void act(`${name}: ${replicas} wanted`, () =>
      call(api.POST("/api/v1/services/{name}/scale", { ...path, body: { replicas } })),
    );
  const confirm = async (what: Exclude<Asking, null>): Promise<void> => {
    if (what === "restart")
      await act(`${name} is replaced, one by one`, () => call(api.POST("/api/v1/services/{name}/restart", path)));
    if (what === "roll-back")
      await act(`${name} goes back a revision`, () => call(api.POST("/api/v1/services/{name}/roll-back", path)));
    if (what === "remove" && (await act(`${name} is removed`, () => call(api.DELETE("/api/v1/services/{name}", path)))))
      onClose();
  };
  return (
    <Drawer label={name} onClose={onClose}>
      <div className="flex items-center gap-2 p-5 pb-3">
        <h2 className="clip m-0 flex-1 font-semibold text-[15px]">{name}</h2>
        <CloseButton onClick={onClose} />
      </div>
      {report.error && <Failure error={report.error} retry={() => void report.refetch()} />}
      {one && (
        <div className="px-5 pb-6">
          <Facts
            facts={[
              ["Ready", `${one.ready} of ${one.replicas} wanted`],
              one.trouble ? ["Because", one.trouble] : null,
              ["Backlog", one.backlog == null ? "not told" : `${one.backlog} unfinished messages`],
              ["Version", one.release || "–"],
              one.deployment ? ["Task type", one.deployment.task_type] : null,
            ]}
          />
          {steers && (
            <div className="mt-4 flex flex-wrap items-center gap-2">
              {one.kind !== "platform" && (
                <span className="inline-flex items-center gap-1">
                  <button
                    type="button"
                    className="btn small !px-[6px]"
                    aria-label="One instance less"
                    disabled={busy || one.replicas === 0}
                    onClick={() => scale(one.replicas - 1)}
                  >
                    <Minus size={13} />
                  </button>
                  <b className="num w-7 text-center" aria-live="polite">
                    {one.replicas}
                  </b>
                  <button
                    type="button"
                    className="btn small !px-[6px]"
                    aria-label="One instance more"
                    disabled={busy}
                    onClick={() => scale(one.replicas + 1)}
                  >
                    <Plus size={13} />
                  </button>
                </span>
              )}
              <button type="button" className="btn small" disabled={busy} onClick={() => setAsking("restart")}>
                <RefreshCw size={13} /> Restart…
              </button>
              {one.kind === "custom" && (
                <>
                  <button type="button" className="btn small" disabled={busy} onClick={onEdit}>
                    New revision…
                  </button>
                  <button
                    type="button"
                    className="btn small"
                    disabled={busy || !one.can_roll_back}
                    onClick={() => setAsking("roll-back")}
                  >
                    <Undo2 size={13} /> Roll back…
                  </button>
                  <button type="button" className="btn small" disabled={busy} onClick={() => setAsking("remove")}>
                    <Trash2 size={13} /> Remove…
                  </button>
                </>
              )}
            </div>
          )}
          <h3 className="mt-5 mb-1 border-line border-t pt-4 font-semibold">Instances</h3>
          {!one.instances.length && <p className="m-0 text-ink-2">None.</p>}
          {one.instances.map((instance) => (
            <div key={instance.name} className="flex gap-3 border-line border-b py-2 last:border-0">
              <span className="pt-[2px]">
                <StateIcon kind={KINDS[instance.state]} label={instance.state} />
              </span>
              <span className="min-w-0 flex-1 leading-[18px]">
                <span className="clip block">{instance.name}</span>
                <span className="second block break-words">
                  {instance.trouble ?? instance.state}
                  {instance.where && `, ${instance.where}`}
                  {instance.restarts > 0 && `, restarted ${instance.restarts} times`}
                </span>
              </span>
              <span className="meta">{instance.since && <At at={instance.since} />}</span>
            </div>
          ))}
          {one.events.length > 0 && (
            <>
              <h3 className="mt-5 mb-1 border-line border-t pt-4 font-semibold">What happened</h3>
              {one.events.slice(0, 20).map((event, index) => (
                <p key={index} className={`m-0 py-[3px] ${event.warning ? "text-failed" : ""}`}>
                  <span className="mr-2 text-ink-3">
                    <At at={event.at} />
                  </span>
                  {event.message || event.reason}
                  {event.count > 1 && <span className="text-ink-3"> {event.count} times</span>}
                </p>
              ))}
            </>
          )}
        </div>
      )}
      {asking && (
        <Confirm
          open
          danger={asking === "remove"}
          title={`${QUESTIONS[asking][0]} ${name}?`}
          text={QUESTIONS[asking][1]}
          verb={QUESTIONS[asking][0]}
          onClose={() => setAsking(null)}
          onConfirm={() => void confirm(asking)}
        />
      )}
    </Drawer>
  );
}
