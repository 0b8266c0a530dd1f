"""The types of values in a definition, as far as they are known before a run: ``integer``, ``array of string``, any.

A fan-out's outputs are lists of what one item gives; an item is an element of the list that is fanned out over. What a
parameter of type ``array`` holds is known only at the launch, when the values themselves are checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from api_server.dag.workflows.ports import outputs_of, outputs_of_item
from api_server.dag.workflows.surroundings import Surroundings
from howdah.contracts.references import Reference, Source, parts_of
from howdah.contracts.task_types import PortType
from howdah.contracts.workflows import AnyNode, ApprovalNode, ChoiceNode, WorkflowDefinition

ANY: Final = "any"
_ARRAY: Final = "array"
_ARRAY_OF: Final = "array of "
_SAME: Final[Mapping[str, str]] = {"float": "number", "enum": "string", "files": "array", "resource": "string"}
_TEXTS: Final = frozenset({"string", "file"})
_LITERALS: Final[Mapping[type, str]] = {bool: "boolean", int: "integer", float: "number", dict: "object", str: "string"}


def suits(kind: str, wanted: str) -> bool:
    """Tell whether a value of ``kind`` may stand where ``wanted`` is taken; what is not known may."""
    kind, wanted = _SAME.get(kind, kind), _SAME.get(wanted, wanted)
    if ANY in {kind, wanted} or kind == wanted or (kind, wanted) == ("integer", "number"):
        return True
    held, taken = element_of(kind), element_of(wanted)
    if held is not None and taken is not None:
        return suits(held, taken)
    return {kind, wanted} <= _TEXTS


def element_of(kind: str) -> str | None:
    """Return the type of a list's elements; None of what is no list."""
    kind = _SAME.get(kind, kind)
    if kind == _ARRAY:
        return ANY
    return kind.removeprefix(_ARRAY_OF) if kind.startswith(_ARRAY_OF) else None


def list_of(kind: str) -> str:
    """Return the type of a list of elements of ``kind``."""
    return _ARRAY if kind == ANY else f"{_ARRAY_OF}{kind}"


def kind_of_schema(schema: JsonValue) -> str | None:
    """Return the one type that a JSON Schema names, of a list with that of its elements; None where it names none."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or not isinstance(kind, str):
        return None
    return list_of(kind_of_schema(schema.get("items")) or ANY) if kind == _ARRAY else kind


def places_of(value: JsonValue, schema: JsonValue, place: str) -> Iterator[tuple[str, str, str]]:
    """Yield each text with references in a value that a schema describes: (place, text, type that is taken there)."""
    if isinstance(value, str):
        wanted = kind_of_schema(schema)
        if "${" in value and wanted is not None:
            yield place, value, wanted
    elif not isinstance(schema, dict):
        return
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from places_of(one, schema.get("items"), f"{place}.{index}")
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from places_of(one, _of_property(schema, name), f"{place}.{name}")


def _of_property(schema: Mapping[str, JsonValue], name: str) -> JsonValue:
    """Return the schema of a property: its own, or the one that all of any name have."""
    known, patterns = schema.get("properties"), schema.get("patternProperties")
    if isinstance(known, dict) and name in known:
        return known[name]
    if isinstance(patterns, dict) and len(patterns) == 1:
        return next(iter(patterns.values()))
    return schema.get("additionalProperties")


@dataclass(frozen=True, slots=True)
class Kinds:
    """The types of what stands in one node of a definition."""

    definition: WorkflowDefinition
    around: Surroundings
    node: AnyNode | None = None
    """None: outside of any item, as what is fanned out over."""

    def of(self, value: JsonValue) -> str:
        """Return the type of a value with references, ``any`` where it is not known."""
        if isinstance(value, list):
            kinds = {self.of(one) for one in value}
            return list_of(kinds.pop() if len(kinds) == 1 else ANY)
        if not isinstance(value, str):
            return _LITERALS.get(type(value), ANY)
        parts = parts_of(value)
        if len(parts) > 1 or isinstance(parts[0], str):
            return "string"
        return self._of_one(parts[0])

    def _of_one(self, reference: Reference) -> str:
        match reference.source:
            case Source.PARAMETER if not reference.path:
                return self.definition.parameters[reference.name].type.value
            case Source.OUTPUT:
                return self._of_output(self.definition.nodes[reference.name], reference.path)
            case Source.FAILURE:
                return "string"
            case Source.INDEX:
                return "integer"
            case Source.ITEM if not reference.path:
                return self._of_item()
            case _:
                return ANY

    def _of_output(self, node: AnyNode, port: str) -> str:
        found = (outputs_of(node, self.around) or {}).get(port, PortType.ANY)
        if isinstance(node, ChoiceNode | ApprovalNode) or node.for_each is None or found is not PortType.ARRAY:
            return found.value
        return list_of((outputs_of_item(node, self.around) or {}).get(port, PortType.ANY).value)

    def _of_item(self) -> str:
        if self.node is None or isinstance(self.node, ChoiceNode | ApprovalNode) or self.node.for_each is None:
            return ANY
        return element_of(Kinds(self.definition, self.around).of(self.node.for_each.over)) or ANY
