import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, call, key } from "../../api/client";
import type { Definition, Parameter } from "../../core/composer/definition";
import { problemOf, shown, typed } from "../../core/composer/values";
import * as ask from "../../queries";
import { FormDialog, Labeled } from "../../ui/dialog";
import { useToast } from "../../ui/toast";

interface Props {
  definition: Definition;
  version: number;
  onClose: () => void;
}

/** A run of one version: a form made of its parameters. */
export function RunDialog({ definition, version, onClose }: Props) {
  const parameters = Object.entries(definition.parameters ?? {});
  const [name, setName] = useState(`${definition.name}, version ${version}`);
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries(parameters.map(([one, parameter]) => [one, textOf(parameter)])),
  );
  const { data: resources } = useQuery(ask.resources);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const say = useToast();
  const problems = Object.fromEntries(
    parameters.map(([one, parameter]) => [one, problemOf(parameter, texts[one] ?? "")]),
  );
  const wrong = !name.trim() || Object.values(problems).some((one) => one !== null);
  const launch = async (): Promise<void> => {
    const values = parameters
      .map(([one, parameter]) => [one, typed(parameter, texts[one] ?? "")] as const)
      .filter(([, value]) => value !== undefined);
    const made = await call(
      api.POST("/api/v1/experiments", {
        params: { header: key() },
        body: {
          kind: "workflow",
          name: name.trim(),
          workflow: definition.name,
          version,
          parameters: Object.fromEntries(values) as never,
          launch: true,
        } as never,
      }),
    );
    say("Launched");
    await queries.invalidateQueries({ queryKey: ["experiments"] });
    await navigate({ to: "/experiments/$id", params: { id: made.id } });
  };
  return (
    <FormDialog
      open
      wide={parameters.length > 4}
      title={`Run ${definition.name}`}
      verb="Launch"
      disabled={wrong}
      onClose={onClose}
      onConfirm={launch}
    >
      <Labeled label="Name of the experiment">
        <input className="field" value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
      </Labeled>
      {parameters.map(([one, parameter]) => (
        <Labeled
          key={one}
          label={`${one} (${parameter.type})`}
          hint={
            (texts[one] || problems[one] === null) && problems[one] ? (
              <span className="text-failed">{problems[one]}</span>
            ) : (
              (problems[one] ?? parameter.description)
            )
          }
        >
          <Field
            parameter={parameter}
            value={texts[one] ?? ""}
            resources={resources?.map((resource) => resource.name) ?? []}
            onChange={(text) => setTexts({ ...texts, [one]: text })}
          />
        </Labeled>
      ))}
      {!parameters.length && <p className="m-0 text-ink-2">It takes no parameters.</p>}
    </FormDialog>
  );
}

function textOf(parameter: Parameter): string {
  const value = parameter.default;
  if (value === undefined || value === null) return "";
  return ["string", "file", "resource"].includes(parameter.type) ? String(value) : shown(value);
}

interface FieldProps {
  parameter: Parameter;
  value: string;
  resources: readonly string[];
  onChange: (text: string) => void;
}

function Field({ parameter, value, resources, onChange }: FieldProps) {
  const choices =
    parameter.type === "resource"
      ? resources
      : parameter.type === "boolean"
        ? ["true", "false"]
        : parameter.choices?.map((one) => (typeof one === "string" ? one : shown(one)));
  if (choices?.length)
    return (
      <select className="field" value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">{"default" in parameter ? "the default" : "Choose"}</option>
        {choices.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    );
  const many = ["array", "object", "files", "any"].includes(parameter.type);
  return many ? (
    <textarea className="field mono" rows={2} value={value} onChange={(event) => onChange(event.target.value)} />
  ) : (
    <input className="field" value={value} onChange={(event) => onChange(event.target.value)} />
  );
}
