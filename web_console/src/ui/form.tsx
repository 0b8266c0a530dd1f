import { Plus, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { ApiError } from "../api/client";
import { type FieldSpec, problemsOf, sent, shownText, typedValue, type Values } from "../core/forms";
import { JsonEditor } from "./jsoneditor";
import { Tabs } from "./tabs";

interface FormProps {
  label: string;
  specs: readonly FieldSpec[];
  value: Values;
  saving: string;
  onSave: (value: never) => Promise<void>;
  /** Stands above the button, and says more of what has been typed. */
  below?: ((values: Values) => ReactNode) | undefined;
}

const WAYS = [
  ["form", "Form"],
  ["text", "Text"],
] as const;

/** A thing of the catalogue as a form, or as text for what the form does not show. */
export function CatalogueForm({ label, specs, value, saving, onSave, below }: FormProps) {
  const [values, setValues] = useState(value);
  const [way, setWay] = useState<"form" | "text">("form");
  const [tried, setTried] = useState(false);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [refused, setRefused] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const own = problemsOf(specs, values);
  const told = Object.entries(own).filter(([field]) => tried || left.has(field));
  const problems = { ...Object.fromEntries(told), ...refused };
  const save = async (): Promise<void> => {
    setTried(true);
    if (Object.keys(own).length) {
      document.querySelector<HTMLElement>(`[data-field="${Object.keys(own)[0]}"]`)?.focus();
      return;
    }
    setBusy(true);
    try {
      await onSave(sent(values, specs) as never);
    } catch (error) {
      setRefused(refusals(error));
    }
    setBusy(false);
  };
  const change = (next: Values): void => {
    setValues(next);
    setRefused({});
  };
  const unplaced = Object.entries(refused).filter(([field]) => !document.querySelector(`[data-field="${field}"]`));
  return (
    <div>
      <Tabs label="How it is edited" tabs={WAYS} chosen={way} onChoose={setWay} className="mb-4" short />
      {way === "text" ? (
        <JsonEditor label={label} value={sent(values, specs)} saving={saving} onSave={onSave} />
      ) : (
        <form
          noValidate
          aria-label={label}
          onBlur={({ target }) => {
            const field = (target as HTMLElement).dataset.field;
            if (field) setLeft((before) => new Set(before).add(field));
          }}
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <Fields specs={specs} values={values} problems={problems} path="" onChange={change} />
          {below?.(values)}
          <ul role="alert" className="m-0 mt-2 list-none p-0 text-failed empty:hidden">
            {unplaced.map(([field, words]) => (
              <li key={field}>{field ? `${field}: ${words}` : words}</li>
            ))}
          </ul>
          <button type="submit" className="btn ink mt-3" disabled={busy}>
            {saving}
          </button>
        </form>
      )}
    </div>
  );
}

/** What the server refused, by field; what belongs to no field stands under an empty name. */
function refusals(error: unknown): Record<string, string> {
  const problem = error instanceof ApiError ? error.problem : null;
  if (!problem?.errors?.length) return { "": problem?.detail ?? "No answer" };
  return Object.fromEntries(problem.errors.map((one) => [one.field, one.message]));
}

interface FieldsProps {
  specs: readonly FieldSpec[];
  values: Values;
  problems: Record<string, string>;
  path: string;
  onChange: (values: Values) => void;
}

function Fields({ specs, values, problems, path, onChange }: FieldsProps) {
  return (
    <div className="grid grid-cols-2 gap-x-3">
      {specs
        .filter((spec) => !spec.when || spec.when(values))
        .map((spec) => {
          const at = path ? `${path}.${spec.name}` : spec.name;
          const set = (value: unknown): void => onChange({ ...values, [spec.name]: value });
          if (spec.kind === "group")
            return (
              <fieldset key={at} className="col-span-2 m-0 mt-2 border-0 border-line border-t p-0 pt-3">
                <legend className="float-left mb-2 w-full p-0 font-semibold">{spec.label}</legend>
                <div className="clear-left">
                  <Fields
                    specs={spec.fields}
                    values={(values[spec.name] ?? {}) as Values}
                    problems={problems}
                    path={at}
                    onChange={set}
                  />
                </div>
              </fieldset>
            );
          if (spec.kind === "list")
            return (
              <ListField
                key={at}
                spec={spec}
                items={(values[spec.name] ?? []) as Values[]}
                problems={problems}
                path={at}
                onChange={set}
              />
            );
          return (
            <OneField key={at} spec={spec} at={at} value={values[spec.name]} problem={problems[at]} onChange={set} />
          );
        })}
    </div>
  );
}

interface ListProps {
  spec: Extract<FieldSpec, { kind: "list" }>;
  items: readonly Values[];
  problems: Record<string, string>;
  path: string;
  onChange: (items: Values[]) => void;
}

function ListField({ spec, items, problems, path, onChange }: ListProps) {
  return (
    <section className="col-span-2 mt-2 border-line border-t pt-3" aria-label={spec.label}>
      <div className="mb-2 flex items-center">
        <h4 className="m-0 flex-1 font-semibold">
          {spec.label} <span className="num font-normal text-ink-3">{items.length || ""}</span>
        </h4>
        <button type="button" className="btn small" onClick={() => onChange([...items, spec.fresh])}>
          <Plus size={13} /> Add {spec.one}
        </button>
      </div>
      {items.map((item, index) => {
        const name = String(item.name ?? item.host ?? "") || `${spec.one} ${index + 1}`;
        const wrong = Object.keys(problems).some((field) => field.startsWith(`${path}.${index}.`));
        return (
          <details key={index} className="border-line border-t py-2" open={!item.name || wrong}>
            <summary className="flex items-center gap-2">
              <span className={`name clip flex-1 ${wrong ? "text-failed" : ""}`}>{name}</span>
              <span className="meta">{String(item.type ?? "")}</span>
            </summary>
            <div className="pt-2">
              <Fields
                specs={spec.fields}
                values={item}
                problems={problems}
                path={`${path}.${index}`}
                onChange={(next) => onChange(items.map((one, other) => (other === index ? next : one)))}
              />
              <button
                type="button"
                className="btn small mb-2"
                onClick={() => onChange(items.filter((_, other) => other !== index))}
              >
                <Trash2 size={13} /> Remove {name}
              </button>
            </div>
          </details>
        );
      })}
    </section>
  );
}

interface OneProps {
  spec: Exclude<FieldSpec, { kind: "group" | "list" }>;
  at: string;
  value: unknown;
  problem: string | undefined;
  onChange: (value: unknown) => void;
}

function OneField({ spec, at, value, problem, onChange }: OneProps) {
  const shared = {
    id: `form-${at}`,
    "data-field": at,
    "aria-invalid": Boolean(problem),
    "aria-describedby": `form-${at}-note`,
  };
  if (spec.kind === "tick")
    return (
      <label className={`mb-3 flex items-center gap-2 self-end pb-[6px] ${spec.wide ? "col-span-2" : ""}`}>
        <input
          {...shared}
          type="checkbox"
          className="size-4 accent-ink"
          checked={value === true}
          onChange={(event) => onChange(event.target.checked)}
        />
        {spec.label}
      </label>
    );
  const wide =
    spec.wide || spec.kind === "area" || spec.kind === "lines" || spec.kind === "pairs" || spec.kind === "json";
  return (
    <div className={`mb-3 min-w-0 ${wide ? "col-span-2" : ""}`}>
      <label htmlFor={shared.id} className="mb-1 block font-medium text-[12px] text-ink-2 leading-4">
        {spec.label}
      </label>
      <Control spec={spec} shared={shared} value={value} onChange={onChange} />
      <p
        id={`form-${at}-note`}
        className={`m-0 mt-1 text-[12px] leading-4 empty:hidden ${problem ? "text-failed" : "text-ink-3"}`}
      >
        {problem ?? ("hint" in spec ? spec.hint : "")}
      </p>
    </div>
  );
}

interface ControlProps {
  spec: Exclude<FieldSpec, { kind: "group" | "list" | "tick" }>;
  shared: { id: string };
  value: unknown;
  onChange: (value: unknown) => void;
}

function Control({ spec, shared, value, onChange }: ControlProps) {
  // Lines, pairs and JSON are typed as text: what is half typed must not be taken apart under the cursor.
  const [text, setText] = useState(() => shownText(spec, value));
  const type = (next: string): void => {
    setText(next);
    onChange(typedValue(spec, next));
  };
  if (spec.kind === "choice")
    return (
      <select
        {...shared}
        className="field"
        value={shownText(spec, value)}
        onChange={(event) => type(event.target.value)}
      >
        {!spec.required && <option value="">none</option>}
        {spec.required && !value && <option value="">Choose</option>}
        {spec.options.map((option) => {
          const [key, label] = typeof option === "string" ? [option, option] : option;
          return (
            <option key={key} value={key}>
              {label}
            </option>
          );
        })}
      </select>
    );
  if (spec.kind === "area" || spec.kind === "lines" || spec.kind === "pairs" || spec.kind === "json")
    return (
      <textarea
        {...shared}
        className={`field ${spec.kind === "area" ? "" : "mono"}`}
        rows={Math.min(spec.kind === "json" ? 14 : 8, Math.max(2, text.split("\n").length))}
        spellCheck={spec.kind === "area"}
        value={text}
        onChange={(event) => type(event.target.value)}
      />
    );
  return (
    <input
      {...shared}
      className={`field ${spec.kind === "mono" ? "mono" : spec.kind === "number" ? "num" : ""}`}
      inputMode={spec.kind === "number" ? "decimal" : "text"}
      value={text}
      onChange={(event) => type(event.target.value)}
    />
  );
}
