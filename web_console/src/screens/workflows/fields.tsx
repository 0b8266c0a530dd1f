import { useEffect, useId, useState } from "react";
import { parsed, shown } from "../../core/composer/values";

interface ValueProps {
  label: string;
  value: unknown;
  onChange: (value: unknown) => void;
  hint?: string;
  /** Of what it says beside its name: the type. */
  type?: string;
  problem?: string;
  required?: boolean;
  area?: boolean;
  options?: readonly string[];
}

/** A value as text: text and references as they stand, all else as JSON. What is typed counts when one leaves it. */
export function ValueField({ label, value, onChange, hint, type, problem, required, area, options }: ValueProps) {
  const id = useId();
  const now = shown(value);
  const [text, setText] = useState(now);
  useEffect(() => setText(now), [now]);
  const leave = (): void => {
    if (text !== now) onChange(parsed(text));
  };
  const shared = {
    id,
    className: "field mono",
    spellCheck: false,
    value: text,
    "aria-invalid": Boolean(problem),
    "aria-describedby": `${id}-note`,
    onBlur: leave,
    onChange: (event: { target: { value: string } }) => setText(event.target.value),
  };
  return (
    <div className="mb-3 min-w-0">
      <label htmlFor={id} className="mb-1 flex gap-2 font-medium text-[12px] text-ink-2 leading-4">
        <span className="clip flex-1">{label}</span>
        <span className="font-normal text-ink-3">
          {type}
          {required ? ", needed" : ""}
        </span>
      </label>
      {area ? (
        <textarea {...shared} rows={Math.min(8, Math.max(2, text.split("\n").length, Math.ceil(text.length / 40)))} />
      ) : (
        <input
          {...shared}
          list={options ? `${id}-options` : undefined}
          onKeyDown={(event) => event.key === "Enter" && leave()}
        />
      )}
      {options && (
        <datalist id={`${id}-options`}>
          {options.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
      <p
        id={`${id}-note`}
        className={`m-0 mt-1 break-words text-[12px] leading-4 empty:hidden ${problem ? "text-failed" : "text-ink-3"}`}
      >
        {problem ?? hint}
      </p>
    </div>
  );
}

/** A text that counts when one leaves it. */
export function NameField({
  label,
  value,
  onChange,
  check,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  check: (value: string) => string | null;
}) {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const problem = text === value ? null : check(text);
  const leave = (): void => {
    if (text !== value && problem === null) onChange(text);
  };
  return (
    <div className="mb-3">
      <label htmlFor={id} className="mb-1 block font-medium text-[12px] text-ink-2 leading-4">
        {label}
      </label>
      <input
        id={id}
        className="field"
        value={text}
        aria-invalid={problem !== null}
        onChange={(event) => setText(event.target.value)}
        onBlur={leave}
        onKeyDown={(event) => event.key === "Enter" && leave()}
      />
      {problem && <p className="m-0 mt-1 text-[12px] text-failed leading-4">{problem}</p>}
    </div>
  );
}
