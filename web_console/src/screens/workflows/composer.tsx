import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Play, Redo2, Save, Undo2 } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { api, call, key, type WorkflowInFull } from "../../api/client";
import { type Definition, freeName, moved, type Point, withEdge, withNode } from "../../core/composer/definition";
import { UNKNOWN } from "../../core/composer/wiring";
import { useTitle } from "../../shell/shell";
import { FormDialog, Labeled } from "../../ui/dialog";
import { Failure } from "../../ui/parts";
import { TAB } from "../../ui/tab";
import { useToast } from "../../ui/toast";
import { About } from "./about";
import { Canvas } from "./canvas";
import { IMPORTED } from "./imported";
import { type Item, Palette, useItems } from "./palette";
import { Problems, stepOf } from "./problems";
import { RunDialog } from "./rundialog";
import { Runs } from "./runs";
import { Step } from "./step";
import { useComposer } from "./usecomposer";
import { Versions } from "./versions";

const TABS = ["compose", "versions", "runs"] as const;
const FRESH: Definition = {
  name: "my-workflow",
  nodes: { first: { kind: "task", type: "command", inputs: { argv: ["hostname"] } } },
};

/** One workflow: its drawing, its versions, its runs. `new` is one that is not kept yet. */
export function ComposerScreen() {
  const { name } = useParams({ from: "/inside/workflows/$name" });
  const search = useSearch({ from: "/inside/workflows/$name" });
  const fresh = name === "new";
  const found = useQuery({
    queryKey: ["workflow", name],
    queryFn: async () => {
      const [row] = (await call(api.GET("/api/v1/workflows", { params: { query: { name, limit: 1 } } }))).items;
      if (!row) return null;
      return call(api.GET("/api/v1/workflows/{workflow_id}", { params: { path: { workflow_id: row.id } } }));
    },
    enabled: !fresh,
  });
  useTitle(
    <span className="font-normal text-ink-2">
      <Link to="/workflows" className="hover:underline">
        Workflows
      </Link>{" "}
      / <span className="text-ink">{fresh ? "a new one" : name}</span>
    </span>,
    fresh ? "A new workflow" : name,
  );
  if (found.error) return <Failure error={found.error} retry={() => void found.refetch()} />;
  if (fresh) return <Composing key={search.from ?? "new"} kept={undefined} imported={search.from === "file"} />;
  if (found.isPending) return <div className="skeleton m-6 h-40" aria-hidden="true" />;
  if (!found.data)
    return (
      <p className="m-0 p-6 text-ink-2">
        No workflow is called {name}.{" "}
        <Link to="/workflows" className="link">
          All workflows
        </Link>
      </p>
    );
  return <Composing key={`${found.data.id} ${found.data.version}`} kept={found.data} imported={false} />;
}

function Composing({ kept, imported }: { kept: WorkflowInFull | undefined; imported: boolean }) {
  const search = useSearch({ from: "/inside/workflows/$name" });
  const { name } = useParams({ from: "/inside/workflows/$name" });
  const navigate = useNavigate();
  const composer = useComposer((kept?.definition as unknown as Definition | undefined) ?? FRESH);
  const [asking, setAsking] = useState<"save" | "run" | null>(null);
  const { definition, problems } = composer;
  const items = useItems(definition.name);
  const tab = TABS.find((one) => one === search.tab && kept) ?? "compose";
  const set = (change: Partial<typeof search>): void =>
    void navigate({
      to: "/workflows/$name",
      params: { name },
      search: (before: Record<string, unknown>) => ({ ...before, ...change }),
      replace: true,
    });
  const chosen = search.step && search.step in definition.nodes ? search.step : undefined;
  const choose = (step: string | undefined): void => set({ step });
  const { type } = composer;
  useEffect(() => {
    const text = imported ? sessionStorage.getItem(IMPORTED) : null;
    if (text) type(text);
  }, [imported, type]);
  const dirty = kept ? JSON.stringify(definition) !== JSON.stringify(kept.definition) : true;
  const add = (item: Item, at?: Point): void => {
    const step = freeName(definition, item.name);
    let next = withNode(definition, step, structuredClone(item.node));
    if (at) next = moved(next, step, at);
    else if (chosen) {
      const port = (composer.ports.get(chosen) ?? UNKNOWN).out_ports.find((one) => one !== "failure") ?? "success";
      next = withEdge(next, chosen, port, step);
    }
    composer.change(next);
    choose(step);
  };
  const faulty = useMemo(
    () => new Set(problems.map((one) => stepOf(one.field)).filter((one): one is string => Boolean(one))),
    [problems],
  );
  useUndoKeys(composer.undo, composer.redo);
  return (
    <>
      <nav
        aria-label="Views of the workflow"
        className="scroll flex shrink-0 items-center gap-5 overflow-y-hidden border-line border-b px-6 max-sm:px-4"
      >
        {(kept ? TABS : (["compose"] as const)).map((one) => (
          <Link
            activeOptions={TAB}
            key={one}
            to="/workflows/$name"
            params={{ name }}
            search={{ tab: one === "compose" ? undefined : one }}
            className="tab capitalize"
            data-on={one === tab ? "page" : undefined}
          >
            {one}
          </Link>
        ))}
        <span className="flex-1" />
        {kept && (
          <span className="meta whitespace-nowrap">
            version {kept.version}
            {dirty ? ", changed" : ""}
          </span>
        )}
        {tab === "compose" && (
          <>
            <Tool label="Undo" icon={<Undo2 size={14} />} act={composer.undo} />
            <Tool label="Redo" icon={<Redo2 size={14} />} act={composer.redo} />
            <button
              type="button"
              aria-pressed={search.yaml === "yes"}
              className={`btn small ${search.yaml === "yes" ? "on" : ""}`}
              onClick={() => set({ yaml: search.yaml === "yes" ? undefined : "yes" })}
            >
              YAML
            </button>
            <button
              type="button"
              className={`btn small ${dirty ? "ink" : ""}`}
              disabled={!dirty || problems.length > 0 || !composer.checked}
              onClick={() => setAsking("save")}
            >
              <Save size={13} /> {kept ? "Save version" : "Save"}
            </button>
          </>
        )}
        {kept && (
          <button
            type="button"
            className={`btn small ${dirty ? "" : "ink"}`}
            title={dirty ? "Runs the version that is kept; save yours first" : undefined}
            onClick={() => setAsking("run")}
          >
            <Play size={13} /> Run…
          </button>
        )}
      </nav>
      {tab === "compose" && (
        <div className="flex min-h-0 flex-1">
          <Palette items={items} onAdd={(item) => add(item)} />
          <div className="flex min-h-0 min-w-0 flex-1 flex-col">
            <Canvas
              definition={definition}
              ports={composer.ports}
              faulty={faulty}
              chosen={chosen}
              onChoose={choose}
              onChange={composer.change}
              onDrop={(dropped, at) => {
                const item = items.find((one) => one.key === dropped);
                if (item) add(item, at);
              }}
            />
            <Problems composer={composer} onChoose={choose} />
          </div>
          <aside
            aria-label={search.yaml === "yes" ? "As YAML" : chosen ? "Step" : "Workflow"}
            className={`scroll flex w-[340px] shrink-0 flex-col border-line border-l bg-surface max-lg:w-[280px] ${
              chosen || search.yaml === "yes"
                ? "max-sm:fixed max-sm:inset-0 max-sm:z-20 max-sm:w-full"
                : "max-sm:hidden"
            }`}
          >
            {search.yaml === "yes" ? (
              <textarea
                aria-label="The definition as YAML"
                spellCheck={false}
                className="mono min-h-0 flex-1 resize-none border-0 bg-code p-4"
                value={composer.yaml}
                onChange={(event) => composer.type(event.target.value)}
              />
            ) : chosen ? (
              <Step
                key={chosen}
                name={chosen}
                definition={definition}
                ports={composer.ports}
                problems={problems}
                onChange={composer.change}
                onChoose={choose}
              />
            ) : (
              <About definition={definition} problems={problems} kept={Boolean(kept)} onChange={composer.change} />
            )}
          </aside>
        </div>
      )}
      {tab === "versions" && kept && (
        <Versions
          id={kept.id}
          newest={kept.version}
          version={search.version ?? kept.version}
          against={search.against ?? Math.max(1, (search.version ?? kept.version) - 1)}
          onShow={(version, against) => set({ version, against })}
        />
      )}
      {tab === "runs" && kept && <Runs id={kept.id} />}
      {asking === "save" && <SaveDialog {...{ kept, definition }} onClose={() => setAsking(null)} />}
      {asking === "run" && kept && (
        <RunDialog
          definition={kept.definition as unknown as Definition}
          version={kept.version}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}

function Tool({ label, icon, act }: { label: string; icon: React.ReactNode; act: (() => void) | null }) {
  return (
    <button
      type="button"
      className="btn plain small !px-[6px]"
      aria-label={label}
      disabled={!act}
      onClick={act ?? undefined}
    >
      {icon}
    </button>
  );
}

function useUndoKeys(undo: (() => void) | null, redo: (() => void) | null): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!(event.metaKey || event.ctrlKey) || event.key.toLowerCase() !== "z") return;
      if ((event.target as HTMLElement).closest("input,textarea,select")) return;
      event.preventDefault();
      (event.shiftKey ? redo : undo)?.();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [undo, redo]);
}

interface SaveProps {
  kept: WorkflowInFull | undefined;
  definition: Definition;
  onClose: () => void;
}

/** Keep what was drawn: a new workflow, or the next version of one. */
function SaveDialog({ kept, definition, onClose }: SaveProps) {
  const [comment, setComment] = useState("");
  const queries = useQueryClient();
  const navigate = useNavigate();
  const say = useToast();
  const save = async (): Promise<void> => {
    const body = { definition: definition as never, comment };
    if (kept)
      await call(
        api.POST("/api/v1/workflows/{workflow_id}/versions", {
          params: { path: { workflow_id: kept.id }, header: key() },
          body: { ...body, based_on: kept.version },
        }),
      );
    else await call(api.POST("/api/v1/workflows", { params: { header: key() }, body }));
    say(kept ? `Version ${kept.version + 1} is kept; what runs keeps to its own` : "Kept as version 1");
    for (const one of ["workflows", "workflow"]) await queries.invalidateQueries({ queryKey: [one] });
    await navigate({ to: "/workflows/$name", params: { name: definition.name } });
  };
  return (
    <FormDialog
      open
      title={kept ? `Save version ${kept.version + 1} of ${definition.name}` : `Save ${definition.name}`}
      verb="Save"
      onClose={onClose}
      onConfirm={save}
    >
      <Labeled label="What is new in it">
        <input
          className="field"
          value={comment}
          maxLength={1000}
          onChange={(event) => setComment(event.target.value)}
        />
      </Labeled>
    </FormDialog>
  );
}
