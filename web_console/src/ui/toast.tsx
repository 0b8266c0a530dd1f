import { X } from "lucide-react";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";

interface Toast {
  id: number;
  text: string;
  tone: "plain" | "failed";
  undo?: () => void;
}

type Say = (text: string, options?: { tone?: "failed"; undo?: () => void }) => void;

const Context = createContext<Say>(() => {});
const SHOWN_MS = 8_000;
let last = 0;

/** What was done, and for eight seconds how to take it back. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((one) => one.id !== id)), []);
  const say = useCallback<Say>(
    (text, options) => {
      last += 1;
      const toast: Toast = { id: last, text, tone: options?.tone ?? "plain", undo: options?.undo };
      setToasts((all) => [...all.slice(-2), toast]);
      setTimeout(() => drop(toast.id), SHOWN_MS);
    },
    [drop],
  );
  const value = useMemo(() => say, [say]);
  return (
    <Context value={value}>
      {children}
      <section
        aria-live="polite"
        aria-label="Notices"
        className="fixed bottom-4 left-1/2 z-50 flex -translate-x-1/2 flex-col gap-2 max-sm:bottom-20"
      >
        {toasts.map((toast) => (
          <div key={toast.id} className="floats flex max-w-[min(560px,92vw)] items-center gap-3 px-4 py-2">
            <span className={toast.tone === "failed" ? "text-failed" : ""}>{toast.text}</span>
            {toast.undo && (
              <button type="button" className="btn small" onClick={() => (toast.undo?.(), drop(toast.id))}>
                Undo
              </button>
            )}
            <button type="button" aria-label="Close" className="text-ink-3" onClick={() => drop(toast.id)}>
              <X size={14} />
            </button>
          </div>
        ))}
      </section>
    </Context>
  );
}

export function useToast(): Say {
  return useContext(Context);
}
