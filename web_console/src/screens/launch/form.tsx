import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { ApiError, type ApplicationExperiment, type ExperimentInFull, type InterfaceShown } from "../../api/client";
import { type Delivery, deliveriesOf, type Placed, placedFrom, placedProblems } from "../../core/deliveries";
import {
  deadlineProblem,
  type InputSpec,
  priorityProblem,
  problemOf,
  type Typed,
  termsOf,
  typedFrom,
  valuesOf,
} from "../../core/inputs";
import { count } from "../../core/time";
import * as ask from "../../queries";
import { useToast } from "../../ui/toast";
import { Deliveries } from "./deliveries";
import { Field, InputField, NumberField, Section } from "./fields";
import { Foot } from "./foot";
import { Plan } from "./plan";
import { Queues } from "./queues";
import { sent } from "./sending";
import { Candidates, type Terms, TermsFields } from "./terms";

const NEEDS = [
  ["nodes", "Nodes", "max_nodes"],
  ["cpus_per_task", "Cores a task", "max_cpus_per_node"],
  ["memory_mb", "Memory, MB", "max_memory_mb"],
  ["wall_time_minutes", "Time limit, min", "max_wall_time_minutes"],
] as const;

type Needs = Record<string, string>;

/** A launch form made from the application's interface, checked while one types. */
export function Form({
  app,
  origin,
  draft,
}: {
  app: InterfaceShown;
  origin: ExperimentInFull | undefined;
  draft: boolean;
}) {
  const inputs = app.inputs as unknown as InputSpec[];
  const spec = (origin?.spec ?? {}) as Partial<Pick<ApplicationExperiment, "archive" | "work_directory">> & {
    inputs?: Record<string, unknown>;
    requirements?: Record<string, unknown>;
    deliveries?: Delivery[];
  };
  const [name, setName] = useState(origin ? (draft ? origin.name : `${origin.name} (again)`) : "");
  const [notes, setNotes] = useState(origin?.description ?? "");
  const [typed, setTyped] = useState<Typed>(() => typedFrom(inputs, spec.inputs ?? {}));
  const [needs, setNeeds] = useState<Needs>(() =>
    Object.fromEntries(
      Object.entries(spec.requirements ?? {})
        .filter(([, value]) => value != null)
        .map(([one, value]) => [one, String(value)]),
    ),
  );
  const [terms, setTerms] = useState<Terms>({
    priority: origin?.priority ? String(origin.priority) : "",
    deadline: origin?.spec.deadline_seconds ? String(Number(origin.spec.deadline_seconds) / 3_600) : "",
  });
  const [placed, setPlaced] = useState<Placed[]>(() => placedFrom(spec.deliveries));
  const [picked, setPicked] = useState<string[]>((origin?.spec.resource_ids as string[] | undefined) ?? []);
  const [resourceId, setResourceId] = useState(origin?.resource_id ?? "");
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [refused, setRefused] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState("");
  const resources = useQuery(ask.resources);
  const deployments = useQuery(ask.deployments);
  const overview = useQuery(ask.overview);
  const storage = useQuery(ask.storage);
  const navigate = useNavigate();
  const say = useToast();
  const usable = useMemo(
    () => new Set(deployments.data?.filter((one) => one.module_id === app.module_id).map((one) => one.resource_id)),
    [deployments.data, app],
  );
  const fits = resources.data?.filter((one) => usable.has(one.id) && one.enabled) ?? [];
  const chosen = resources.data?.find((one) => one.id === resourceId) ?? fits[0];
  const queue =
    chosen?.queues.find((one) => one.name === needs.queue) ??
    chosen?.queues.find((one) => one.is_default) ??
    chosen?.queues[0];

  const problems: Record<string, string> = { ...refused };
  if (!name.trim()) problems.name = "Give it a name";
  for (const input of inputs) {
    const wrong = problemOf(input, typed[input.name]);
    if (wrong) problems[`inputs.${input.name}`] = wrong;
  }
  const among = picked.length > 1;
  const unfit = { priority: priorityProblem(terms.priority), deadline_seconds: deadlineProblem(terms.deadline) };
  for (const [field, wrong] of Object.entries(unfit)) if (wrong) problems[field] = wrong;
  for (const [field, , limit] of NEEDS) {
    const wrong = needProblem(needs[field], among ? null : queue?.[limit]);
    if (wrong) problems[`requirements.${field}`] = wrong;
  }
  const outputs = [...app.outputs, ...(spec.archive ? [{ name: "@work-directory", type: "directory" }] : [])];
  const outputNames = outputs.map((one) => one.name);
  for (const [field, wrong] of Object.entries(placedProblems(placed, outputNames, storage.data)))
    problems[field] ??= wrong;
  if (!chosen) problems.resource_id = "No resource runs this application: deploy it on one";
  const wrong = Object.keys(problems);
  const show = (field: string): string | undefined => (left.has(field) || refused[field] ? problems[field] : undefined);
  const leave = (field: string) => (): void => setLeft((before) => new Set(before).add(field));
  const type = (input: InputSpec, value: string | boolean): void => {
    setTyped({ ...typed, [input.name]: value });
    setRefused(({ [`inputs.${input.name}`]: _, ...rest }) => rest);
  };

  const body = () => ({
    kind: "application" as const,
    name: name.trim(),
    description: notes,
    interface_id: app.id,
    resource_id: among ? null : chosen!.id,
    resource_ids: among ? picked : [],
    inputs: valuesOf(inputs, typed),
    requirements: Object.fromEntries(
      Object.entries({ ...needs, ...(queue ? { queue: among ? "" : queue.name } : {}) })
        .filter(([, value]) => value !== "")
        .map(([one, value]) => [one, one === "queue" || one === "account" ? value : Number(value)]),
    ),
    // The form has no field for these two: what a draft says stays.
    work_directory: spec.work_directory ?? ("remove-on-success" as const),
    archive: spec.archive ?? false,
    deliveries: deliveriesOf(placed),
    ...termsOf(terms),
  });
  const send = async (launch: boolean): Promise<void> => {
    setLeft(new Set(wrong));
    if (launch && wrong.length) {
      focusOn(wrong[0]);
      return;
    }
    setBusy(launch ? "Launching" : "Saving");
    try {
      const id = await sent(origin, draft, { ...body(), launch });
      say(launch ? "Launched" : "Saved as a draft");
      await (launch ? navigate({ to: "/experiments/$id", params: { id } }) : navigate({ to: "/drafts" }));
    } catch (error) {
      if (error instanceof ApiError) {
        setRefused(Object.fromEntries((error.problem.errors ?? []).map((one) => [one.field, one.message])));
        say(error.message, { tone: "failed" });
      }
    }
    setBusy("");
  };
  return (
    <form
      className="flex min-h-0 flex-1 flex-col"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void send(true);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
          event.preventDefault();
          void send(true);
        }
      }}
    >
      <div className="flex shrink-0 items-baseline gap-3 border-line border-b px-6 py-4 max-sm:px-4">
        <h2 className="m-0 font-semibold text-[18px] leading-[26px]">{app.name}</h2>
        <span className="clip flex-1 text-ink-2">{app.description}</span>
        {origin && (
          <span className="meta">
            {draft ? (
              "a draft"
            ) : (
              <>
                from{" "}
                <Link className="link" to="/experiments/$id" params={{ id: origin.id }}>
                  {origin.name}
                </Link>
              </>
            )}
          </span>
        )}
      </div>
      <div className="flex min-h-0 flex-1">
        <div className="scroll min-w-0 flex-1 px-6 max-sm:px-4">
          <Section title="Experiment">
            <Field label="Name" field="name" problem={show("name")}>
              <input
                id="name"
                data-field="name"
                className="field"
                value={name}
                maxLength={200}
                onChange={(event) => setName(event.target.value)}
                onBlur={leave("name")}
                aria-invalid={Boolean(show("name"))}
                aria-describedby="name-note"
              />
            </Field>
            <Field label="Notes" field="notes">
              <textarea
                id="notes"
                className="field"
                rows={2}
                value={notes}
                onChange={(event) => setNotes(event.target.value)}
              />
            </Field>
          </Section>
          <Section
            title="Inputs"
            hint={`${inputs.filter((one) => one.type === "boolean" || typed[one.name]).length} of ${inputs.length} set`}
          >
            <div className="grid grid-cols-3 gap-x-3 max-lg:grid-cols-2 max-sm:grid-cols-1">
              {inputs.map((input) => (
                <InputField
                  key={input.name}
                  input={input}
                  value={typed[input.name]}
                  problem={show(`inputs.${input.name}`)}
                  onChange={(value) => type(input, value)}
                  onLeave={leave(`inputs.${input.name}`)}
                />
              ))}
            </div>
          </Section>
          <Section title="Resource" hint="Queues as they stand now">
            <Queues
              resources={resources.data ?? []}
              usable={usable}
              chosen={chosen}
              queue={queue}
              overview={overview.data}
              onChoose={(resource, one) => (setResourceId(resource.id), setNeeds({ ...needs, queue: one?.name ?? "" }))}
            />
            <Candidates fits={fits} picked={picked} onPick={setPicked} />
            {show("resource_id") && <p className="mt-1 mb-0 text-[12px] text-failed">{problems.resource_id}</p>}
            <div className="mt-3 grid grid-cols-4 gap-x-3 max-lg:grid-cols-2">
              {NEEDS.map(([field, label, limit]) => (
                <NumberField
                  key={field}
                  label={label}
                  field={`requirements.${field}`}
                  hint={queue?.[limit] ? `1–${count(queue[limit])}` : ""}
                  problem={show(`requirements.${field}`)}
                  inputMode="numeric"
                  placeholder="default"
                  value={needs[field] ?? ""}
                  onChange={(value) => setNeeds({ ...needs, [field]: value })}
                  onLeave={leave(`requirements.${field}`)}
                />
              ))}
            </div>
          </Section>
          <Section title="Outputs go on to" hint="Besides the platform's store">
            <Deliveries
              placed={placed}
              outputs={outputs}
              places={storage.data ?? []}
              problem={show}
              onChange={(next) => (setPlaced(next), setRefused({}))}
              onLeave={leave}
            />
          </Section>
          <Section title="Order and end" hint="What is not done by its end is stopped">
            <TermsFields
              terms={terms}
              problems={{ priority: show("priority"), deadline_seconds: show("deadline_seconds") }}
              onChange={setTerms}
              onLeave={leave}
            />
          </Section>
        </div>
        <Plan
          app={app}
          inputs={inputs}
          resource={chosen}
          request={chosen ? { ...body(), launch: false } : null}
          complete={!wrong.length}
          origin={origin}
        />
      </div>
      <Foot
        wrong={wrong}
        where={among ? `on one of ${picked.length} resources` : `on ${chosen?.name}${queue ? ` ${queue.name}` : ""}`}
        busy={busy}
        mayKeep={Boolean(name.trim() && chosen)}
        onShow={() => (setLeft(new Set(wrong)), focusOn(wrong[0]))}
        onKeep={() => void send(false)}
      />
    </form>
  );
}

function focusOn(field: string | undefined): void {
  document.querySelector<HTMLElement>(`[data-field="${field}"]`)?.focus();
}

function needProblem(value: string | undefined, most: number | null | undefined): string | null {
  if (!value) return null;
  if (!/^\d+$/.test(value) || Number(value) < 1) return "Must be a whole number, at least 1";
  return most && Number(value) > most ? `This queue allows at most ${count(most)}` : null;
}
