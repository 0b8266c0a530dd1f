import { Dialog } from "@base-ui/react/dialog";
import { type ReactNode, useState } from "react";
import { Failure } from "./parts";

interface FormDialogProps {
  open: boolean;
  title: string;
  verb: string;
  disabled?: boolean;
  onClose: () => void;
  /** Done when it resolves: the dialog closes. What it throws is told in place, and nothing typed is lost. */
  onConfirm: () => Promise<unknown>;
  children: ReactNode;
  wide?: boolean;
}

/** A question with fields. It stays until what was asked is done. */
export function FormDialog({ open, title, verb, disabled, onClose, onConfirm, children, wide }: FormDialogProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/30" />
        <Dialog.Popup
          className={`floats scroll fixed top-[12%] left-1/2 z-50 max-h-[80vh] -translate-x-1/2 p-5 ${wide ? "w-[min(680px,94vw)]" : "w-[min(460px,92vw)]"}`}
        >
          <Dialog.Title className="m-0 mb-3 font-semibold text-[15px]">{title}</Dialog.Title>
          <form
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              void confirm();
            }}
          >
            {children}
            {error != null && (
              <div className="-mx-6">
                <Failure error={error} />
              </div>
            )}
            <div className="mt-5 flex justify-end gap-2">
              <Dialog.Close className="btn">Keep as it is</Dialog.Close>
              <button type="submit" className="btn ink" disabled={disabled || busy}>
                {verb}
              </button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface LabeledProps {
  label: string;
  children: ReactNode;
  hint?: ReactNode;
}

/** A field of such a question under its name. */
export function Labeled({ label, children, hint }: LabeledProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="mb-3 block min-w-0">
      <span className="mb-1 block font-medium text-[12px] text-ink-2 leading-4">{label}</span>
      {children}
      {hint && <span className="mt-1 block text-[12px] text-ink-3 leading-4">{hint}</span>}
    </label>
  );
}
