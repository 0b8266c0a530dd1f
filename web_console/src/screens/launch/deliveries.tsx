import { Plus, Trash2 } from "lucide-react";
import type { Place, Placed } from "../../core/deliveries";
import { Field } from "./fields";

/** What the whole work directory is called among the outputs. */
const EVERYTHING = "@work-directory";
const SEVERAL: ReadonlySet<string> = new Set(["files"]);

interface Props {
  placed: readonly Placed[];
  outputs: readonly { name: string; type: string }[];
  places: readonly Place[];
  problem: (field: string) => string | undefined;
  onChange: (placed: Placed[]) => void;
  onLeave: (field: string) => () => void;
}

/** Outputs go on to storage resources: which one, and what it is called there. */
export function Deliveries({ placed, outputs, places, problem, onChange, onLeave }: Props) {
  const set = (index: number, change: Partial<Placed>): void =>
    onChange(placed.map((one, other) => (other === index ? { ...one, ...change } : one)));
  const usable = places.filter((one) => one.enabled);
  if (!placed.length && !(outputs.length && usable.length))
    return (
      <p className="m-0 text-ink-2">
        {outputs.length
          ? "No storage resource is registered; outputs stay in the platform's store."
          : "This application has no outputs."}
      </p>
    );
  return (
    <>
      {placed.map((one, index) => {
        const at = `deliveries.${index}`;
        const type = outputs.find((other) => other.name === one.output)?.type ?? "";
        return (
          <fieldset
            key={index}
            aria-label={`Delivery ${index + 1}`}
            className="m-0 grid grid-cols-[minmax(100px,1fr)_minmax(110px,1fr)_minmax(150px,2fr)_32px] gap-x-3 border-0 p-0 max-sm:grid-cols-[1fr_1fr_32px]"
          >
            <Field label="Output" field={`${at}.output`} problem={problem(`${at}.output`)}>
              <select
                id={`${at}.output`}
                data-field={`${at}.output`}
                className="field"
                value={one.output}
                aria-invalid={Boolean(problem(`${at}.output`))}
                aria-describedby={`${at}.output-note`}
                onChange={(event) => set(index, { output: event.target.value })}
                onBlur={onLeave(`${at}.output`)}
              >
                <Options chosen={one.output} names={outputs.map((other) => other.name)} />
              </select>
            </Field>
            <Field label="Goes to" field={`${at}.storage`}>
              <select
                id={`${at}.storage`}
                className="field"
                value={one.storage}
                onChange={(event) => set(index, { storage: event.target.value })}
              >
                <Options chosen={one.storage} names={usable.map((other) => other.name)} />
              </select>
            </Field>
            <div className="min-w-0 max-sm:col-span-2 max-sm:row-start-2">
              <Field
                label={SEVERAL.has(type) ? "Into the folder" : "Called there"}
                field={`${at}.to`}
                problem={problem(`${at}.to`)}
              >
                <input
                  id={`${at}.to`}
                  data-field={`${at}.to`}
                  className="field mono"
                  spellCheck={false}
                  value={one.path}
                  placeholder={SEVERAL.has(type) ? "runs/42" : "runs/42/table.csv"}
                  aria-invalid={Boolean(problem(`${at}.to`))}
                  aria-describedby={`${at}.to-note`}
                  onChange={(event) => set(index, { path: event.target.value })}
                  onBlur={onLeave(`${at}.to`)}
                />
              </Field>
            </div>
            <button
              type="button"
              className="btn plain mt-5 !h-8 !px-2 max-sm:col-start-3 max-sm:row-start-1"
              aria-label={`Remove delivery ${index + 1}`}
              onClick={() => onChange(placed.filter((_, other) => other !== index))}
            >
              <Trash2 size={14} />
            </button>
          </fieldset>
        );
      })}
      <button
        type="button"
        className="btn small"
        onClick={() =>
          onChange([
            ...placed,
            {
              output: outputs.length === 1 ? outputs[0]!.name : "",
              storage: usable.length === 1 ? usable[0]!.name : "",
              path: "",
            },
          ])
        }
      >
        <Plus size={13} /> Deliver an output
      </button>
    </>
  );
}

/** What may be chosen; what a draft or an earlier run chose stays, also when it is gone. */
function Options({ chosen, names }: { chosen: string; names: readonly string[] }) {
  return (
    <>
      {!chosen && <option value="">Choose</option>}
      {chosen && !names.includes(chosen) && <option>{chosen}</option>}
      {names.map((name) => (
        <option key={name} value={name}>
          {name === EVERYTHING ? "the whole work directory" : name}
        </option>
      ))}
    </>
  );
}
