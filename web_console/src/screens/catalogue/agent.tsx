import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type AgentSettingsShown, ApiError, api, call, type ResourceShown, refusal } from "../../api/client";
import * as ask from "../../queries";
import { Confirm, CopyButton, Facts, Failure } from "../../ui/parts";
import { At } from "../../ui/time";
import { useToast } from "../../ui/toast";

const ASKS = {
  rotate: ["Make new secrets?", "The earlier ones open nothing any more: the agent stops until it has the new ones."],
  revoke: ["Revoke the agent?", "It loses every right at once. What waits in its topics stays there for the next one."],
} as const;

/** The agent of a resource that is reached by one: enrolled, its secrets made anew, revoked. Secrets are shown once. */
export function Agent({ resource }: { resource: ResourceShown }) {
  const { data: me } = useQuery(ask.me);
  const queries = useQueryClient();
  const say = useToast();
  const [made, setMade] = useState<AgentSettingsShown | null>(null);
  const [asks, setAsks] = useState<keyof typeof ASKS | null>(null);
  const path = { params: { path: { resource_id: resource.id } } };
  const agent = useQuery({
    queryKey: ["agent", resource.id],
    queryFn: async () => {
      try {
        return await call(api.GET("/api/v1/compute-resources/{resource_id}/agent", path));
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });
  const act = async (action: () => Promise<AgentSettingsShown | undefined>): Promise<void> => {
    try {
      setMade((await action()) ?? null);
      await queries.invalidateQueries({ queryKey: ["agent", resource.id] });
    } catch (error) {
      say(refusal(error), { tone: "failed" });
    }
  };
  const does = {
    enrol: () => call(api.POST("/api/v1/compute-resources/{resource_id}/agent", path)),
    rotate: () => call(api.POST("/api/v1/compute-resources/{resource_id}/agent/rotation", path)),
    revoke: () => call(api.DELETE("/api/v1/compute-resources/{resource_id}/agent", path)).then(() => undefined),
  };
  const steers = me?.role === "platform-admin";
  const known = agent.data;
  return (
    <section aria-label="Agent" className="mt-5 border-line border-t pt-4">
      <h3 className="m-0 mb-2 font-semibold">Agent</h3>
      {agent.error && <Failure error={agent.error} retry={() => void agent.refetch()} />}
      {agent.data === null && <p className="m-0 mb-3 text-ink-2">None is enrolled: tasks for {resource.name} wait.</p>}
      {known && (
        <Facts
          facts={[
            [
              "Enrolled",
              <span key="e">
                <At at={known.enrolled_at} /> by {known.enrolled_by}
              </span>,
            ],
            ["New secrets", known.rotated_at ? <At key="r" at={known.rotated_at} /> : "never made"],
            [
              "Reads",
              <span key="a" className="mono break-all">
                {known.reads.join(", ")}
              </span>,
            ],
            [
              "Writes",
              <span key="w" className="mono break-all">
                {known.writes.join(", ")}
              </span>,
            ],
          ]}
        />
      )}
      {steers && !agent.isPending && (
        <div className="mt-3 flex gap-2">
          {known ? (
            <>
              <button type="button" className="btn small" onClick={() => setAsks("rotate")}>
                New secrets…
              </button>
              <button type="button" className="btn small" onClick={() => setAsks("revoke")}>
                Revoke…
              </button>
            </>
          ) : (
            <button type="button" className="btn ink" onClick={() => void act(does.enrol)}>
              Enrol the agent
            </button>
          )}
        </div>
      )}
      {made && <Secrets settings={made.settings} onDone={() => setMade(null)} />}
      {asks && (
        <Confirm
          open
          title={ASKS[asks][0]}
          text={ASKS[asks][1]}
          verb={asks === "rotate" ? "Make new secrets" : "Revoke"}
          danger={asks === "revoke"}
          onClose={() => setAsks(null)}
          onConfirm={() => {
            setAsks(null);
            void act(does[asks]);
          }}
        />
      )}
    </section>
  );
}

function Secrets({ settings, onDone }: { settings: Record<string, string>; onDone: () => void }) {
  const text = Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
  return (
    <div
      className="tinted mt-3 rounded p-3"
      style={{ "--state": "var(--completed)" } as React.CSSProperties}
      data-testid="agent-secrets"
    >
      <p className="m-0 mb-2">Shown this once. Put it into the environment of howdah agent at the resource:</p>
      <pre className="mono m-0 mb-2 whitespace-pre-wrap break-all">{text}</pre>
      <div className="flex gap-2">
        <CopyButton text={text} label="Copy" />
        <button type="button" className="btn small" onClick={onDone}>
          Done
        </button>
      </div>
    </div>
  );
}
