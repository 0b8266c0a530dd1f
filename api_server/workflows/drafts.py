"""What is shown of a definition while somebody draws it: its problems by place, the ports of its nodes, a diff."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import JsonValue, ValidationError

from api_server.dag.problems import FieldProblem
from api_server.dag.workflows.checking import needed_nodes
from api_server.dag.workflows.ports import out_ports, outputs_of
from api_server.dag.workflows.surroundings import Surroundings
from api_server.workflows.schemas import DiffShown, InputShown, NodeShown, OutputShown
from howdah.contracts.plain_yaml import written
from howdah.contracts.workflows import (
    AnyNode,
    ApplicationNode,
    TaskNode,
    WorkflowDefinition,
    WorkflowNode,
    place_as_written,
)
from howdah.contracts.wrong_fields import wrong_fields


def node_places(error: ValidationError) -> list[FieldProblem]:
    """Return pydantic's errors with the places as they were written."""
    return [FieldProblem(place_as_written(wrong.field), wrong.message) for wrong in wrong_fields(error)]


def nodes_of(definition: WorkflowDefinition, around: Surroundings) -> dict[str, NodeShown]:
    """Return the ports of every node."""
    return {name: _shown(node, around) for name, node in definition.nodes.items()}


def _shown(node: AnyNode, around: Surroundings) -> NodeShown:
    inputs, outputs = _inputs(node, around), outputs_of(node, around)
    return NodeShown(
        inputs=inputs or [],
        any_input=inputs is None,
        outputs=[OutputShown(name=name, type=kind.value) for name, kind in (outputs or {}).items()],
        any_output=outputs is None,
        out_ports=list(out_ports(node, around)),
        needs=list(dict.fromkeys(needed_nodes(node))),
    )


def _inputs(node: AnyNode, around: Surroundings) -> list[InputShown] | None:
    """Return the in-ports; None where any input is taken."""
    match node:
        case TaskNode():
            known = around.type_of(node.type)
            return None if known is None else _of_schema(known.description.parameters)
        case ApplicationNode():
            application = around.applications.get(node.application)
            return [
                InputShown(name=item.name, type=item.type.value, required=item.required and item.default is None)
                for item in (application.interface.inputs if application else ())
            ]
        case WorkflowNode():
            inner = around.workflows.get((node.workflow, node.version))
            return [
                InputShown(name=name, type=one.type.value, required=one.required and not one.has_default)
                for name, one in (inner.definition.parameters.items() if inner else ())
            ]
        case _:
            return []


def _of_schema(schema: Mapping[str, JsonValue]) -> list[InputShown] | None:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict):
        return None
    needed = required if isinstance(required, list) else []
    return [InputShown(name=name, type=_kind(one), required=name in needed) for name, one in properties.items()]


def _kind(schema: JsonValue) -> str:
    kind = schema.get("type") if isinstance(schema, dict) else None
    return kind if isinstance(kind, str) else "any"


# ---------------------------------------------------------------- differences


def difference(old: dict[str, Any], new: dict[str, Any], versions: tuple[int, int]) -> DiffShown:
    """Return what ``new`` has otherwise than ``old``; ``versions`` are theirs."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    lines = difflib.unified_diff(
        written(old).splitlines(keepends=True),
        written(new).splitlines(keepends=True),
        f"version {versions[0]}",
        f"version {versions[1]}",
    )
    return DiffShown(
        version=versions[1],
        against=versions[0],
        added=sorted(after.keys() - before.keys()),
        removed=sorted(before.keys() - after.keys()),
        changed=sorted(place for place in after.keys() & before.keys() if after[place] != before[place]),
        text="".join(lines),
    )


def _leaves(value: JsonValue, place: str = "") -> Iterator[tuple[str, JsonValue]]:
    inner: Mapping[str, JsonValue] = {}
    if isinstance(value, dict):
        inner = value
    elif isinstance(value, list):
        inner = {str(index): one for index, one in enumerate(value)}
    if not inner:
        yield place, value
    for key, one in inner.items():
        yield from _leaves(one, f"{place}.{key}" if place else key)
