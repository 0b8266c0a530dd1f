import { useQuery } from "@tanstack/react-query";
import { Trash2, X } from "lucide-react";
import {
  changed,
  type Definition,
  edgeOf,
  kindOf,
  type Node,
  renamed,
  runs,
  withEdge,
  withInput,
  without,
  withoutEdge,
} from "../../core/composer/definition";
import { type Ports, refusal, UNKNOWN } from "../../core/composer/wiring";
import * as ask from "../../queries";
import { CloseButton } from "../../ui/parts";
import { NameField, ValueField } from "./fields";
import type { Problem } from "./usecomposer";

const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,59}$/;

/** Fields of each kind of step beside its inputs, written as JSON where they are more than a text. */
const FIELDS: Record<string, readonly (readonly [field: string, label: string, hint: string])[]> = {
  task: [
    ["deadline_seconds", "Time-out of an attempt, seconds", ""],
    ["retry", "Retry", '{"max_attempts": 3}'],
    ["lane", "Lane", "fast or slow"],
    ["callback", "Ends when it calls back", '{"deadline_seconds": 3600}'],
  ],
  application: [
    ["requirements", "Requirements of the job", '{"nodes": 1, "wall_time_minutes": 30}'],
    ["retry", "Retry", '{"max_attempts": 3}'],
  ],
  workflow: [["version", "Version", "empty: the newest at the launch"]],
  choice: [
    ["branches", "Branches", '{"large": {"value": "${nodes.a.outputs.n}", "greater_than": 10}}'],
    ["otherwise", "Else", ""],
  ],
  approval: [
    ["message", "What is asked", "may refer to outputs"],
    ["choices", "Answers", '["approved", "rejected"]'],
    ["by", "Who may answer", "owner, user or gateway-admin"],
    ["deadline_seconds", "Waits at most, seconds", ""],
    ["on_deadline", "Leaves then by", ""],
  ],
};
const AREAS = new Set(["branches", "message", "when", "requirements"]);

interface Props {
  name: string;
  definition: Definition;
  ports: ReadonlyMap<string, Ports>;
  problems: readonly Problem[];
  onChange?: (next: Definition, kind?: string) => void;
  onChoose: (name: string | undefined) => void;
}

/** The chosen step: its name, where it runs, its inputs, after what it begins, how often. */
export function Step({ name, definition, ports, problems, onChange, onChoose }: Props) {
  const node = definition.nodes[name]!;
  const kind = kindOf(node);
  const known = ports.get(name) ?? UNKNOWN;
  const { data: resources } = useQuery(ask.resources);
  const at = (field: string): string | undefined =>
    problems.find((one) => one.field === `nodes.${name}.${field}` || one.field.startsWith(`nodes.${name}.${field}.`))
      ?.message;
  const edit = (next: Definition): void => onChange?.(next);
  const set = (field: string, value: unknown): void => edit(changed(definition, name, { [field]: value }));
  const inputs = [...new Set([...known.inputs.map((one) => one.name), ...Object.keys(node.inputs ?? {})])];
  const rename = (next: string): void => {
    edit(renamed(definition, name, next));
    onChoose(next);
  };
  return (
    <div className="p-5">
      <div className="mb-3 flex items-center gap-2">
        <h2 className="clip m-0 flex-1 font-semibold text-[15px]">{name}</h2>
        {onChange && (
          <button
            type="button"
            className="btn small"
            onClick={() => {
              edit(without(definition, name));
              onChoose(undefined);
            }}
          >
            <Trash2 size={13} /> Remove
          </button>
        )}
        <CloseButton onClick={() => onChoose(undefined)} />
      </div>
      <fieldset disabled={!onChange} className="m-0 min-w-0 border-0 p-0">
        <legend className="sr-only">Step {name}</legend>
        <p className="second mt-0 mb-3">
          {kind}, {runs(node)}
        </p>
        <NameField
          label="Name"
          value={name}
          onChange={rename}
          check={(text) =>
            !NAME.test(text)
              ? "Letters, digits, _ and -, beginning with a letter"
              : text in definition.nodes
                ? "Another step is called so"
                : null
          }
        />
        {(kind === "task" || kind === "application") && (
          <ValueField
            label="Resource"
            value={node.resource}
            problem={at("resource")}
            hint="its name, or ${parameters.…}"
            options={resources?.map((one) => one.name)}
            onChange={(value) => set("resource", value)}
          />
        )}
        {(kind === "task" || kind === "application" || kind === "workflow") && (
          <section aria-label="Inputs" className="border-line border-t pt-3">
            <h3 className="m-0 mb-2 font-semibold">Inputs</h3>
            {inputs.map((input) => {
              const port = known.inputs.find((one) => one.name === input);
              return (
                <ValueField
                  key={input}
                  label={input}
                  type={port?.type ?? "any"}
                  required={port?.required}
                  value={node.inputs?.[input]}
                  problem={at(`inputs.${input}`)}
                  onChange={(value) => edit(withInput(definition, name, input, value))}
                />
              );
            })}
            {!inputs.length && <p className="mt-0 text-ink-2">It takes none.</p>}
            {known.any_input && <Another onAdd={(input) => edit(withInput(definition, name, input, ""))} />}
          </section>
        )}
        {(FIELDS[kind] ?? []).map(([field, label, hint]) => (
          <ValueField
            key={field}
            label={label}
            hint={hint}
            area={AREAS.has(field)}
            value={node[field]}
            problem={at(field)}
            onChange={(value) => set(field, value)}
          />
        ))}
        <Begins {...{ name, node, definition, ports }} onChange={edit} problem={at("after")} />
        <ValueField
          label="Only when"
          hint={'{"value": "${nodes.a.outputs.n}", "greater_than": 10}; else it is left out'}
          area
          value={node.when}
          problem={at("when")}
          onChange={(value) => set("when", value)}
        />
        {(kind === "task" || kind === "application" || kind === "workflow") && (
          <ValueField
            label="For each"
            hint={'{"over": "${parameters.items}", "concurrency": 20, "max_failed": 0}; ${item} is the item'}
            area
            value={node.for_each}
            problem={at("for_each")}
            onChange={(value) => set("for_each", value)}
          />
        )}
        <ValueField
          label="Notes"
          area
          value={node.description}
          problem={at("description")}
          onChange={(value) => set("description", value === undefined ? undefined : String(value))}
        />
      </fieldset>
    </div>
  );
}

function Another({ onAdd }: { onAdd: (name: string) => void }) {
  return (
    <NameField
      label="Another input, by its name"
      value=""
      check={(text) => (NAME.test(text) ? null : "Letters, digits, _ and -")}
      onChange={onAdd}
    />
  );
}

interface BeginsProps {
  name: string;
  node: Node;
  definition: Definition;
  ports: ReadonlyMap<string, Ports>;
  problem: string | undefined;
  onChange: (next: Definition) => void;
}

/** After what it begins: the lines that lead to it, as a list that keys can edit. */
function Begins({ name, node, definition, ports, problem, onChange }: BeginsProps) {
  const edges = (node.after ?? []).map(edgeOf);
  const offered = Object.keys(definition.nodes).flatMap((from) =>
    [...(ports.get(from) ?? UNKNOWN).out_ports, "always"]
      .filter((port) => refusal({ definition, ports }, { kind: "order", node: from, port }, { node: name }) === null)
      .map((port) => [from, port] as const),
  );
  return (
    <section aria-label="Begins after" className="border-line border-t pt-3">
      <h3 className="m-0 mb-2 font-semibold">Begins after</h3>
      {edges.map((edge) => (
        <p key={`${edge.node}.${edge.port}`} className="m-0 mb-1 flex items-center gap-2">
          <span className="clip flex-1">
            {edge.node} <span className="text-ink-3">by {edge.port}</span>
          </span>
          <button
            type="button"
            className="btn plain small !px-1"
            aria-label={`No longer after ${edge.node} by ${edge.port}`}
            onClick={() => onChange(withoutEdge(definition, edge.node, edge.port, name))}
          >
            <X size={13} />
          </button>
        </p>
      ))}
      {!edges.length && <p className="m-0 mb-1 text-ink-2">Nothing but the steps whose outputs it uses.</p>}
      <select
        className="field mt-1"
        aria-label="Begins after another step"
        value=""
        onChange={(event) => {
          const [from, port] = event.target.value.split(" ");
          if (from && port) onChange(withEdge(definition, from, port, name));
        }}
      >
        <option value="">Add a step …</option>
        {offered.map(([from, port]) => (
          <option key={`${from} ${port}`} value={`${from} ${port}`}>
            {from} by {port}
          </option>
        ))}
      </select>
      {edges.length > 1 && (
        <label className="mt-2 flex items-center gap-2">
          <input
            type="checkbox"
            className="size-4 accent-ink"
            checked={node.join === "any"}
            onChange={(event) =>
              onChange(changed(definition, name, { join: event.target.checked ? "any" : undefined }))
            }
          />
          One of these is enough
        </label>
      )}
      <p className="mt-1 mb-3 text-[12px] text-failed empty:hidden">{problem}</p>
    </section>
  );
}
