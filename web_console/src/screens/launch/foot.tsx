import { Play } from "lucide-react";
import { StateIcon } from "../../ui/state";

interface Props {
  /** The fields that are to be mended, in the order of the form. */
  wrong: readonly string[];
  where: string;
  busy: string;
  mayKeep: boolean;
  onShow: () => void;
  onKeep: () => void;
}

/** Whether it can be launched, or what is to be mended first; Save, Launch. */
export function Foot({ wrong, where, busy, mayKeep, onShow, onKeep }: Props) {
  return (
    <footer className="flex shrink-0 items-center gap-3 border-line border-t px-6 py-3 max-sm:px-4">
      <span className="inline-flex min-w-0 flex-1 items-center gap-2">
        <StateIcon kind={wrong.length ? "created" : "completed"} />
        {wrong.length ? (
          <button type="button" className="clip text-left hover:underline" onClick={onShow}>
            <b className="font-semibold">{wrong.length === 1 ? "1 field to fix" : `${wrong.length} fields to fix`}</b>
            <span className="text-ink-2"> {called(wrong[0]!)}</span>
          </button>
        ) : (
          <span className="clip">
            <b className="font-semibold">Ready to launch</b> <span className="text-ink-2 max-sm:hidden">{where}</span>
          </span>
        )}
      </span>
      {busy && <span className="meta">{busy} …</span>}
      <button type="button" className="btn" disabled={Boolean(busy) || !mayKeep} onClick={onKeep}>
        Save draft
      </button>
      <button type="submit" className="btn ink" disabled={Boolean(busy)}>
        <Play size={14} /> Launch
      </button>
    </footer>
  );
}

function called(field: string): string {
  const delivery = /^deliveries\.(\d+)\./.exec(field);
  return delivery ? `delivery ${Number(delivery[1]) + 1}` : field.replace(/^inputs\.|^requirements\./, "");
}
