import { useCallback, useEffect, useRef, useState } from "react";
import { api, call, refusal } from "../../api/client";
import type { Definition } from "../../core/composer/definition";
import { begun, done, type History, redone, undone } from "../../core/composer/history";
import type { Ports } from "../../core/composer/wiring";

export interface Problem {
  field: string;
  message: string;
}

export interface Composer {
  definition: Definition;
  ports: ReadonlyMap<string, Ports>;
  problems: readonly Problem[];
  /** The server has looked at the definition as it is now. */
  checked: boolean;
  /** It could not: why. */
  error: string | null;
  /** The same as YAML, as the server writes it; what is typed there while it is typed. */
  yaml: string;
  /** Change it; steps of one kind that follow each other are taken back as one. */
  change: (next: Definition, kind?: string) => void;
  type: (yaml: string) => void;
  undo: (() => void) | null;
  redo: (() => void) | null;
}

const PAUSE_MS = 250;

/** A definition while it is drawn: both its forms, its ports and its faults, as the server sees them. */
export function useComposer(initial: Definition): Composer {
  const [history, setHistory] = useState<History<Definition>>(() => begun(initial));
  const [typed, setTyped] = useState<string | null>(null);
  const [yaml, setYaml] = useState("");
  const [ports, setPorts] = useState<ReadonlyMap<string, Ports>>(new Map());
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [checked, setChecked] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const asked = useRef(0);
  const definition = history.now;

  useEffect(() => {
    setChecked(false);
    asked.current += 1;
    const mine = asked.current;
    const ask = async (): Promise<void> => {
      const body = typed === null ? { definition: definition as never } : { yaml: typed || " " };
      try {
        const draft = await call(api.POST("/api/v1/workflows:validate", { body }));
        if (mine !== asked.current) return;
        setProblems(draft.problems);
        setError(null);
        setChecked(true);
        if (draft.definition === null) return; // what was typed has not the form of one yet: the drawing stays
        setPorts(new Map(Object.entries(draft.nodes)));
        setYaml(draft.yaml ?? "");
        if (typed !== null)
          setHistory((before) =>
            JSON.stringify(before.now) === JSON.stringify(draft.definition)
              ? before
              : done(before, draft.definition as unknown as Definition, "yaml"),
          );
      } catch (problem) {
        if (mine === asked.current) setError(refusal(problem));
      }
    };
    const timer = setTimeout(() => void ask(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [definition, typed]);

  const change = useCallback((next: Definition, kind = "") => {
    setTyped(null);
    setHistory((before) => done(before, next, kind));
  }, []);
  const travel = (go: (history: History<Definition>) => History<Definition>) => () => {
    setTyped(null);
    setHistory(go);
  };
  return {
    definition,
    ports,
    problems,
    checked,
    error,
    yaml: typed ?? yaml,
    change,
    type: setTyped,
    undo: history.past.length ? travel(undone) : null,
    redo: history.future.length ? travel(redone) : null,
  };
}
