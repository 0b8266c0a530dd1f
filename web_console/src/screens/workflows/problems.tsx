import type { Composer } from "./usecomposer";

/** The step that a place is about. */
export function stepOf(field: string): string | undefined {
  return /^nodes\.([^.]+)/.exec(field)?.[1];
}

/** What is wrong, each a way to its place; below the canvas. */
export function Problems({ composer, onChoose }: { composer: Composer; onChoose: (name: string | undefined) => void }) {
  const { problems, checked, error } = composer;
  return (
    <footer
      className="scroll max-h-[112px] shrink-0 border-line border-t bg-surface px-6 py-2 max-sm:px-4"
      aria-live="polite"
    >
      {error && <p className="m-0 text-failed">It could not be checked: {error}</p>}
      {!error && !problems.length && (
        <p className="m-0 text-ink-2" data-testid="checked">
          {checked ? "Nothing is wrong with it." : "Being checked …"}
        </p>
      )}
      <ul className="m-0 list-none p-0" aria-label="Problems">
        {problems.map((one) => (
          <li key={`${one.field} ${one.message}`} className="flex gap-3 py-[2px]">
            <button
              type="button"
              className="mono shrink-0 text-failed hover:underline"
              onClick={() => onChoose(stepOf(one.field))}
            >
              {one.field || "the definition"}
            </button>
            <span className="min-w-0 break-words">{one.message}</span>
          </li>
        ))}
      </ul>
    </footer>
  );
}
