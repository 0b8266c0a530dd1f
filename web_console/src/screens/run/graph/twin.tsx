import { memo } from "react";
import type { GraphFacts } from "../../../core/graphfacts";
import { LABELS } from "../../../core/states";
import { StateIcon } from "../../../ui/state";

const TWIN = 200;

interface Props {
  facts: GraphFacts;
  /** Changes at most once a second: nobody hears sixty states a second. */
  tick: number;
  onOpen: (id: string) => void;
}

/** The graph as a list, for those who can't see it. */
export const Twin = memo(function Twin({ facts, onOpen }: Props) {
  const { model, layout } = facts;
  return (
    <ul className="sr-only [contain:strict]" aria-label="Tasks by level">
      {layout.nodes.slice(0, TWIN).map((node) => (
        <li key={node.id}>
          <button type="button" tabIndex={-1} onClick={() => onOpen(model.data.tasks[node.members[0]!]!.id)}>
            Level {node.level + 1}: {node.label}
            {node.members.length > 1 ? ` × ${node.members.length}` : ""},{" "}
            {facts
              .tally(node)
              .map(([kind, number]) => (node.members.length > 1 ? `${number} ${LABELS[kind]}` : LABELS[kind]))
              .join(", ")}
            <StateIcon kind={facts.worst(node)} />
          </button>
        </li>
      ))}
    </ul>
  );
});

const LINES = [
  ["border-strong", "has run"],
  ["border-strong border-dashed", "to come"],
  ["border-failed border-dashed", "held by a failure"],
  ["border-blocked border-dotted", "held by an outage"],
] as const;

export function Legend() {
  return (
    <div
      className="pointer-events-none absolute bottom-3 left-5 flex gap-5 text-[11px] text-ink-2 leading-4 max-sm:hidden"
      aria-hidden="true"
    >
      {LINES.map(([look, words]) => (
        <span key={words} className="inline-flex items-center gap-2">
          <i className={`inline-block w-[22px] border-t-2 ${look}`} /> {words}
        </span>
      ))}
    </div>
  );
}
