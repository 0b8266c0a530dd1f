import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, call } from "../../api/client";
import { FormDialog, Labeled } from "../../ui/dialog";
import { useToast } from "../../ui/toast";
import type { HealthRow } from "./usehealth";

/** Keep a resource in a lane, or limit how much of a service it may occupy; else the platform decides. */
export function LaneDialog({ row, onClose }: { row: HealthRow; onClose: () => void }) {
  const [lane, setLane] = useState<"fast" | "slow" | "">(row.standing?.pinned_lane ?? "");
  const [handlers, setHandlers] = useState(String(row.standing?.handlers ?? ""));
  const queries = useQueryClient();
  const say = useToast();
  const wrong = handlers !== "" && !/^[1-9]\d{0,2}$/.test(handlers);
  return (
    <FormDialog
      open
      title={`Lane of ${row.name}`}
      verb="Keep it so"
      disabled={wrong}
      onClose={onClose}
      onConfirm={async () => {
        await call(
          api.PUT("/api/v1/compute-resources/{resource_id}/control", {
            params: { path: { resource_id: row.id } },
            body: { lane: lane || null, handlers: handlers ? Number(handlers) : null },
          }),
        );
        say(lane ? `${row.name} stays in the ${lane} lane` : `The lane of ${row.name} follows its health`);
        await queries.invalidateQueries({ queryKey: ["live-lists"] });
      }}
    >
      <Labeled label="Its tasks take" hint="The slow lane keeps a slow resource from delaying the others.">
        <select className="field" value={lane} onChange={(event) => setLane(event.target.value as typeof lane)}>
          <option value="">the lane that its health asks for (now: {row.standing?.lane ?? "fast"})</option>
          <option value="fast">always the fast lane</option>
          <option value="slow">always the slow lane</option>
        </select>
      </Labeled>
      <Labeled
        label="Handlers of a service replica at most"
        hint={wrong ? "A number from 1 to 512, or nothing" : "Empty: its share, a quarter of the threads."}
      >
        <input
          className="field num"
          inputMode="numeric"
          aria-invalid={wrong}
          value={handlers}
          onChange={(event) => setHandlers(event.target.value.trim())}
        />
      </Labeled>
    </FormDialog>
  );
}
