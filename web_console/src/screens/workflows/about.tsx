import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import type { Definition, Parameter } from "../../core/composer/definition";
import { NameField, ValueField } from "./fields";
import type { Problem } from "./usecomposer";

const TYPES = [
  "string",
  "integer",
  "number",
  "boolean",
  "array",
  "object",
  "file",
  "files",
  "resource",
  "any",
] as const;
const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,59}$/;
const WORKFLOW_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

interface Props {
  definition: Definition;
  problems: readonly Problem[];
  /** The name of one that is kept is its own for good. */
  kept: boolean;
  onChange?: (next: Definition, kind?: string) => void;
}

/** What belongs to no step: the name, what a run is given, what it gives. */
export function About({ definition, problems, kept, onChange }: Props) {
  const [fresh, setFresh] = useState("");
  const edit = (change: Partial<Definition>): void => onChange?.({ ...definition, ...change });
  const at = (field: string): string | undefined =>
    problems.find((one) => one.field === field || one.field.startsWith(`${field}.`))?.message;
  const parameters = definition.parameters ?? {};
  const set = (name: string, parameter: Parameter | undefined): void => {
    const { [name]: _, ...others } = parameters;
    edit({ parameters: parameter ? { ...parameters, [name]: parameter } : others });
  };
  const outputs = definition.outputs ?? {};
  return (
    <fieldset disabled={!onChange} className="m-0 min-w-0 border-0 p-5">
      <legend className="sr-only">The workflow</legend>
      {!kept && (
        <NameField
          label="Name of the workflow"
          value={definition.name}
          check={(text) => (WORKFLOW_NAME.test(text) ? null : "Small letters and digits, with hyphens between words")}
          onChange={(name) => edit({ name })}
        />
      )}
      <ValueField
        label="Description"
        area
        value={definition.description}
        problem={at("description")}
        onChange={(value) => edit({ description: value === undefined ? "" : String(value) })}
      />
      <section aria-label="Parameters" className="border-line border-t pt-3">
        <h3 className="m-0 mb-2 font-semibold">Parameters</h3>
        {Object.entries(parameters).map(([name, parameter]) => (
          <details key={name} className="border-line border-b py-1">
            <summary className="flex items-center gap-2">
              <span className={`name clip flex-1 ${at(`parameters.${name}`) ? "text-failed" : ""}`}>{name}</span>
              <span className="meta">{parameter.type}</span>
            </summary>
            <div className="pt-2">
              <label className="mb-3 block">
                <span className="mb-1 block font-medium text-[12px] text-ink-2 leading-4">Type</span>
                <select
                  className="field"
                  value={parameter.type}
                  onChange={(event) => set(name, { ...parameter, type: event.target.value })}
                >
                  {TYPES.map((type) => (
                    <option key={type}>{type}</option>
                  ))}
                </select>
              </label>
              <ValueField
                label="Default"
                hint="none: a run must be given it"
                value={parameter.default}
                problem={at(`parameters.${name}`)}
                onChange={(value) => {
                  const { default: _, ...rest } = parameter;
                  set(name, value === undefined ? rest : { ...rest, default: value });
                }}
              />
              <ValueField
                label="What it is"
                value={parameter.description}
                onChange={(value) => set(name, { ...parameter, description: value === undefined ? "" : String(value) })}
              />
              <button type="button" className="btn small mb-2" onClick={() => set(name, undefined)}>
                <Trash2 size={13} /> Remove {name}
              </button>
            </div>
          </details>
        ))}
        <div className="mt-2 mb-3 flex gap-2">
          <input
            className="field"
            aria-label="Name of a new parameter"
            placeholder="a new one's name"
            value={fresh}
            onChange={(event) => setFresh(event.target.value)}
          />
          <button
            type="button"
            className="btn"
            disabled={!NAME.test(fresh) || fresh in parameters}
            onClick={() => {
              set(fresh, { type: "string" });
              setFresh("");
            }}
          >
            <Plus size={13} /> Add
          </button>
        </div>
      </section>
      <section aria-label="Outputs" className="border-line border-t pt-3">
        <h3 className="m-0 mb-2 font-semibold">What a run gives</h3>
        {Object.entries(outputs).map(([name, value]) => (
          <ValueField
            key={name}
            label={name}
            value={value}
            problem={at(`outputs.${name}`)}
            hint="empty it to take it away"
            onChange={(next) => {
              const { [name]: _, ...others } = outputs;
              edit({ outputs: next === undefined ? others : { ...outputs, [name]: next } });
            }}
          />
        ))}
        <NameField
          label="Another output, by its name"
          value=""
          check={(text) => (NAME.test(text) && !(text in outputs) ? null : "A name that is not there yet")}
          onChange={(name) => edit({ outputs: { ...outputs, [name]: "" } })}
        />
      </section>
    </fieldset>
  );
}
