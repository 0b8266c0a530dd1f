"""Registered task types: whether a description makes sense, and whether a task is what its type's description says.

Pure. A schema is its author's, so nothing that it says makes this room fetch anything.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from pydantic import JsonValue
from pydantic_core import to_json
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from api_server.dag.problems import FieldProblem
from howdah.contracts.task_types import PortType, ResourceUse, TaskTypeDescription

MAX_SCHEMA_BYTES: Final = 100_000
MAX_SCHEMA_DEPTH: Final = 40
_MOST_PROBLEMS: Final = 20
_FITS: Final[Mapping[PortType, frozenset[str]]] = {
    PortType.INTEGER: frozenset({"integer", "number"}),
    PortType.FILE: frozenset({"string"}),
}
"""What a parameter's type may be for a port's values, where it is more or other than the port's own name."""


def schema_trouble(schema: Mapping[str, JsonValue]) -> str | None:
    """Return what is wrong with a schema of parameters, None when it can be used."""
    return _beyond_bounds(schema) or _not_usable(schema)


def _beyond_bounds(schema: Mapping[str, JsonValue]) -> str | None:
    if (size := len(to_json(schema))) > MAX_SCHEMA_BYTES:
        return f"{size} bytes as JSON are more than {MAX_SCHEMA_BYTES}"
    if _depth(schema) > MAX_SCHEMA_DEPTH:
        return f"is nested more than {MAX_SCHEMA_DEPTH} deep"
    if schema.get("type") != "object":
        return "must have the type 'object': parameters have names"
    return None


def _not_usable(schema: Mapping[str, JsonValue]) -> str | None:
    if outside := next((ref for ref in _references(schema) if not ref.startswith("#")), None):
        return f"refers to {outside[:200]!r}; only what stands in the schema itself may be referred to, by '#/$defs/…'"
    try:
        Draft202012Validator.check_schema(schema)
        resolver = Registry().resolver_with_root(Resource.from_contents(schema, default_specification=DRAFT202012))
        for reference in _references(schema):
            resolver.lookup(reference)
    except SchemaError as error:
        return f"{'.'.join(map(str, error.absolute_path)) or 'the schema'}: {error.message[:500]}"
    except Unresolvable as error:
        return f"refers to {error.ref[:200]!r}, which it does not define"
    return None


@dataclass(frozen=True, slots=True)
class KnownType:
    """A registered task type, as planning uses it."""

    name: str
    description: TaskTypeDescription

    def problems(self, params: Mapping[str, JsonValue], bound: Collection[str]) -> list[FieldProblem]:
        """Return what is wrong with ``params``, of which those named in ``bound`` are filled in later."""
        found = [FieldProblem(f"bindings.{name}", text) for name in bound if (text := self._unknown(name))]
        validator = _validator(_Frozen(_without(self.description.parameters, frozenset(bound))))
        try:
            errors = sorted(validator.iter_errors(dict(params)), key=lambda error: list(map(str, error.absolute_path)))
        except RecursionError:
            return [FieldProblem("params", f"the schema of {self.name!r} refers to itself without end")]
        return found + [_problem(error) for error in errors[:_MOST_PROBLEMS]]

    def output_trouble(self, output: str) -> str | None:
        """Return why nothing can be bound to ``output``, None when it is declared, or no output is."""
        declared = [port.name for port in self.description.outputs]
        if not declared or output in declared:
            return None
        return f"tasks of type {self.name!r} give no {output!r}, only {', '.join(declared)}"

    def port_type(self, output: str) -> PortType:
        """Return the type of an output; ANY where it is not known."""
        return next((port.type for port in self.description.outputs if port.name == output), PortType.ANY)

    def parameter_type(self, name: str) -> str | None:
        """Return the one type that a parameter's schema names, None where it names none or several."""
        schema = _properties(self.description.parameters).get(name)
        kind = schema.get("type") if isinstance(schema, dict) else None
        return kind if isinstance(kind, str) else None

    def resource_trouble(self, *, named: bool) -> str | None:
        """Return what is wrong with a task's naming a resource, or naming none."""
        match self.description.resource:
            case ResourceUse.REQUIRED if not named:
                return f"a task of type {self.name!r} needs the resource to run on"
            case ResourceUse.NONE if named:
                return f"a task of type {self.name!r} uses no compute resource: leave it out"
            case _:
                return None

    def _unknown(self, name: str) -> str | None:
        parameters = self.description.parameters
        if parameters.get("additionalProperties") is not False or name in _properties(parameters):
            return None
        known = ", ".join(_properties(parameters)) or "none"
        return f"{self.name!r} has no parameter {name!r}; it has {known}"


def fits(port: PortType, parameter: str | None) -> bool:
    """Tell whether a port's values may be a parameter of this type."""
    if port is PortType.ANY or parameter is None:
        return True
    return parameter in _FITS.get(port, {port.value})


class _Frozen:
    """A schema as the key of a cache: experiments have thousands of tasks of one type."""

    def __init__(self, schema: Mapping[str, JsonValue]) -> None:
        self.schema = schema
        self._text = to_json(schema)

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and self._text == other._text


@lru_cache(maxsize=256)
def _validator(frozen: _Frozen) -> Draft202012Validator:
    return Draft202012Validator(frozen.schema, registry=Registry())


def _without(schema: Mapping[str, JsonValue], bound: frozenset[str]) -> Mapping[str, JsonValue]:
    """Return the schema that says nothing of the parameters that are filled in later."""
    required = schema.get("required")
    if not bound or not isinstance(required, list):
        return schema
    return {**schema, "required": [name for name in required if name not in bound]}


def _properties(schema: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _problem(error: ValidationError) -> FieldProblem:
    where = ".".join(("params", *map(str, error.absolute_path)))
    return FieldProblem(where, error.message[:500])


def _depth(value: Any) -> int:  # noqa: ANN401 - any JSON
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, Mapping) else one if isinstance(one, list) else ())
        ]
    return deepest


def _references(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in {"$ref", "$dynamicRef"} and isinstance(inner, str):
                yield inner
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
