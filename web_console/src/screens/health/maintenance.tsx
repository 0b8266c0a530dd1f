import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, call, type WindowShown } from "../../api/client";
import { plural } from "../../core/words";
import { FormDialog, Labeled } from "../../ui/dialog";
import { At } from "../../ui/time";
import { useToast } from "../../ui/toast";

/** The instant as a field for local time takes it. */
function forField(at: number): string {
  const there = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return there.toISOString().slice(0, 16);
}

const HOUR_MS = 3_600_000;

/** Drain a resource ahead of its maintenance: jobs that would reach into the window are not started. */
export function MaintenanceDialog({
  resource,
  onClose,
}: {
  resource: { id: string; name: string };
  onClose: () => void;
}) {
  const soon = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS;
  const [from, setFrom] = useState(forField(soon));
  const [to, setTo] = useState(forField(soon + 4 * HOUR_MS));
  const [reason, setReason] = useState("");
  const say = useToast();
  const { windows, refresh } = useWindows(resource.id);
  const [begins, ends] = [new Date(from), new Date(to)];
  const wrong = !(begins.getTime() < ends.getTime());
  const create = async (): Promise<void> => {
    await call(
      api.POST("/api/v1/maintenance-windows", {
        body: {
          resource_id: resource.id,
          starts_at: begins.toISOString(),
          ends_at: ends.toISOString(),
          reason: reason.trim(),
        },
      }),
    );
    say(`${resource.name} drains ahead of its maintenance`);
    await refresh();
  };
  return (
    <FormDialog
      open
      title={`Maintenance of ${resource.name}`}
      verb="Drain it"
      disabled={wrong}
      onClose={onClose}
      onConfirm={create}
    >
      <p className="mt-0 text-ink-2">
        A job whose time limit would reach into the window is not submitted and says so; a shorter one still is. Jobs
        that run are left alone.
      </p>
      <div className="grid grid-cols-2 gap-x-3 max-sm:grid-cols-1">
        <Labeled label="Begins (your local time)">
          <input
            type="datetime-local"
            className="field num"
            value={from}
            onChange={(event) => setFrom(event.target.value)}
          />
        </Labeled>
        <Labeled label="Ends" hint={wrong ? "After it begins" : undefined}>
          <input
            type="datetime-local"
            className="field num"
            aria-invalid={wrong}
            value={to}
            onChange={(event) => setTo(event.target.value)}
          />
        </Labeled>
      </div>
      <Labeled label="Why (told to whoever waits)">
        <input
          className="field"
          maxLength={500}
          placeholder="new file system"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </Labeled>
      {windows.length > 0 && (
        <section aria-label="Arranged" className="border-line border-t pt-3">
          <h3 className="m-0 mb-1 font-semibold">{plural(windows.length, "window", "windows")} arranged</h3>
          {windows.map((one) => (
            <WindowLine key={one.id} window={one} refresh={refresh} />
          ))}
        </section>
      )}
    </FormDialog>
  );
}

function useWindows(resourceId: string): { windows: WindowShown[]; refresh: () => Promise<void> } {
  const queries = useQueryClient();
  const list = useQuery({
    queryKey: ["windows"],
    queryFn: () => call(api.GET("/api/v1/maintenance-windows", { params: { query: { limit: 500 } } })),
  });
  const windows = (list.data?.items ?? []).filter(
    (one) => one.resource_id === resourceId && Date.parse(one.ends_at) > Date.now(),
  );
  return { windows, refresh: () => queries.invalidateQueries({ queryKey: ["windows"] }) };
}

function WindowLine({ window: one, refresh }: { window: WindowShown; refresh: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    await call(
      api.DELETE("/api/v1/maintenance-windows/{maintenance_window_id}", {
        params: { path: { maintenance_window_id: one.id } },
      }),
    ).finally(() => setBusy(false));
    await refresh();
  };
  return (
    <div className="flex items-center gap-3 py-1">
      <span className="min-w-0 flex-1">
        <At at={one.starts_at} /> to <At at={one.ends_at} />
        <span className="clip block text-ink-2">{one.reason}</span>
      </span>
      <button type="button" className="btn small" disabled={busy} onClick={() => void remove()}>
        End it
      </button>
    </div>
  );
}
