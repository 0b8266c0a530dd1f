"""Filling the outputs of earlier tasks into the parameters of a later one."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import JsonValue
from pydantic_core import to_json

from howdah.contracts.flow import Binding, Bindings, OutputRef, TextOf
from howdah.contracts.ids import TaskId
from howdah.contracts.references import as_text, walk
from howdah.contracts.tasks import TaskSpec

MAX_BOUND_BYTES: Final = 700_000
"""What the parameters of a command may have as JSON, so that the whole message stays below the topics' limit."""
Given = Callable[[OutputRef], Mapping[str, JsonValue] | None]
"""The outputs (or the failure) of the task that a reference names; None where it gave none."""


class UnboundError(ValueError):
    """A parameter can't be filled in; the text says which and why."""


def bound_params(spec: TaskSpec, given: Given) -> Mapping[str, JsonValue]:
    """Return the parameters of ``spec`` with its bindings filled in; UnboundError when one can't be."""
    if not spec.bindings:
        return spec.params
    params = filled(spec.params, spec.bindings, given)
    if (size := len(to_json(params))) > MAX_BOUND_BYTES:
        raise UnboundError(f"its parameters have {size} bytes, more than the {MAX_BOUND_BYTES} that a command takes")
    return params


def filled(params: Mapping[str, JsonValue], bindings: Mapping[str, Binding], given: Given) -> dict[str, JsonValue]:
    """Return ``params`` with ``bindings`` filled in, left as they are themselves."""
    found: dict[str, JsonValue] = dict(params)
    for where, binding in bindings.items():
        value = _value(where, binding, given)
        if where.startswith("/"):
            _put(found, [step.replace("~1", "/").replace("~0", "~") for step in where[1:].split("/")], value)
        else:
            found[where] = value
    return found


def settled(
    params: Mapping[str, JsonValue], bindings: Bindings, task_id: TaskId, outputs: Mapping[str, JsonValue]
) -> tuple[dict[str, JsonValue], Bindings]:
    """Return both with all that refers to ``task_id`` filled in from ``outputs``; the rest stays to be bound."""
    ready: Bindings = {}
    left: Bindings = {}
    for where, binding in bindings.items():
        if isinstance(binding, OutputRef):
            (ready if binding.task_id == task_id else left)[where] = binding
            continue
        parts = tuple(
            _in_text(where, part, lambda _: outputs)
            if isinstance(part, OutputRef) and part.task_id == task_id
            else part
            for part in binding.parts
        )
        (ready if all(isinstance(part, str) for part in parts) else left)[where] = TextOf(parts=parts)
    return filled(params, ready, lambda _: outputs), left


def pointer(place: tuple[str | int, ...]) -> str:
    """Return the JSON Pointer (RFC 6901) to a place; of a whole parameter its name."""
    if len(place) == 1 and not str(place[0]).startswith("/"):
        return str(place[0])
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)


def _put(container: Any, steps: list[str], value: JsonValue) -> None:  # noqa: ANN401 - any JSON
    """Set what stands at the end of ``steps``, in copies of everything on the way there."""
    first, rest = steps[0], steps[1:]
    key: Any = int(first) if isinstance(container, list) else first
    if not rest:
        container[key] = value
        return
    container[key] = container[key].copy()
    _put(container[key], rest, value)


def _value(where: str, binding: Binding, given: Given) -> JsonValue:
    if isinstance(binding, OutputRef):
        return _output(where, binding, given)
    return "".join(part if isinstance(part, str) else _in_text(where, part, given) for part in binding.parts)


def _in_text(where: str, ref: OutputRef, given: Given) -> str:
    value = _output(where, ref, given)
    return "" if value is None else as_text(value)


def _output(where: str, ref: OutputRef, given: Given) -> JsonValue:
    values = given(ref) or {}
    if ref.output in values:
        return values[ref.output]
    try:
        return walk(dict(values), ref.output)
    except KeyError:
        if ref.optional:
            return None
    known = ", ".join(sorted(values)) or "nothing"
    raise UnboundError(f"its parameter {where!r} needs the output {ref.output!r}, but there is only {known}")
