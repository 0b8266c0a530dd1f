import { type KeyboardEvent, type ReactNode, useRef } from "react";

interface Props<Name extends string> {
  label: string;
  /** What each is called by, and says. */
  tabs: readonly (readonly [Name, ReactNode])[];
  chosen: Name;
  onChoose: (name: Name) => void;
  /** Drawn as buttons, where several lines of them may be needed. */
  buttons?: boolean;
  short?: boolean;
  className?: string;
}

const STEPS: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 };

/** Views of one thing, of which one is shown: a single stop of the Tab key, arrow keys go from one to the next. */
export function Tabs<Name extends string>({
  label,
  tabs,
  chosen,
  onChoose,
  buttons,
  short,
  className = "",
}: Props<Name>) {
  const list = useRef<HTMLDivElement>(null);
  const press = (event: KeyboardEvent): void => {
    const at = tabs.findIndex(([name]) => name === chosen);
    const to = { Home: 0, End: tabs.length - 1 }[event.key] ?? at + (STEPS[event.key] ?? 0);
    const next = tabs[(to + tabs.length) % tabs.length];
    if (!next || next[0] === chosen) return;
    event.preventDefault();
    event.stopPropagation();
    onChoose(next[0]);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[tabs.indexOf(next)]?.focus();
  };
  return (
    <div
      ref={list}
      role="tablist"
      aria-label={label}
      className={`flex border-line border-b ${buttons ? "flex-wrap gap-2" : "gap-5"} ${className}`}
      onKeyDown={press}
    >
      {tabs.map(([name, words]) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={name === chosen}
          tabIndex={name === chosen ? 0 : -1}
          className={buttons ? `btn small ${name === chosen ? "on" : ""}` : `tab ${short ? "!h-8" : ""}`}
          onClick={() => onChoose(name)}
        >
          {words}
        </button>
      ))}
    </div>
  );
}
