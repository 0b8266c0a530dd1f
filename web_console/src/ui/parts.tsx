import { Dialog } from "@base-ui/react/dialog";
import { Copy, Check as Tick, X } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { ApiError } from "../api/client";
import { shortId } from "../core/time";

/** An error in the place that failed: what was refused, the id under which the log has more, and another try. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof ApiError ? error.problem : null;
  return (
    <div role="alert" className="flex flex-wrap items-center gap-3 px-6 py-4 max-sm:px-4">
      <span className="text-failed">
        {problem?.detail ?? (error instanceof Error ? error.message : "This did not work.")}
      </span>
      {problem?.trace_id && <span className="mono text-ink-3">request {problem.trace_id.slice(0, 16)}</span>}
      {retry && (
        <button type="button" className="btn small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Id({ id, className = "" }: { id: string; className?: string }) {
  return (
    <span className={`mono ${className}`} title={id}>
      {shortId(id)}
    </span>
  );
}

export function CopyButton({ text, label, icon }: { text: string; label: string; icon?: ReactNode }) {
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="btn small"
      onClick={() =>
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), 1_500);
        })
      }
    >
      {copied ? <Tick size={13} /> : (icon ?? <Copy size={13} />)}
      {copied ? "Copied" : label}
    </button>
  );
}

interface ConfirmProps {
  open: boolean;
  title: string;
  text: ReactNode;
  verb: string;
  danger?: boolean;
  onClose: () => void;
  onConfirm: (note: string) => void;
  note?: string;
  noteRequired?: boolean;
}

/** A question before something that can't be taken back: says what will happen and to how much. */
export function Confirm({ open, title, text, verb, onClose, onConfirm, note, noteRequired, danger }: ConfirmProps) {
  const [words, setWords] = useState("");
  const id = useId();
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/30" />
        <Dialog.Popup className="floats fixed top-1/4 left-1/2 z-50 w-[min(460px,92vw)] -translate-x-1/2 p-5">
          <Dialog.Title className="m-0 font-semibold text-[15px]">{title}</Dialog.Title>
          <Dialog.Description render={<div />} className="mt-2 text-ink-2">
            {text}
          </Dialog.Description>
          {note && (
            <label className="mt-4 block" htmlFor={id}>
              <span className="second">{note}</span>
              <input id={id} className="field mt-1" value={words} onChange={(event) => setWords(event.target.value)} />
            </label>
          )}
          <div className="mt-5 flex justify-end gap-2">
            <Dialog.Close className="btn">Keep as it is</Dialog.Close>
            <button
              type="button"
              className={`btn ${danger ? "!border-failed !text-failed" : "ink"}`}
              disabled={noteRequired && !words.trim()}
              onClick={() => (onConfirm(words), setWords(""), onClose())}
            >
              {verb}
            </button>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** What stands at the right of the content: beside it where there is room, over it else, a sheet on a phone. */
export function Drawer({
  label,
  onClose,
  children,
  beside,
}: {
  label: string;
  onClose: () => void;
  children: ReactNode;
  beside?: boolean;
}) {
  return (
    <aside
      aria-label={label}
      className={`scroll z-20 w-[400px] shrink-0 border-line border-l bg-surface max-sm:fixed max-sm:inset-0 max-sm:w-full max-sm:border-0 ${
        beside ? "" : "max-xl:absolute max-xl:inset-y-0 max-xl:right-0 max-xl:shadow-float"
      }`}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      {children}
    </aside>
  );
}

export function CloseButton({ onClick }: { onClick: () => void }) {
  return (
    <button type="button" aria-label="Close" className="btn plain small" onClick={onClick}>
      <X size={15} />
    </button>
  );
}

/** Name and value pairs. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode] | null | false)[] }) {
  return (
    <dl className="m-0 grid grid-cols-[112px_1fr] gap-x-3 gap-y-[6px]">
      {facts.map(
        (fact) =>
          fact && (
            <div key={fact[0]} className="contents">
              <dt className="text-ink-3">{fact[0]}</dt>
              <dd className="m-0 min-w-0 break-words">{fact[1]}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** What a page says first; at its right, what one can do there. */
export function Sentence({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex shrink-0 items-center gap-4 border-line border-b px-6 py-4 max-sm:px-4">
      <p className="m-0 min-w-0 flex-1">{children}</p>
      {action}
    </div>
  );
}
