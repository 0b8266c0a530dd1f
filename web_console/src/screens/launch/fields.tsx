import { Upload } from "lucide-react";
import { useRef, useState } from "react";
import { key } from "../../api/client";
import { type InputSpec, range } from "../../core/inputs";
import { useToast } from "../../ui/toast";

export function Section({ title, hint, children }: { title: string; hint?: string; children: React.ReactNode }) {
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

export function Field({
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

interface NumberFieldProps {
  label: string;
  field: string;
  hint?: string;
  problem: string | undefined;
  inputMode: "numeric" | "decimal";
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  onLeave: () => void;
}

/** A number, as it is typed. */
export function NumberField({ label, field, hint, problem, onChange, onLeave, ...input }: NumberFieldProps) {
  return (
    <Field label={label} field={field} hint={hint} problem={problem}>
      <input
        {...input}
        id={field}
        data-field={field}
        className="field num"
        onChange={(event) => onChange(event.target.value)}
        onBlur={onLeave}
        aria-invalid={Boolean(problem)}
      />
    </Field>
  );
}

interface InputFieldProps {
  input: InputSpec;
  value: string | boolean | undefined;
  problem: string | undefined;
  onChange: (value: string | boolean) => void;
  onLeave: () => void;
}

export function InputField({ input, value, problem, onChange, onLeave }: InputFieldProps) {
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
