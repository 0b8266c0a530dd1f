import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { shownState } from "../../core/states";
import * as ask from "../../queries";
import { CloseButton, Drawer, Failure } from "../../ui/parts";
import { StateIcon } from "../../ui/state";
import { At } from "../../ui/time";
import { BLANK, WORKFLOW } from "./source";

const SHOWN = 30;

/** What a new schedule is to launch: something like an experiment that there is, or a workflow. */
export function Choose({ onChoose, onClose }: { onChoose: (from: string) => void; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [text, setText] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setText(typed.trim()), 250);
    return () => clearTimeout(timer);
  }, [typed]);
  const list = useInfiniteQuery(ask.experiments(text ? { q: text } : {}));
  const workflows = useQuery(ask.workflows);
  const rows = list.data?.pages[0]?.items.slice(0, SHOWN) ?? [];
  const fitting = (workflows.data ?? []).filter((one) => one.name.toLowerCase().includes(text.toLowerCase()));
  return (
    <Drawer label="New schedule" onClose={onClose}>
      <header className="flex items-center gap-2 px-5 pt-4 pb-2">
        <h2 className="clip m-0 flex-1 font-semibold text-[15px]">What is to be launched?</h2>
        <CloseButton onClick={onClose} />
      </header>
      <div className="px-5 pb-6">
        <p className="m-0 mb-3 text-ink-2">
          The same as an experiment or draft, again and again; or a workflow. You can change it in the next step.
        </p>
        <input
          // biome-ignore lint/a11y/noAutofocus: the drawer was asked for to choose in it
          autoFocus
          type="search"
          className="field"
          aria-label="Find an experiment or a workflow"
          placeholder="Name, application, resource, user"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
        {fitting.length > 0 && <h3 className="mt-4 mb-1 font-normal text-[12px] text-ink-2">Workflows</h3>}
        {fitting.slice(0, SHOWN).map((one) => (
          <Option key={one.name} name={one.name} onClick={() => onChoose(WORKFLOW + one.name)}>
            {one.description || "a workflow"}
          </Option>
        ))}
        {rows.length > 0 && <h3 className="mt-4 mb-1 font-normal text-[12px] text-ink-2">Experiments and drafts</h3>}
        {rows.map((one) => (
          <Option
            key={one.id}
            name={one.name}
            icon={<StateIcon kind={shownState(one)} label={one.state} />}
            onClick={() => onChoose(one.id)}
          >
            {[one.interface_name, one.resource_name].filter(Boolean).join(" on ") || one.kind},{" "}
            <At at={one.created_at} />
          </Option>
        ))}
        {list.data && !rows.length && !fitting.length && (
          <p className="mt-4 mb-0 text-ink-2">
            {text
              ? `Nothing is called “${text}”.`
              : "There is no experiment yet: launch one first, or write the request."}
          </p>
        )}
        <button type="button" className="btn small mt-4" onClick={() => onChoose(BLANK)}>
          Write the request as text
        </button>
      </div>
    </Drawer>
  );
}

interface OptionProps {
  name: string;
  icon?: React.ReactNode;
  onClick: () => void;
  children: React.ReactNode;
}

function Option({ name, icon, onClick, children }: OptionProps) {
  return (
    <button
      type="button"
      className="flex w-full items-start gap-2 border-line border-t px-1 py-2 text-left hover:bg-hover"
      onClick={onClick}
    >
      {icon && <span className="mt-[3px]">{icon}</span>}
      <span className="min-w-0 flex-1">
        <span className="name clip block">{name}</span>
        <span className="second clip block">{children}</span>
      </span>
    </button>
  );
}
