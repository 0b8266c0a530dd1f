import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Play, Upload } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import {
  ApiError,
  api,
  call,
  type ExperimentInFull,
  type InterfaceShown,
  key,
  type Queue,
  type ResourceShown,
} from "../api/client";
import { type InputSpec, problemOf, range, type Typed, typedFrom, valuesOf } from "../core/inputs";
import { kindOf } from "../core/states";
import { count } from "../core/time";
import * as ask from "../queries";
import { useTitle } from "../shell/shell";
import { Failure } from "../ui/parts";
import { StateIcon } from "../ui/state";
import { useToast } from "../ui/toast";

/** Choose an application; then its form, made from its interface. */
export function Launch() {
  const { app, from, draft } = useSearch({ from: "/inside/launch" });
  const interfaces = useQuery(ask.interfaces);
  const origin = useQuery({ ...ask.experiment(from ?? draft ?? ""), enabled: Boolean(from ?? draft) });
  const chosen = interfaces.data?.find((one) => one.name === app || one.id === origin.data?.interface_id);
  useTitle(
    <span>
      <Link to="/launch" className="font-normal text-ink-2 hover:underline">
        Launch
      </Link>
      {chosen && (
        <>
          {" "}
          <span className="font-normal text-ink-3">/</span> {chosen.name}
        </>
      )}
    </span>,
    "Launch",
  );
  if (interfaces.error) return <Failure error={interfaces.error} retry={() => void interfaces.refetch()} />;
  if ((from ?? draft) && !origin.data) return origin.error ? <Failure error={origin.error} /> : null;
  if (chosen)
    return (
      <Form key={`${chosen.id}-${from ?? draft ?? ""}`} app={chosen} origin={origin.data} draft={Boolean(draft)} />
    );
  return (
    <div className="scroll flex-1 p-6 max-sm:p-4">
      <p className="mt-0 text-ink-2">
        {interfaces.data?.length
          ? "What is to be run?"
          : interfaces.isPending
            ? "…"
            : "No application is described yet."}
      </p>
      <ul className="m-0 max-w-[720px] list-none border-line border-t p-0">
        {interfaces.data?.map((one) => (
          <li key={one.id} className="border-line border-b">
            <Link to="/launch" search={{ app: one.name }} className="flex items-center gap-4 px-3 py-3 hover:bg-hover">
              <span className="min-w-0 flex-1">
                <span className="name block">{one.name}</span>
                <span className="second block">{one.description || "No description"}</span>
              </span>
              <span className="meta">{one.inputs.length} inputs</span>
            </Link>
          </li>
        ))}
      </ul>
      {!interfaces.data?.length && (
        <Link to="/applications" className="btn">
          Describe one
        </Link>
      )}
    </div>
  );
}

const NEEDS = [
  ["nodes", "Nodes", "max_nodes"],
  ["cpus_per_task", "Cores a task", "max_cpus_per_node"],
  ["memory_mb", "Memory, MB", "max_memory_mb"],
  ["wall_time_minutes", "Time limit, min", "max_wall_time_minutes"],
] as const;

type Needs = Record<string, string>;

function Form({ app, origin, draft }: { app: InterfaceShown; origin: ExperimentInFull | undefined; draft: boolean }) {
  const inputs = app.inputs as unknown as InputSpec[];
  const spec = (origin?.spec ?? {}) as { inputs?: Record<string, unknown>; requirements?: Record<string, unknown> };
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
  const [resourceId, setResourceId] = useState(origin?.resource_id ?? "");
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [refused, setRefused] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState("");
  const resources = useQuery(ask.resources);
  const deployments = useQuery(ask.deployments);
  const overview = useQuery(ask.overview);
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
  for (const [field, , limit] of NEEDS) {
    const wrong = needProblem(needs[field], queue?.[limit]);
    if (wrong) problems[`requirements.${field}`] = wrong;
  }
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
    resource_id: chosen!.id,
    inputs: valuesOf(inputs, typed),
    requirements: Object.fromEntries(
      Object.entries({ ...needs, ...(queue ? { queue: queue.name } : {}) })
        .filter(([, value]) => value !== "")
        .map(([one, value]) => [one, one === "queue" || one === "account" ? value : Number(value)]),
    ),
    work_directory: "remove-on-success" as const,
  });
  const send = async (launch: boolean): Promise<void> => {
    setLeft(
      new Set([
        "name",
        "resource_id",
        ...inputs.map((one) => `inputs.${one.name}`),
        ...NEEDS.map(([one]) => `requirements.${one}`),
      ]),
    );
    if (launch && wrong.length) {
      document.querySelector<HTMLElement>(`[data-field="${wrong[0]}"]`)?.focus();
      return;
    }
    setBusy(launch ? "Launching" : "Saving");
    try {
      let id = origin?.id ?? "";
      if (draft && origin) {
        await call(
          api.PUT("/api/v1/experiments/{experiment_id}", {
            params: { path: { experiment_id: id }, header: { "if-match": `"${origin.version}"` } },
            body: { ...body(), launch: false },
          }),
        );
        if (launch)
          await call(
            api.POST("/api/v1/experiments/{experiment_id}/launch", {
              params: { path: { experiment_id: id }, header: key() },
            }),
          );
      } else {
        id = (await call(api.POST("/api/v1/experiments", { params: { header: key() }, body: { ...body(), launch } })))
          .id;
      }
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
            {show("resource_id") && <p className="mt-1 mb-0 text-[12px] text-failed">{problems.resource_id}</p>}
            <div className="mt-3 grid grid-cols-4 gap-x-3 max-lg:grid-cols-2">
              {NEEDS.map(([field, label, limit]) => (
                <Field
                  key={field}
                  label={label}
                  field={`requirements.${field}`}
                  hint={queue?.[limit] ? `1–${count(queue[limit])}` : ""}
                  problem={show(`requirements.${field}`)}
                >
                  <input
                    id={`requirements.${field}`}
                    data-field={`requirements.${field}`}
                    inputMode="numeric"
                    className="field num"
                    placeholder="default"
                    value={needs[field] ?? ""}
                    onChange={(event) => setNeeds({ ...needs, [field]: event.target.value })}
                    onBlur={leave(`requirements.${field}`)}
                    aria-invalid={Boolean(show(`requirements.${field}`))}
                  />
                </Field>
              ))}
            </div>
          </Section>
        </div>
        <Plan app={app} inputs={inputs} resource={chosen} request={chosen ? body() : null} origin={origin} />
      </div>
      <footer className="flex shrink-0 items-center gap-3 border-line border-t px-6 py-3 max-sm:px-4">
        <span className="inline-flex min-w-0 flex-1 items-center gap-2">
          <StateIcon kind={wrong.length ? "created" : "completed"} />
          {wrong.length ? (
            <button
              type="button"
              className="clip text-left hover:underline"
              onClick={() => (
                setLeft(new Set(wrong)), document.querySelector<HTMLElement>(`[data-field="${wrong[0]}"]`)?.focus()
              )}
            >
              <b className="font-semibold">{wrong.length === 1 ? "1 field to fix" : `${wrong.length} fields to fix`}</b>
              <span className="text-ink-2"> {wrong[0]?.replace(/^inputs\.|^requirements\./, "")}</span>
            </button>
          ) : (
            <span className="clip">
              <b className="font-semibold">Ready to launch</b>{" "}
              <span className="text-ink-2 max-sm:hidden">
                on {chosen?.name}
                {queue ? ` ${queue.name}` : ""}
              </span>
            </span>
          )}
        </span>
        {busy && <span className="meta">{busy} …</span>}
        <button
          type="button"
          className="btn"
          disabled={Boolean(busy) || !name.trim() || !chosen}
          onClick={() => void send(false)}
        >
          Save draft
        </button>
        <button type="submit" className="btn ink" disabled={Boolean(busy)}>
          <Play size={14} /> Launch
        </button>
      </footer>
    </form>
  );
}

function needProblem(value: string | undefined, most: number | null | undefined): string | null {
  if (!value) return null;
  if (!/^\d+$/.test(value) || Number(value) < 1) return "Must be a whole number, at least 1";
  return most && Number(value) > most ? `This queue allows at most ${count(most)}` : null;
}

function Section({ title, hint, children }: { title: string; hint?: string; children: React.ReactNode }) {
  return (
    <section className="grid grid-cols-[130px_1fr] gap-x-4 border-line border-b py-4 last:border-0 max-lg:grid-cols-1 max-lg:gap-y-2">
      <div>
        <h3 className="m-0 font-semibold text-[13px] leading-5">{title}</h3>
        {hint && <p className="second m-0">{hint}</p>}
      </div>
      <div className="min-w-0">{children}</div>
    </section>
  );
}

function Field({
  label,
  field,
  hint,
  problem,
  children,
}: {
  label: string;
  field: string;
  hint?: string;
  problem?: string;
  children: React.ReactNode;
}) {
  return (
    <div className="mb-3 min-w-0">
      <div className="mb-1 flex items-baseline justify-between gap-2 text-[12px] leading-4">
        <label htmlFor={field} className="clip font-medium text-ink-2" title={label}>
          {label}
        </label>
        {hint && <span className="num shrink-0 text-ink-3">{hint}</span>}
      </div>
      {children}
      <p id={`${field}-note`} className="m-0 mt-1 text-[12px] text-failed leading-4 empty:hidden">
        {problem}
      </p>
    </div>
  );
}

interface InputFieldProps {
  input: InputSpec;
  value: string | boolean | undefined;
  problem: string | undefined;
  onChange: (value: string | boolean) => void;
  onLeave: () => void;
}

function InputField({ input, value, problem, onChange, onLeave }: InputFieldProps) {
  const id = `inputs.${input.name}`;
  const shared = {
    id,
    "data-field": id,
    "aria-invalid": Boolean(problem),
    "aria-describedby": `${id}-note`,
    onBlur: onLeave,
  };
  const label = input.description ? `${input.name}: ${input.description}` : input.name;
  if (input.type === "boolean")
    return (
      <label className="mb-3 flex min-w-0 items-center gap-2 self-end pb-[6px]" title={label}>
        <input
          {...shared}
          type="checkbox"
          className="size-4 accent-ink"
          checked={value === true}
          onChange={(event) => onChange(event.target.checked)}
        />
        <span className="clip">{input.name}</span>
      </label>
    );
  const text = typeof value === "string" ? value : "";
  return (
    <Field label={label} field={id} hint={range(input) || (input.required ? "" : "optional")} problem={problem}>
      {input.type === "enum" ? (
        <select {...shared} className="field" value={text} onChange={(event) => onChange(event.target.value)}>
          {!text && <option value="">Choose</option>}
          {input.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : input.type === "file" ? (
        <FileInput shared={shared} value={text} onChange={onChange} />
      ) : (
        <input
          {...shared}
          className={`field ${input.type === "string" ? "" : "num"}`}
          inputMode={input.type === "integer" ? "numeric" : input.type === "float" ? "decimal" : "text"}
          value={text}
          placeholder={input.default == null ? "" : String(input.default)}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

function FileInput({
  shared,
  value,
  onChange,
}: {
  shared: { id: string; onBlur: () => void };
  value: string;
  onChange: (value: string) => void;
}) {
  const picker = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState("");
  const say = useToast();
  const upload = async (file: File): Promise<void> => {
    setSaid(`Uploading ${file.name}`);
    const form = new FormData();
    form.append("file", file);
    try {
      const response = await fetch("/api/v1/files", {
        method: "POST",
        body: form,
        headers: { "Howdah-Console": "1", ...key() },
      });
      const answer = (await response.json()) as { uri?: string; name?: string; detail?: string };
      if (!response.ok || !answer.uri) throw new Error(answer.detail ?? `The server answered ${response.status}.`);
      onChange(answer.uri);
      setSaid(`${file.name}, ${file.size.toLocaleString("en-US")} bytes`);
    } catch (error) {
      setSaid("");
      say(error instanceof Error ? error.message : "The file was not uploaded", { tone: "failed" });
    }
  };
  return (
    <>
      <div className="flex gap-2">
        <input
          {...shared}
          className="field mono min-w-0 flex-1"
          value={value}
          placeholder="howdah://objects/…"
          onChange={(event) => onChange(event.target.value)}
        />
        <button type="button" className="btn !h-8" onClick={() => picker.current?.click()}>
          <Upload size={14} /> File
        </button>
        <input
          ref={picker}
          type="file"
          className="hidden"
          tabIndex={-1}
          aria-label={`File for ${shared.id}`}
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file) void upload(file);
          }}
        />
      </div>
      {said && <p className="second mt-1 mb-0">{said}</p>}
    </>
  );
}

interface QueuesProps {
  resources: readonly ResourceShown[];
  usable: ReadonlySet<string>;
  chosen: ResourceShown | undefined;
  queue: Queue | undefined;
  overview: { jobs: { resource_id: string | null; state: string; jobs: number }[] } | undefined;
  onChoose: (resource: ResourceShown, queue: Queue | undefined) => void;
}

/** Every queue of every resource; what can't be used stays listed, with the reason. */
function Queues({ resources, usable, chosen, queue, overview, onChoose }: QueuesProps) {
  const rows = resources.flatMap((resource) =>
    (resource.queues.length ? resource.queues : [undefined]).map((one) => ({ resource, one })),
  );
  return (
    <div className="overflow-hidden rounded border border-line" role="radiogroup" aria-label="Resource and queue">
      <div className="grid grid-cols-[20px_1.2fr_1fr_1.2fr] gap-3 bg-bg px-3 py-2 text-[12px] text-ink-2">
        <span /> <span>Queue</span> <span>Our jobs now</span> <span>Allows at most</span>
      </div>
      {rows.map(({ resource, one }) => {
        const reason = !resource.enabled
          ? "switched off"
          : usable.has(resource.id)
            ? null
            : "this application is not deployed there";
        const on = chosen?.id === resource.id && queue?.name === one?.name;
        const live = overview?.jobs.filter((job) => job.resource_id === resource.id) ?? [];
        const of = (kind: string): number =>
          live.filter((job) => kindOf(job.state) === kind).reduce((all, job) => all + job.jobs, 0);
        const limits = [
          one?.max_wall_time_minutes && `${one.max_wall_time_minutes} min`,
          one?.max_nodes && `${one.max_nodes} nodes`,
        ]
          .filter(Boolean)
          .join(", ");
        return (
          <label
            key={`${resource.id}-${one?.name ?? ""}`}
            className={`grid grid-cols-[20px_1.2fr_1fr_1.2fr] items-center gap-3 border-line border-t px-3 py-2 ${on ? "bg-selected" : ""} ${reason ? "text-ink-3" : ""}`}
          >
            <input
              type="radio"
              name="queue"
              className="size-4 accent-ink"
              disabled={Boolean(reason)}
              checked={on}
              onChange={() => onChoose(resource, one)}
              aria-label={`${resource.name} ${one?.name ?? ""}`}
            />
            <span className="clip">
              <b className="font-semibold">{resource.name}</b> {one?.name}
            </span>
            {reason ? (
              <span className="col-span-2 clip">{reason}</span>
            ) : (
              <span className="num">
                {of("executing")} run, {of("queued")} wait
              </span>
            )}
            {!reason && <span className="clip num">{limits || "no limit known"}</span>}
          </label>
        );
      })}
    </div>
  );
}

interface PlanProps {
  app: InterfaceShown;
  inputs: readonly InputSpec[];
  resource: ResourceShown | undefined;
  request: object | null;
  origin: ExperimentInFull | undefined;
}

/** What will be done, step by step; the request as a program would send it. */
function Plan({ app, inputs, resource, request, origin }: PlanProps) {
  const [tab, setTab] = useState<"plan" | "request" | "compare">("plan");
  const files = inputs.filter((one) => one.type === "file").length;
  const outputs = app.outputs.length;
  const steps: [string, string][] = [
    ["env-setup", "a work directory of its own"],
    ...(files ? ([["input-staging", `${files} ${files === 1 ? "file" : "files"}`]] as [string, string][]) : []),
    ["job-submission", "exactly one job"],
    [
      "job-monitoring",
      resource?.scheduler === "fork"
        ? "until the process ends"
        : `until ${resource?.scheduler ?? "the scheduler"} says it has ended`,
    ],
    ...(outputs
      ? ([["output-staging", `${outputs} ${outputs === 1 ? "output" : "outputs"}`]] as [string, string][])
      : []),
    ["env-cleanup", "removed when it succeeded"],
  ];
  const before = origin ? flat(origin.spec) : null;
  const after = request ? flat(request) : {};
  const changed = before
    ? [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
        (one) =>
          !["name", "description"].includes(one) &&
          before[one] !== after[one] &&
          (before[one] ?? "null") !== (after[one] ?? "null"),
      )
    : [];
  useEffect(() => {
    if (!origin && tab === "compare") setTab("plan");
  }, [origin, tab]);
  return (
    <aside
      className="scroll w-[400px] shrink-0 border-line border-l bg-bg max-xl:w-[320px] max-lg:hidden"
      aria-label="What will be done"
    >
      <div role="tablist" aria-label="About the launch" className="flex gap-5 border-line border-b px-5">
        {(["plan", "request", ...(origin ? (["compare"] as const) : [])] as const).map((one) => (
          <button
            key={one}
            type="button"
            role="tab"
            aria-selected={tab === one}
            className="tab"
            onClick={() => setTab(one)}
          >
            {{ plan: "Plan", request: "Request", compare: "Compare with last run" }[one]}{" "}
            {one === "compare" && <span className="num font-normal text-ink-3">{changed.length}</span>}
          </button>
        ))}
      </div>
      <div className="p-5">
        {tab === "plan" && (
          <ol className="m-0 list-none p-0">
            {steps.map(([step, words], index) => (
              <li key={step} className="relative flex items-start gap-3 pb-4 last:pb-0">
                {index < steps.length - 1 && <span className="absolute top-4 bottom-0 left-[5px] w-px bg-strong" />}
                <span className="mt-[5px] size-[11px] shrink-0 rounded-[2px] border border-strong bg-surface" />
                <span className="min-w-0 flex-1">
                  <b className="font-semibold">{step}</b> <span className="text-ink-2">{words}</span>
                </span>
                <span className="text-ink-2">{resource?.name}</span>
              </li>
            ))}
          </ol>
        )}
        {tab === "request" && (
          <pre className="mono m-0 overflow-auto whitespace-pre-wrap break-all rounded border border-line bg-code p-3">
            {JSON.stringify(request, null, 2)}
          </pre>
        )}
        {tab === "compare" && (
          <>
            {changed.length === 0 && <p className="m-0 text-ink-2">The same as the last run.</p>}
            {changed.map((one) => (
              <p key={one} className="mono m-0 mb-2">
                {one}
                <br />
                <span className="text-failed">− {before?.[one] ?? ""}</span>
                <br />
                <span className="text-completed">+ {after[one] ?? ""}</span>
              </p>
            ))}
          </>
        )}
      </div>
    </aside>
  );
}

function flat(value: unknown, path = "", found: Record<string, string> = {}): Record<string, string> {
  if (value !== null && typeof value === "object" && !Array.isArray(value))
    for (const [one, inner] of Object.entries(value)) flat(inner, path ? `${path}.${one}` : one, found);
  else if (value !== null && value !== undefined) found[path] = String(value);
  return found;
}
