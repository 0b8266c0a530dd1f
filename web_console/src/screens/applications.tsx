import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import {
  api,
  call,
  type DeploymentBody,
  type DeploymentShown,
  type InterfaceBody,
  type InterfaceShown,
  type ModuleBody,
  type ModuleShown,
  refusal,
} from "../api/client";
import type { FieldSpec, Values } from "../core/forms";
import { plain } from "../core/plain";
import { plural } from "../core/words";
import * as ask from "../queries";
import { useTitle } from "../shell/shell";
import { CatalogueForm } from "../ui/form";
import { CloseButton, Confirm, Drawer, Failure, Sentence } from "../ui/parts";
import { TAB } from "../ui/tab";
import { Table } from "../ui/table";
import { At } from "../ui/time";
import { useToast } from "../ui/toast";
import { deploymentSpec, interfaceSpec, MODULE } from "./catalogue/specs";

const TABS = ["interfaces", "deployments", "modules"] as const;
type Tab = (typeof TABS)[number];
type Any = InterfaceShown | DeploymentShown | ModuleShown;

const FRESH: Record<Tab, Values> = {
  modules: { name: "", release: "", description: "" },
  interfaces: { name: "", description: "", inputs: [], outputs: [{ name: "stdout", type: "stdout", required: true }] },
  deployments: { executable: "", modules: [], environment: {}, defaults: { wall_time_minutes: 30 } },
};

/** What can be run: modules, what they take and give, how they are started where. */
export function Applications() {
  useTitle("Applications", "Applications");
  const search = useSearch({ from: "/inside/applications" });
  const tab = TABS.find((one) => one === search.tab) ?? "interfaces";
  const navigate = useNavigate();
  const modules = useQuery(ask.modules);
  const interfaces = useQuery(ask.interfaces);
  const deployments = useQuery(ask.deployments);
  const resources = useQuery(ask.resources);
  const list = { modules, interfaces, deployments }[tab];
  const rows: readonly Any[] = list.data ?? [];
  const module = (id: string): string => modules.data?.find((one) => one.id === id)?.name ?? "?";
  const resource = (id: string): string => resources.data?.find((one) => one.id === id)?.name ?? "?";
  const go = (change: { open?: string; tab?: string }): void =>
    void navigate({ to: "/applications", search: { ...search, ...change } });
  const name = (row: Any): string =>
    "executable" in row ? `${module(row.module_id)} on ${resource(row.resource_id)}` : row.name;
  const opened = rows.find((row) => row.id === search.open);
  return (
    <>
      <Sentence>
        {plural(interfaces.data?.length ?? 0, "application", "applications")}, deployed{" "}
        {plural(deployments.data?.length ?? 0, "time", "times")}. Modules are the software, interfaces what it takes and
        gives, deployments how it is started on a resource.
      </Sentence>
      <nav aria-label="Kinds" className="flex shrink-0 items-center gap-5 border-line border-b px-6 max-sm:px-4">
        {TABS.map((one) => (
          <Link
            activeOptions={TAB}
            key={one}
            to="/applications"
            search={{ tab: one }}
            className="tab capitalize"
            data-on={one === tab ? "page" : undefined}
          >
            {one}{" "}
            <span className="num font-normal text-ink-3">
              {{ modules, interfaces, deployments }[one].data?.length ?? ""}
            </span>
          </Link>
        ))}
        <span className="flex-1" />
        <button type="button" className="btn small" onClick={() => go({ open: "new" })}>
          Add
        </button>
      </nav>
      {list.error && <Failure error={list.error} retry={() => void list.refetch()} />}
      <div className="relative flex min-h-0 flex-1">
        <Table<Any>
          label={tab}
          rows={rows}
          rowKey={(row) => row.id}
          openKey={search.open}
          loading={list.isPending}
          onOpen={(row) => go({ open: row.id })}
          empty={`No ${tab} yet. Add the first here, or with howdah apply -f.`}
          columns={[
            {
              key: "name",
              header: "Name",
              track: "minmax(160px,1fr)",
              cell: (row) => <span className="name clip block">{name(row)}</span>,
            },
            {
              key: "what",
              header: "What it is",
              track: "minmax(180px,2fr)",
              cell: (row) => <span className="clip block text-ink-2">{about(row)}</span>,
            },
            {
              key: "used",
              header: "Used by",
              track: "minmax(110px,1fr)",
              from: 760,
              cell: (row) => (
                <span className="clip block">{usedBy(row, interfaces.data ?? [], deployments.data ?? [])}</span>
              ),
            },
            { key: "at", header: "Changed", track: "84px", from: 640, cell: (row) => <At at={row.updated_at} /> },
            {
              key: "act",
              header: "",
              track: "70px",
              align: "right",
              cell: (row) =>
                "inputs" in row && (
                  <Link to="/launch" search={{ app: row.name }} className="btn small">
                    Launch
                  </Link>
                ),
            },
          ]}
        />
        {(opened || search.open === "new") && (
          <Editor
            key={search.open}
            tab={tab}
            specs={
              {
                modules: MODULE,
                interfaces: interfaceSpec(modules.data),
                deployments: deploymentSpec(modules.data, resources.data),
              }[tab]
            }
            row={opened}
            title={opened ? name(opened) : `New ${tab.slice(0, -1)}`}
            onClose={() => go({ open: undefined })}
          />
        )}
      </div>
    </>
  );
}

function about(row: Any): string {
  if ("executable" in row) return [row.executable, ...row.modules].join(", ");
  if ("inputs" in row) return `${row.inputs.length} inputs, ${row.outputs.length} outputs. ${row.description}`;
  return [row.release, row.description].filter(Boolean).join(", ");
}

function usedBy(row: Any, interfaces: readonly InterfaceShown[], deployments: readonly DeploymentShown[]): string {
  if ("executable" in row) return "";
  const moduleId = "inputs" in row ? row.module_id : row.id;
  const placed = deployments.filter((one) => one.module_id === moduleId).length;
  const shown = "inputs" in row ? [] : interfaces.filter((one) => one.module_id === row.id).map((one) => one.name);
  return [...shown, placed ? plural(placed, "deployment", "deployments") : "no deployment"].join(", ");
}

interface EditorProps {
  tab: Tab;
  specs: readonly FieldSpec[];
  row: Any | undefined;
  title: string;
  onClose: () => void;
}

function Editor({ tab, specs, row, title, onClose }: EditorProps) {
  const queries = useQueryClient();
  const say = useToast();
  const [dropping, setDropping] = useState(false);
  const header = row ? { "if-match": `"${row.version}"` } : undefined;
  const save = async (value: never): Promise<void> => {
    const put = { header: header! };
    if (tab === "modules")
      await call(
        row
          ? api.PUT("/api/v1/application-modules/{module_id}", {
              params: { path: { module_id: row.id }, ...put },
              body: value as ModuleBody,
            })
          : api.POST("/api/v1/application-modules", { body: value as ModuleBody }),
      );
    else if (tab === "interfaces")
      await call(
        row
          ? api.PUT("/api/v1/application-interfaces/{interface_id}", {
              params: { path: { interface_id: row.id }, ...put },
              body: value as InterfaceBody,
            })
          : api.POST("/api/v1/application-interfaces", { body: value as InterfaceBody }),
      );
    else
      await call(
        row
          ? api.PUT("/api/v1/application-deployments/{deployment_id}", {
              params: { path: { deployment_id: row.id }, ...put },
              body: value as DeploymentBody,
            })
          : api.POST("/api/v1/application-deployments", { body: value as DeploymentBody }),
      );
    say("Saved");
    await queries.invalidateQueries({ queryKey: [tab] });
    onClose();
  };
  const drop = async (): Promise<void> => {
    if (!row) return;
    try {
      if (tab === "modules")
        await call(api.DELETE("/api/v1/application-modules/{module_id}", { params: { path: { module_id: row.id } } }));
      else if (tab === "interfaces")
        await call(
          api.DELETE("/api/v1/application-interfaces/{interface_id}", { params: { path: { interface_id: row.id } } }),
        );
      else
        await call(
          api.DELETE("/api/v1/application-deployments/{deployment_id}", {
            params: { path: { deployment_id: row.id } },
          }),
        );
      say("Deleted");
      await queries.invalidateQueries({ queryKey: [tab] });
      onClose();
    } catch (error) {
      say(refusal(error), { tone: "failed" });
    }
  };
  return (
    <Drawer label={title} onClose={onClose}>
      <div className="flex items-center gap-2 p-5 pb-3">
        <h2 className="clip m-0 flex-1 font-semibold text-[15px]">{title}</h2>
        {row && (
          <button type="button" className="btn small" onClick={() => setDropping(true)}>
            Delete…
          </button>
        )}
        <CloseButton onClick={onClose} />
      </div>
      <div className="px-5 pb-6">
        <CatalogueForm
          label={title}
          specs={specs}
          value={row ? plain(row) : FRESH[tab]}
          onSave={save}
          saving={row ? "Save" : "Create"}
        />
      </div>
      <Confirm
        open={dropping}
        danger
        title={`Delete ${title}?`}
        text="What still uses it refuses the deletion and is named."
        verb="Delete"
        onClose={() => setDropping(false)}
        onConfirm={() => void drop()}
      />
    </Drawer>
  );
}
