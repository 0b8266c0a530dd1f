import type { CredentialShown, ModuleShown, ResourceShown } from "../../api/client";
import type { FieldSpec, Values } from "../../core/forms";

type Option = readonly [string, string];
const named = (rows: readonly { id: string; name: string }[] | undefined): Option[] =>
  rows?.map((one) => [one.id, one.name] as const) ?? [];

export const MODULE: readonly FieldSpec[] = [
  { kind: "text", name: "name", label: "Name", required: true },
  { kind: "text", name: "release", label: "Release", hint: "2026.1" },
  { kind: "area", name: "description", label: "Description" },
];

const isNumber = (values: Values): boolean => values.type === "integer" || values.type === "float";
const isFile = (values: Values): boolean => values.type === "file";

const INPUT: readonly FieldSpec[] = [
  { kind: "text", name: "name", label: "Name", required: true },
  {
    kind: "choice",
    name: "type",
    label: "Type",
    required: true,
    options: ["string", "integer", "float", "boolean", "enum", "file"],
  },
  { kind: "text", name: "description", label: "Description", wide: true },
  { kind: "number", name: "default", label: "Default", when: isNumber },
  { kind: "text", name: "default", label: "Default", when: (one) => one.type === "string" || one.type === "enum" },
  { kind: "tick", name: "default", label: "Ticked at first", when: (one) => one.type === "boolean" },
  { kind: "mono", name: "flag", label: "Flag on the command line", hint: "empty: by its place alone" },
  { kind: "number", name: "minimum", label: "At least", when: isNumber },
  { kind: "number", name: "maximum", label: "At most", when: isNumber },
  { kind: "lines", name: "choices", label: "Choices, one a line", when: (one) => one.type === "enum" },
  { kind: "mono", name: "pattern", label: "Pattern of the whole value", when: (one) => one.type === "string" },
  { kind: "mono", name: "file_name", label: "Name in the work directory", when: isFile },
  { kind: "number", name: "order", label: "Order on the command line" },
  { kind: "tick", name: "required", label: "Required" },
];

const OUTPUT: readonly FieldSpec[] = [
  { kind: "text", name: "name", label: "Name", required: true },
  { kind: "choice", name: "type", label: "Where from", required: true, options: ["file", "stdout", "stderr"] },
  { kind: "mono", name: "path", label: "Path in the work directory", required: true, when: isFile },
  { kind: "text", name: "content_type", label: "Content type", hint: "image/png", when: isFile },
  { kind: "text", name: "description", label: "Description", wide: true },
  { kind: "tick", name: "required", label: "A run without it has failed" },
];

export function interfaceSpec(modules: readonly ModuleShown[] | undefined): readonly FieldSpec[] {
  return [
    { kind: "text", name: "name", label: "Name", required: true },
    { kind: "choice", name: "module_id", label: "Module", required: true, options: named(modules) },
    { kind: "area", name: "description", label: "Description" },
    {
      kind: "list",
      name: "inputs",
      label: "Inputs",
      one: "input",
      fields: INPUT,
      fresh: { name: "", type: "string", required: true },
    },
    {
      kind: "list",
      name: "outputs",
      label: "Outputs",
      one: "output",
      fields: OUTPUT,
      fresh: { name: "", type: "file", required: true },
    },
  ];
}

const LIMITS: readonly FieldSpec[] = [
  { kind: "number", name: "nodes", label: "Nodes" },
  { kind: "number", name: "tasks_per_node", label: "Tasks a node" },
  { kind: "number", name: "cpus_per_task", label: "Cores a task" },
  { kind: "number", name: "gpus_per_node", label: "GPUs a node" },
  { kind: "number", name: "memory_mb", label: "Memory a node, MB" },
  { kind: "number", name: "wall_time_minutes", label: "Time limit, minutes" },
];

export function deploymentSpec(
  modules: readonly ModuleShown[] | undefined,
  resources: readonly ResourceShown[] | undefined,
): readonly FieldSpec[] {
  return [
    { kind: "choice", name: "module_id", label: "Module", required: true, options: named(modules) },
    { kind: "choice", name: "resource_id", label: "Resource", required: true, options: named(resources) },
    { kind: "mono", name: "executable", label: "Executable", required: true, wide: true },
    { kind: "lines", name: "modules", label: "Environment modules to load, one a line" },
    { kind: "pairs", name: "environment", label: "Environment, NAME=value, one a line" },
    { kind: "lines", name: "pre_commands", label: "Before the application, one command a line" },
    { kind: "lines", name: "post_commands", label: "After it, one command a line" },
    {
      kind: "group",
      name: "defaults",
      label: "Defaults of a job",
      fields: [
        { kind: "text", name: "queue", label: "Queue" },
        { kind: "text", name: "account", label: "Account" },
        ...LIMITS,
      ],
    },
    {
      kind: "lines",
      name: "native",
      label: "Directives in the scheduler's own words, one a line",
      hint: "--constraint=haswell",
    },
  ];
}

const QUEUE: readonly FieldSpec[] = [
  { kind: "mono", name: "name", label: "Name", required: true },
  { kind: "tick", name: "is_default", label: "The default" },
  { kind: "number", name: "max_nodes", label: "Most nodes" },
  { kind: "number", name: "max_cpus_per_node", label: "Most cores a node" },
  { kind: "number", name: "max_gpus_per_node", label: "Most GPUs a node" },
  { kind: "number", name: "max_memory_mb", label: "Most memory a node, MB" },
  { kind: "number", name: "max_wall_time_minutes", label: "Longest time, minutes" },
];
const byUs = (values: Values): boolean => values.reach !== "agent";
const overSsh = (values: Values): boolean => byUs(values) && values.transport !== "local";

export function resourceSpec(credentials: readonly CredentialShown[] | undefined): readonly FieldSpec[] {
  return [
    { kind: "text", name: "name", label: "Name", required: true },
    {
      kind: "choice",
      name: "scheduler",
      label: "Scheduler",
      required: true,
      options: ["slurm", "pbs", "lsf", "sge", "htcondor", "fork"],
    },
    { kind: "area", name: "description", label: "Description" },
    {
      kind: "choice",
      name: "reach",
      label: "Tasks are worked on",
      required: true,
      options: [
        ["ssh", "by the platform's services"],
        ["agent", "by an agent at the resource"],
      ],
      wide: true,
    },
    {
      kind: "choice",
      name: "transport",
      label: "Reached by",
      required: true,
      when: byUs,
      options: [
        ["ssh", "SSH"],
        ["local", "the services' own machine"],
      ],
    },
    { kind: "tick", name: "enabled", label: "Takes new work" },
    { kind: "mono", name: "host", label: "Host", required: true, when: overSsh },
    { kind: "number", name: "port", label: "Port", when: overSsh },
    { kind: "mono", name: "username", label: "Account", required: true, when: overSsh },
    {
      kind: "choice",
      name: "credential_id",
      label: "Credential",
      required: true,
      options: named(credentials),
      when: overSsh,
    },
    {
      kind: "lines",
      name: "host_keys",
      label: "Pinned host keys, one a line",
      hint: "Empty: the first test shows the key, and a person confirms it.",
      when: overSsh,
    },
    { kind: "mono", name: "scratch", label: "Scratch folder", hint: "~/howdah or /scratch/me", wide: true },
    { kind: "pairs", name: "environment", label: "Environment of every job, NAME=value, one a line" },
    {
      kind: "list",
      name: "queues",
      label: "Queues",
      one: "queue",
      fields: QUEUE,
      fresh: { name: "", is_default: false },
    },
    {
      kind: "list",
      name: "jump_hosts",
      label: "Hosts on the way",
      one: "host",
      when: overSsh,
      fields: [
        { kind: "mono", name: "host", label: "Host", required: true },
        { kind: "number", name: "port", label: "Port" },
        { kind: "mono", name: "username", label: "Account", required: true },
        { kind: "choice", name: "credential_id", label: "Credential", required: true, options: named(credentials) },
        { kind: "lines", name: "host_keys", label: "Pinned host keys, one a line" },
      ],
      fresh: { host: "", port: 22 },
    },
  ];
}

export function quotaSpec(resources: readonly ResourceShown[] | undefined): readonly FieldSpec[] {
  return [
    { kind: "text", name: "name", label: "Name", required: true, wide: true, hint: "Told to whoever waits" },
    { kind: "number", name: "max_live_jobs", label: "Live jobs at most", required: true },
    { kind: "choice", name: "resource_id", label: "Resource", options: named(resources), hint: "none: of the gateway" },
    { kind: "mono", name: "queue", label: "Queue", when: (one) => Boolean(one.resource_id) },
    { kind: "text", name: "owner", label: "One user only", when: (one) => one.each_user !== true },
    { kind: "tick", name: "each_user", label: "For each user apart", when: (one) => !one.owner },
  ];
}

const ofKind =
  (...kinds: string[]) =>
  (values: Values): boolean =>
    kinds.includes(String(values.kind));

const KINDS: readonly Option[] = [
  ["sftp", "a folder by SFTP"],
  ["s3", "a bucket (S3)"],
  ["http", "the web"],
  ["file", "a registered folder"],
];

export function storageSpec(credentials: readonly CredentialShown[] | undefined): readonly FieldSpec[] {
  return [
    { kind: "mono", name: "name", label: "Name", required: true, hint: "Stands in URIs" },
    { kind: "choice", name: "kind", label: "Kind", required: true, options: KINDS },
    { kind: "area", name: "description", label: "Description" },
    {
      kind: "mono",
      name: "root",
      label: "Paths are relative to",
      required: true,
      wide: true,
      hint: "A folder, bucket or address",
    },
    { kind: "mono", name: "host", label: "Host", required: true, when: ofKind("sftp") },
    { kind: "number", name: "port", label: "Port", when: ofKind("sftp") },
    { kind: "mono", name: "endpoint_url", label: "Endpoint, where it is not Amazon's", when: ofKind("s3") },
    { kind: "mono", name: "region", label: "Region", when: ofKind("s3") },
    { kind: "mono", name: "username", label: "Account, or access key id", when: ofKind("sftp", "s3") },
    {
      kind: "choice",
      name: "credential_id",
      label: "Credential",
      options: named(credentials),
      when: ofKind("sftp", "s3"),
    },
    { kind: "lines", name: "host_keys", label: "Pinned host keys, one a line", when: ofKind("sftp") },
    { kind: "tick", name: "enabled", label: "May be used" },
  ];
}
