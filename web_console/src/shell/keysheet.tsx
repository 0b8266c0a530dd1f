import { Dialog } from "@base-ui/react/dialog";
import { CloseButton } from "../ui/parts";

const KEYS: readonly [string, string][] = [
  ["⌘K, Ctrl K", "search, or run a command"],
  ["?", "this sheet"],
  ["Esc", "close the topmost"],
  ["/", "filter"],
  ["[", "sidebar"],
  ["L", "launch"],
  ["j k, ↓ ↑", "next and previous row"],
  ["Enter", "open"],
  ["Space", "peek in the drawer"],
  ["x, ⇧x", "select, select a range"],
  ["g then e j w r t d s a", "Experiments, Jobs, Workflows, Resources, Topics, Dead letters, Services, Applications"],
  ["1 – 6", "tabs of a run"],
  ["r, p, c", "of a run: retry, pause or resume, cancel (asks)"],
  ["y", "copy the link to this view"],
  ["graph: arrows, Enter", "walk along edges, open"],
  ["graph: e, f, + − 0", "expand a fan-out, failed path, zoom and fit"],
  ["composer: Enter on a port", "begin a line; Enter on a step or an input ends it, Esc leaves it"],
  ["composer: Alt arrows, Del", "move a step, remove it; ⌘Z, ⇧⌘Z undo and redo"],
  ["timeline: ← →, n, w", "pan, now, whole run"],
];

export function KeySheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/30" />
        <Dialog.Popup className="floats fixed top-[12%] left-1/2 z-50 max-h-[76vh] w-[min(560px,92vw)] -translate-x-1/2 overflow-auto p-5">
          <div className="flex items-center justify-between">
            <Dialog.Title className="m-0 font-semibold text-[15px]">Keyboard</Dialog.Title>
            <CloseButton onClick={onClose} />
          </div>
          <dl className="m-0 mt-3 grid grid-cols-[190px_1fr] gap-y-2">
            {KEYS.map(([keys, does]) => (
              <div key={keys} className="contents">
                <dt className="mono">{keys}</dt>
                <dd className="m-0 text-ink-2">{does}</dd>
              </div>
            ))}
          </dl>
          <p className="second mb-0">Single keys can be switched off in Settings.</p>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
