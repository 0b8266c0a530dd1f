import type { ResourceShown } from "../../api/client";
import { NumberField } from "./fields";

export interface Terms {
  priority: string;
  /** Hours after the launch. */
  deadline: string;
}

interface Props {
  terms: Terms;
  problems: { priority?: string; deadline_seconds?: string };
  onChange: (terms: Terms) => void;
  onLeave: (field: string) => () => void;
}

/** In which order it goes, and by when it must have ended. */
export function TermsFields({ terms, problems, onChange, onLeave }: Props) {
  return (
    <div className="grid grid-cols-4 gap-x-3 max-lg:grid-cols-2">
      <NumberField
        label="Priority"
        field="priority"
        hint="−100–100"
        problem={problems.priority}
        inputMode="numeric"
        placeholder="0"
        value={terms.priority}
        onChange={(priority) => onChange({ ...terms, priority })}
        onLeave={onLeave("priority")}
      />
      <NumberField
        label="Ends within, hours"
        field="deadline_seconds"
        problem={problems.deadline_seconds}
        inputMode="decimal"
        placeholder="no limit"
        value={terms.deadline}
        onChange={(deadline) => onChange({ ...terms, deadline })}
        onLeave={onLeave("deadline_seconds")}
      />
    </div>
  );
}

/** Several resources among which the platform chooses at the launch; fewer than two leave the choice above as it is. */
export function Candidates({
  fits,
  picked,
  onPick,
}: {
  fits: readonly ResourceShown[];
  picked: readonly string[];
  onPick: (picked: string[]) => void;
}) {
  if (fits.length < 2 && !picked.length) return null;
  return (
    <fieldset className="m-0 mt-3 border-0 p-0">
      <legend className="mb-1 p-0 font-medium text-[12px] text-ink-2 leading-4">
        Or any of several: the platform chooses at the launch, and says why
      </legend>
      <div className="flex flex-wrap gap-x-5 gap-y-1">
        {fits.map((one) => (
          <label key={one.id} className="inline-flex min-h-6 items-center gap-2">
            <input
              type="checkbox"
              className="size-4 accent-ink"
              checked={picked.includes(one.id)}
              onChange={(event) =>
                onPick(event.target.checked ? [...picked, one.id] : picked.filter((id) => id !== one.id))
              }
            />
            {one.name}
          </label>
        ))}
      </div>
      {picked.length === 1 && <p className="second m-0 mt-1">One more, or none.</p>}
    </fieldset>
  );
}
