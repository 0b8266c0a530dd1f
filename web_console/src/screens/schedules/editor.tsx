import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiError, api, call, key, type ScheduleBody, type ScheduleShown } from "../../api/client";
import type { FieldSpec, Values } from "../../core/forms";
import * as ask from "../../queries";
import { CatalogueForm } from "../../ui/form";
import { CloseButton, Drawer, Failure } from "../../ui/parts";
import { At } from "../../ui/time";
import { useToast } from "../../ui/toast";
import { BLANK, requestOf, requestOfWorkflow, WORKFLOW } from "./source";
import { CATCH_UP, OVERLAP } from "./words";

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];

const SPECS: readonly FieldSpec[] = [
  { kind: "text", name: "name", label: "Name", required: true, wide: true },
  { kind: "area", name: "description", label: "Description" },
  {
    kind: "mono",
    name: "cron",
    label: "When (cron)",
    required: true,
    hint: "min hour day month weekday",
    check: (text) => (text.trim().split(/\s+/).length === 5 ? null : "Five fields: minute hour day month weekday"),
  },
  { kind: "choice", name: "time_zone", label: "Time zone", required: true, options: ZONES },
  {
    kind: "choice",
    name: "catch_up",
    label: "If moments were missed",
    required: true,
    wide: true,
    options: Object.entries(CATCH_UP),
  },
  {
    kind: "number",
    name: "catch_up_limit",
    label: "Made up for at most",
    when: (values) => values.catch_up === "all",
  },
  {
    kind: "choice",
    name: "overlap",
    label: "While one still runs, a new one",
    required: true,
    wide: true,
    options: Object.entries(OVERLAP),
  },
  {
    kind: "json",
    name: "experiment",
    label: "What it launches",
    required: true,
    hint: "The request of an experiment; its name gets the moment put behind",
  },
];

interface Props {
  schedule?: ScheduleShown;
  /** Of a new one: from what its request is made. */
  from?: string;
  onSaved: (id: string) => void;
  onClose: () => void;
}

/** A schedule is made, or says something else from now on. */
export function ScheduleEditor({ schedule, from, onSaved, onClose }: Props) {
  const queries = useQueryClient();
  const say = useToast();
  const like = from && from !== BLANK && !from.startsWith(WORKFLOW) ? from : undefined;
  const origin = useQuery({ ...ask.experiment(like ?? ""), enabled: Boolean(like) });
  const title = schedule ? `Edit ${schedule.name}` : "New schedule";
  const save = async (body: ScheduleBody): Promise<void> => {
    const saved = schedule
      ? await call(
          api.PUT("/api/v1/schedules/{schedule_id}", {
            params: { path: { schedule_id: schedule.id }, header: { "if-match": `"${schedule.version}"` } },
            body,
          }),
        )
      : await call(api.POST("/api/v1/schedules", { params: { header: key() }, body }));
    say(schedule ? "Saved" : `${saved.name} is scheduled`);
    await queries.invalidateQueries({ queryKey: ["schedules"] });
    onSaved(saved.id);
  };
  return (
    <Drawer label={title} onClose={onClose}>
      <header className="flex items-center gap-2 p-5 pb-3">
        <h2 className="clip m-0 flex-1 font-semibold text-[15px]">{title}</h2>
        <CloseButton onClick={onClose} />
      </header>
      <div className="px-5 pb-6">
        {origin.error && <Failure error={origin.error} retry={() => void origin.refetch()} />}
        {(!like || origin.data) && (
          <CatalogueForm
            label="schedule"
            specs={SPECS}
            value={schedule ? edited(schedule) : fresh(from, origin.data)}
            saving={schedule ? "Save" : "Create schedule"}
            onSave={save}
            below={(values) => <NextMoments cron={values.cron} zone={values.time_zone} />}
          />
        )}
      </div>
    </Drawer>
  );
}

function edited(schedule: ScheduleShown): Values {
  const { name, description, cron, time_zone, catch_up, catch_up_limit, overlap, experiment } = schedule;
  return { name, description, cron, time_zone, catch_up, catch_up_limit, overlap, experiment };
}

function fresh(from: string | undefined, origin: Parameters<typeof requestOf>[0] | undefined): Values {
  const experiment = origin
    ? requestOf(origin)
    : from?.startsWith(WORKFLOW)
      ? requestOfWorkflow(from.slice(WORKFLOW.length))
      : null;
  return {
    name: experiment?.name ?? "",
    cron: "30 2 * * *",
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    catch_up: "one",
    catch_up_limit: 10,
    overlap: "wait",
    experiment,
  };
}

/** When that would be, as the server reads it; asked for when one has stopped typing. */
function NextMoments({ cron, zone }: { cron: unknown; zone: unknown }) {
  const [asked, setAsked] = useState({ cron, zone });
  useEffect(() => {
    const timer = setTimeout(() => setAsked({ cron, zone }), 300);
    return () => clearTimeout(timer);
  }, [cron, zone]);
  const body = { cron: String(asked.cron ?? "").trim(), time_zone: String(asked.zone ?? ""), count: 3 };
  const { data, error } = useQuery({
    queryKey: ["schedule-preview", body],
    queryFn: () => call(api.POST("/api/v1/schedules:preview", { body })),
    enabled: Boolean(body.cron),
    retry: false,
    staleTime: 30_000,
  });
  const problem = error instanceof ApiError ? error.problem : null;
  return (
    <section aria-label="Next moments" aria-live="polite" className="mt-1">
      <h3 className="m-0 mb-1 font-normal text-[12px] text-ink-2">Next moments</h3>
      {error && <p className="m-0 text-failed">{problem?.errors?.[0]?.message ?? problem?.detail ?? "No answer"}</p>}
      {!error && (
        <p className="m-0 flex flex-wrap gap-x-4">{data?.next_runs.map((at) => <At key={at} at={at} />) ?? "…"}</p>
      )}
    </section>
  );
}
