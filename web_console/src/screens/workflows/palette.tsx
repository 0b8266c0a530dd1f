import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, call } from "../../api/client";
import type { Kind, Node } from "../../core/composer/definition";
import * as ask from "../../queries";
import { DRAGGED } from "./canvas";
import { ICONS } from "./card";

export interface Item {
  key: string;
  kind: Kind;
  name: string;
  about: string;
  node: Node;
}

const FLOW: readonly Item[] = [
  {
    key: "choice",
    kind: "choice",
    name: "choice",
    about: "goes on by the first branch whose condition is true",
    node: { kind: "choice", branches: { yes: { value: true, equals: true } }, otherwise: "no" },
  },
  {
    key: "approval",
    kind: "approval",
    name: "approval",
    about: "waits until somebody answers",
    node: { kind: "approval", message: "Shall it go on?" },
  },
];
const COMMAND: Item = {
  key: "task command",
  kind: "task",
  name: "command",
  about: "a command on a resource",
  node: { kind: "task", type: "command", inputs: { argv: ["true"] } },
};

/** Everything a step can be: task types, applications, other workflows, choices and approvals. */
export function useItems(but: string): readonly Item[] {
  const types = useQuery({
    queryKey: ["task-types"],
    queryFn: () => call(api.GET("/api/v1/task-types", { params: { query: { limit: 500 } } })),
  });
  const interfaces = useQuery(ask.interfaces);
  const resources = useQuery(ask.resources);
  const workflows = useQuery(ask.workflows);
  return useMemo(() => {
    const resource = resources.data?.find((one) => one.enabled)?.name;
    const somewhere = resource ? { resource } : {};
    return [
      ...FLOW,
      { ...COMMAND, node: { ...COMMAND.node, ...somewhere } },
      ...(types.data?.items ?? [])
        .filter((one) => one.name !== "command")
        .map(
          (one): Item => ({
            key: `task ${one.name}`,
            kind: "task",
            name: one.name,
            about: one.description.description || "a task type",
            node: { kind: "task", type: one.name, ...(one.description.resource === "required" ? somewhere : {}) },
          }),
        ),
      ...(interfaces.data ?? []).map(
        (one): Item => ({
          key: `application ${one.name}`,
          kind: "application",
          name: one.name,
          about: one.description || "an application",
          node: { kind: "application", application: one.name, resource: resource ?? "" },
        }),
      ),
      ...(workflows.data ?? [])
        .filter((one) => one.name !== but)
        .map(
          (one): Item => ({
            key: `workflow ${one.name}`,
            kind: "workflow",
            name: one.name,
            about: one.description || `version ${one.version}`,
            node: { kind: "workflow", workflow: one.name },
          }),
        ),
    ];
  }, [types.data, interfaces.data, resources.data, workflows.data, but]);
}

const GROUPS: readonly (readonly [string, readonly Kind[]])[] = [
  ["Decisions", ["choice", "approval"]],
  ["Tasks", ["task"]],
  ["Applications", ["application"]],
  ["Workflows", ["workflow"]],
];

/** Click one to add it after the chosen step, or drag it to its place. */
export function Palette({ items, onAdd }: { items: readonly Item[]; onAdd: (item: Item) => void }) {
  const [text, setText] = useState("");
  const words = text.trim().toLowerCase();
  const found = items.filter((one) => !words || `${one.name} ${one.about}`.toLowerCase().includes(words));
  return (
    <aside
      aria-label="What a step can be"
      className="scroll w-[208px] shrink-0 border-line border-r bg-surface px-3 py-3 max-lg:w-[168px] max-sm:hidden"
    >
      <input
        className="field mb-2"
        placeholder="Find a step"
        aria-label="Find a step"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {GROUPS.map(([title, kinds]) => {
        const mine = found.filter((one) => kinds.includes(one.kind));
        if (!mine.length) return null;
        return (
          <section key={title} aria-label={title} className="mb-3">
            <h3 className="m-0 px-2 py-1 font-normal text-[12px] text-ink-3">{title}</h3>
            {mine.map((one) => {
              const Icon = ICONS[one.kind];
              return (
                <button
                  key={one.key}
                  type="button"
                  draggable
                  title={one.about}
                  className="flex w-full items-center gap-2 rounded px-2 py-[5px] text-left hover:bg-hover"
                  onClick={() => onAdd(one)}
                  onDragStart={(event) => event.dataTransfer.setData(DRAGGED, one.key)}
                >
                  <Icon size={14} className="shrink-0 text-ink-3" />
                  <span className="clip">{one.name}</span>
                </button>
              );
            })}
          </section>
        );
      })}
      {!found.length && <p className="m-0 px-2 text-ink-2">Nothing is called so.</p>}
    </aside>
  );
}
