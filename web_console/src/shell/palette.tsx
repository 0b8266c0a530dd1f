import { Dialog } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { type ReactNode, useDeferredValue, useEffect, useMemo, useState } from "react";
import { api, call } from "../api/client";
import { shownState } from "../core/states";
import * as ask from "../queries";
import { usePrefs } from "../ui/prefs";
import { StateIcon } from "../ui/state";
import { CATALOG, MAIN, PLATFORM } from "./nav";

interface Item {
  key: string;
  label: string;
  hint: string;
  icon: ReactNode;
  run: () => void;
}

/** Search and commands in one: places, applications to launch, experiments by name, id, user or job id. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/30" />
        <Dialog.Popup
          className="floats fixed top-[12%] left-1/2 z-50 w-[min(600px,94vw)] -translate-x-1/2"
          aria-label="Search or run a command"
        >
          <Body onClose={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Body({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const items = useItems(useDeferredValue(text.trim()));
  // biome-ignore lint/correctness/useExhaustiveDependencies: other words, another first item
  useEffect(() => setActive(0), [text]);
  const choose = (item: Item | undefined): void => {
    if (!item) return;
    onClose();
    item.run();
  };
  const press = (event: React.KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setActive((active + step + items.length) % Math.max(1, items.length));
    else if (event.key === "Enter") choose(items[active]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <div className="flex items-center gap-2 border-line border-b px-4">
        <Search size={16} className="text-ink-3" />
        <input
          // biome-ignore lint/a11y/noAutofocus: the dialog was opened to type here
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-items"
          aria-activedescendant={items[active] ? `palette-${active}` : undefined}
          aria-label="Search or run a command"
          className="h-12 flex-1 border-0 bg-transparent text-[14px] !outline-none"
          placeholder="An experiment, an id, a job id, a user, a place"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={press}
        />
        <span className="kbd">Esc</span>
      </div>
      <div id="palette-items" role="listbox" aria-label="Found" className="scroll max-h-[52vh] p-2">
        {items.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input handles the keys
          <div
            key={item.key}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            className={`flex h-9 items-center gap-3 rounded px-2 ${index === active ? "bg-selected" : ""}`}
            onMouseMove={() => setActive(index)}
            onClick={() => choose(item)}
          >
            <span className="flex w-4 justify-center text-ink-2">{item.icon}</span>
            <span className="clip flex-1">{item.label}</span>
            <span className="meta clip">{item.hint}</span>
          </div>
        ))}
        {!items.length && <p className="m-0 px-2 py-3 text-ink-2">Nothing is called so.</p>}
      </div>
    </>
  );
}

function useItems(text: string): Item[] {
  const navigate = useNavigate();
  const { set } = usePrefs();
  const apps = useQuery(ask.interfaces);
  const found = useQuery({
    queryKey: ["palette", text],
    queryFn: () => call(api.GET("/api/v1/experiments", { params: { query: { q: text, limit: 8 } } })),
    enabled: text.length > 1,
    staleTime: 2_000,
  });
  return useMemo(() => {
    const words = text.toLowerCase();
    const fits = (label: string): boolean => label.toLowerCase().includes(words);
    const places: Item[] = [...MAIN, ...PLATFORM, ...CATALOG].map((place) => ({
      key: place.to,
      label: place.label,
      hint: `g ${place.go}`,
      icon: <place.icon size={15} />,
      run: () => void navigate({ to: place.to }),
    }));
    const launches: Item[] = (apps.data ?? []).map((app) => ({
      key: `launch-${app.id}`,
      label: `Launch ${app.name}`,
      hint: "application",
      icon: "+",
      run: () => void navigate({ to: "/launch", search: { app: app.name } }),
    }));
    const themes: Item[] = (["light", "dark", "system"] as const).map((theme) => ({
      key: theme,
      label: `Theme: ${theme}`,
      hint: "appearance",
      icon: "◐",
      run: () => set({ theme }),
    }));
    const runs: Item[] = (text.length > 1 ? (found.data?.items ?? []) : []).map((one) => ({
      key: one.id,
      label: one.name,
      hint: `${one.interface_name ?? "tasks"} · ${one.owner}`,
      icon: <StateIcon kind={shownState(one)} />,
      run: () => void navigate({ to: "/experiments/$id", params: { id: one.id } }),
    }));
    return [...runs, ...[...places, ...launches, ...themes].filter((item) => fits(item.label))].slice(0, 30);
  }, [text, apps.data, found.data, navigate, set]);
}
