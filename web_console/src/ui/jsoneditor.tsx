import { useState } from "react";
import { ApiError } from "../api/client";

interface Props {
  label: string;
  value: unknown;
  /** Refused values are told by field, as the server says. */
  onSave: (value: never) => Promise<void>;
  saving?: string;
}

/** A thing of the catalogue as text. What the server refuses is named by field; nothing typed is lost. */
export function JsonEditor({ label, value, onSave, saving = "Save" }: Props) {
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const [problems, setProblems] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    let parsed: never;
    try {
      parsed = JSON.parse(text) as never;
    } catch (error) {
      setProblems([`This is no JSON: ${error instanceof Error ? error.message : ""}`]);
      return;
    }
    setBusy(true);
    try {
      await onSave(parsed);
      setProblems([]);
    } catch (error) {
      const problem = error instanceof ApiError ? error.problem : null;
      setProblems(
        problem?.errors?.length
          ? problem.errors.map((one) => `${one.field}: ${one.message}`)
          : [problem?.detail ?? "No answer"],
      );
    }
    setBusy(false);
  };
  return (
    <div>
      <textarea
        aria-label={label}
        spellCheck={false}
        className="field mono min-h-[320px] w-full"
        rows={Math.min(30, text.split("\n").length + 1)}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "s" && (event.metaKey || event.ctrlKey)) {
            event.preventDefault();
            void save();
          }
        }}
      />
      <ul role="alert" className="m-0 mt-2 list-none p-0 text-failed empty:hidden">
        {problems.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
      <button type="button" className="btn ink mt-3" disabled={busy} onClick={() => void save()}>
        {saving}
      </button>
    </div>
  );
}
