"""Filling the outputs of earlier tasks into the parameters of a later one."""

from collections.abc import Callable, Mapping

from pydantic import JsonValue
from pydantic_core import to_json

from howdah.contracts.ids import TaskId
from howdah.contracts.tasks import TaskSpec

MAX_BOUND_BYTES = 700_000
"""What the parameters of a command may have as JSON, so that the whole message stays below the topics' limit."""


class UnboundError(ValueError):
    """A parameter can't be filled in; the text says which and why."""


def bound_params(
    spec: TaskSpec, outputs_of: Callable[[TaskId], Mapping[str, JsonValue] | None]
) -> Mapping[str, JsonValue]:
    """Return the parameters of ``spec`` with its bindings filled in; UnboundError when one can't be."""
    if not spec.bindings:
        return spec.params
    params = dict(spec.params)
    for name, ref in spec.bindings.items():
        outputs = outputs_of(ref.task_id) or {}
        if ref.output not in outputs:
            known = ", ".join(sorted(outputs)) or "nothing"
            raise UnboundError(f"its parameter {name!r} needs the output {ref.output!r}, but there is only {known}")
        params[name] = outputs[ref.output]
    if (size := len(to_json(params))) > MAX_BOUND_BYTES:
        raise UnboundError(f"its parameters have {size} bytes, more than the {MAX_BOUND_BYTES} that a command takes")
    return params
