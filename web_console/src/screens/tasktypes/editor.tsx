import { useQueryClient } from "@tanstack/react-query";
import { api, call, type TaskTypeDescription, type TaskTypeShown } from "../../api/client";
import type { FieldSpec } from "../../core/forms";
import { Editor } from "../catalogue/editor";
import { USES } from "./words";

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const PORT = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const TYPES = ["string", "integer", "number", "boolean", "array", "object", "file", "any"];

const SPECS: readonly FieldSpec[] = [
  { kind: "area", name: "description", label: "What its tasks do" },
  {
    kind: "choice",
    name: "resource",
    label: "Compute resource",
    required: true,
    options: Object.entries(USES),
  },
  { kind: "choice", name: "lane", label: "Lane", required: true, options: ["fast", "slow"] },
  {
    kind: "json",
    name: "parameters",
    label: "What its tasks take (JSON Schema)",
    required: true,
    hint: "Tasks are checked against it when they are written",
  },
  {
    kind: "list",
    name: "outputs",
    label: "Gives",
    one: "output",
    fresh: { name: "", type: "any" },
    fields: [
      {
        kind: "mono",
        name: "name",
        label: "Name",
        required: true,
        check: (text) => (PORT.test(text) ? null : "Letters, digits, _ . and -, a letter first"),
      },
      { kind: "choice", name: "type", label: "Type", required: true, options: TYPES },
      { kind: "text", name: "description", label: "Description", wide: true },
    ],
  },
  { kind: "lines", name: "branches", label: "Ways out beside success and failure, one a line" },
  {
    kind: "group",
    name: "limits",
    label: "Limits",
    fields: [
      { kind: "number", name: "deadline_seconds", label: "Deadline, seconds" },
      { kind: "number", name: "max_deadline_seconds", label: "Deadline at most, seconds" },
      { kind: "number", name: "max_attempts", label: "Attempts at most" },
    ],
  },
  { kind: "mono", name: "module", label: "Python module of its service", hint: "word_count" },
  { kind: "mono", name: "image", label: "Image of its service", hint: "registry.example.org/word-count:1.2" },
];
const NAMED: readonly FieldSpec[] = [
  {
    kind: "mono",
    name: "name",
    label: "Name",
    required: true,
    wide: true,
    hint: "As in the topic howdah.tasks.<name>; it never changes",
    check: (text) => (NAME.test(text) ? null : "Small letters and digits, with - between words: word-count"),
  },
  ...SPECS,
];
const FRESH = {
  name: "",
  resource: "none",
  lane: "fast",
  parameters: { type: "object", properties: {}, additionalProperties: false },
  outputs: [],
  limits: { deadline_seconds: 60, max_deadline_seconds: 600, max_attempts: 5 },
};

interface Props {
  /** The one that is described anew; else one is registered. */
  type: TaskTypeShown | undefined;
  mayWrite: boolean;
  onClose: () => void;
}

/** A task type is registered, described anew, or forgotten. */
export function TypeEditor({ type, mayWrite, onClose }: Props) {
  const queries = useQueryClient();
  return (
    <Editor
      noun="task type"
      row={type && { ...type.description, id: type.name, name: type.name, version: type.version }}
      fresh={FRESH}
      specs={type ? SPECS : NAMED}
      mayWrite={mayWrite}
      save={(value: { name: string } & TaskTypeDescription) => {
        const { name, ...body } = value;
        return call(api.PUT("/api/v1/task-types/{name}", { params: { path: { name } }, body }));
      }}
      remove={({ name }) => call(api.DELETE("/api/v1/task-types/{name}", { params: { path: { name } } }))}
      removing="Its tasks are no longer checked when they are written. Its topic stays, and so does its service."
      changed={() => queries.invalidateQueries({ queryKey: ["task-types"] })}
      onClose={onClose}
    />
  );
}
