import { useQuery, useQueryClient } from "@tanstack/react-query";
import { api, call, type ServiceDeployment, type ServiceStatus } from "../../api/client";
import type { FieldSpec, Values } from "../../core/forms";
import { plain } from "../../core/plain";
import { CatalogueForm } from "../../ui/form";
import { CloseButton, Drawer } from "../../ui/parts";
import { useToast } from "../../ui/toast";

interface Props {
  /** The service of which this is a new revision. */
  service: ServiceStatus | undefined;
  control: string;
  onClose: (open?: string) => void;
}

/** Run a task service of one's own: what it works on, what is run, how many, with how much. */
export function DeployDrawer({ service, control, onClose }: Props) {
  const queries = useQueryClient();
  const say = useToast();
  const types = useQuery({
    queryKey: ["task-types"],
    queryFn: () => call(api.GET("/api/v1/task-types", { params: { query: { limit: 500 } } })),
  });
  const known = types.data?.items ?? [];
  const fresh: Values = { name: "", replicas: 1, release: "1", cpu_millicores: 500, memory_mb: 512 };
  const local = control !== "kubernetes";
  const specs: readonly FieldSpec[] = [
    ...(service ? [] : [{ kind: "mono", name: "name", label: "Name of the service", required: true } as const]),
    {
      kind: "choice",
      name: "task_type",
      label: "Works on tasks of the type",
      required: true,
      options: known.map((one) => one.name),
      hint: known.length ? "" : "Register one first: howdah task-types register",
    },
    { kind: "mono", name: "module", label: "Python module", required: true, hint: "word_count: python -m word_count" },
    local
      ? { kind: "mono", name: "directory", label: "Folder that holds the module", required: true, wide: true }
      : { kind: "mono", name: "image", label: "Image", required: true, wide: true },
    { kind: "text", name: "release", label: "Release" },
    { kind: "number", name: "replicas", label: "Instances" },
    { kind: "number", name: "cpu_millicores", label: "Processor, thousandths of a core" },
    { kind: "number", name: "memory_mb", label: "Memory, MB" },
    { kind: "pairs", name: "environment", label: "Further variables, NAME=value, one a line", hint: "nothing secret" },
  ];
  const save = async (value: never): Promise<void> => {
    const { name, ...body } = value as Values;
    const target = service?.name ?? String(name);
    await call(
      api.PUT("/api/v1/services/{name}", {
        params: { path: { name: target } },
        body: body as unknown as ServiceDeployment,
      }),
    );
    say(`${target} is being started`);
    await queries.invalidateQueries({ queryKey: ["steered-services"] });
    onClose(target);
  };
  return (
    <Drawer label="Deploy a service" onClose={() => onClose()}>
      <div className="flex items-center gap-2 p-5 pb-3">
        <h2 className="clip m-0 flex-1 font-semibold text-[15px]">
          {service ? `A new revision of ${service.name}` : "Deploy a service"}
        </h2>
        <CloseButton onClick={() => onClose()} />
      </div>
      <div className="px-5 pb-6">
        <p className="mt-0 text-ink-2">
          {local
            ? "It becomes a child of the local stack, and is started again when it dies."
            : "It becomes a Deployment in the platform's namespace."}
        </p>
        <CatalogueForm
          key={known.length}
          label="Service"
          specs={specs}
          value={service?.deployment ? plain(service.deployment as never) : fresh}
          onSave={save}
          saving={service ? "Deploy this revision" : "Deploy"}
        />
      </div>
    </Drawer>
  );
}
