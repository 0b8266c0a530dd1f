import type { ScriptShown } from "../api/client";
import { CopyButton, Failure } from "../ui/parts";

/** A job's batch script with the options of the submit command. */
export function Script({ script, error, retry }: { script?: ScriptShown; error: unknown; retry: () => void }) {
  if (error) return <Failure error={error} retry={retry} />;
  if (!script) return <p className="m-0 text-ink-2">Being rendered …</p>;
  if (script.failure) return <p className="m-0 text-failed">{script.failure.sentence}</p>;
  if (script.text === null)
    return (
      <p className="m-0 text-ink-2">
        No service rendered it yet; see resource-look on Services.{" "}
        <button type="button" className="btn small" onClick={retry}>
          Try again
        </button>
      </p>
    );
  return (
    <div data-testid="script">
      {script.options.length > 0 && (
        <p className="m-0 mb-2 text-[12px] leading-4">
          <span className="text-ink-3">Submitted with</span>{" "}
          <span className="mono break-words">{script.options.join(" ")}</span>
        </p>
      )}
      <section
        tabIndex={0}
        className="scroll max-h-[60vh] rounded border border-line bg-code"
        aria-label="Batch script"
      >
        <pre className="mono m-0 p-3 leading-[19px]">{script.text}</pre>
      </section>
      <div className="mt-2 flex items-center gap-3">
        <CopyButton text={script.text} label="Copy" />
        {script.truncated && <span className="second">Cut off after 200,000 characters</span>}
      </div>
    </div>
  );
}
