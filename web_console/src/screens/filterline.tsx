import { Bookmark, ListFilter, Rows3, X } from "lucide-react";
import { useEffect, useState } from "react";
import { chips, formatFilter, parseFilter, without } from "../core/filter";
import { keep, stored, usePrefs } from "../ui/prefs";

interface View {
  name: string;
  text: string;
}

/** The filter as chips and text; Enter applies it, and it goes into the address. Views keep it by name. */
export function FilterLine({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const filter = parseFilter(text);
  const [typed, setTyped] = useState(filter.text ?? "");
  const [views, setViews] = useState<View[]>(() => stored("views", []));
  const { dense, set } = usePrefs();
  useEffect(() => setTyped(parseFilter(text).text ?? ""), [text]);
  const apply = (): void => {
    const { text: _, ...kept } = filter;
    onChange([formatFilter(kept), typed].filter(Boolean).join(" "));
  };
  const save = (): void => {
    const name = formatFilter(filter);
    const next = views.some((view) => view.text === name)
      ? views.filter((view) => view.text !== name)
      : [...views, { name, text: name }];
    setViews(next);
    keep("views", next);
  };
  const known = views.some((view) => view.text === text);
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-2 border-line border-b px-6 py-[10px] max-sm:px-4">
      <form
        className="flex h-8 min-w-0 flex-1 items-center gap-2 rounded border border-strong px-2 focus-within:outline-2 focus-within:outline-accent"
        onSubmit={(event) => {
          event.preventDefault();
          apply();
        }}
      >
        <ListFilter size={15} className="shrink-0 text-ink-3" />
        {chips(filter).map((chip) => (
          <span key={chip.label} className="chip">
            {chip.label}
            <button
              type="button"
              aria-label={`Drop ${chip.label}`}
              onClick={() => onChange(formatFilter(without(filter, chip)))}
            >
              <X size={12} />
            </button>
          </span>
        ))}
        <input
          data-filter
          aria-label="Filter"
          className="h-full min-w-0 flex-1 border-0 bg-transparent !outline-none"
          placeholder="Filter: state:failed resource:tern, or a name, id, user or job id"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Backspace" && !typed) {
              const last = chips(filter).at(-1);
              if (last) onChange(formatFilter(without(filter, last)));
            } else if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
        <span className="kbd max-sm:hidden">/</span>
      </form>
      {views.map((view) => (
        <button
          key={view.text}
          type="button"
          className={`btn small max-lg:hidden ${view.text === text ? "on" : ""}`}
          onClick={() => onChange(view.text)}
        >
          {view.name}
        </button>
      ))}
      {text && (
        <button
          type="button"
          className="btn plain max-sm:!px-1"
          aria-pressed={known}
          title={known ? "Forget this view" : "Keep this view"}
          onClick={save}
        >
          <Bookmark size={15} fill={known ? "currentColor" : "none"} />{" "}
          <span className="max-sm:hidden">{known ? "Kept" : "Keep view"}</span>
        </button>
      )}
      <button
        type="button"
        className="btn plain max-sm:hidden"
        aria-pressed={dense}
        onClick={() => set({ dense: !dense })}
      >
        <Rows3 size={15} /> {dense ? "Comfortable" : "Dense"}
      </button>
    </div>
  );
}
