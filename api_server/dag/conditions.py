"""Conditions of a workflow, with their values filled in: true, false, or not to be compared at all. Pure."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import JsonValue


class IncomparableError(ValueError):
    """Two values can't be compared as asked; the text says which."""


def holds(condition: Mapping[str, JsonValue]) -> bool:
    """Tell whether a condition (``howdah.contracts.workflows.Condition``, as JSON) is true."""
    match condition:
        case {"all": list(several)}:
            return all(holds(_condition(one)) for one in several)
        case {"any": list(several)}:
            return any(holds(_condition(one)) for one in several)
        case {"not": dict(inner)}:
            return not holds(inner)
    value = condition.get("value")
    name, wanted = next((name, other) for name, other in condition.items() if name in _COMPARISONS)
    return _COMPARISONS[name](value, wanted)


def _condition(value: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping):
        raise IncomparableError(f"{value!r} is no condition")
    return value


def _equal(value: JsonValue, other: JsonValue) -> bool:
    """JSON's equality: 1 and 1.0 are the same, 1 and true are not."""
    if isinstance(value, bool) != isinstance(other, bool):
        return False
    return value == other


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[JsonValue, JsonValue], bool]:
    def compared(value: JsonValue, other: JsonValue) -> bool:
        if isinstance(value, str) and isinstance(other, str):
            return compare(value, other)
        left, right = _number(value), _number(other)
        if left is None or right is None:
            raise IncomparableError(
                f"{_shown(value)} and {_shown(other)} can't be compared by size: both must be numbers, or both texts"
            )
        return compare(left, right)

    return compared


def _number(value: JsonValue) -> float | None:
    """Return a number, or what a text says that is nothing but one: all that a command prints is text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _one_of(value: JsonValue, several: JsonValue) -> bool:
    if not isinstance(several, list):
        raise IncomparableError(f"one_of: {_shown(several)} is no list")
    return any(_equal(value, one) for one in several)


def _contains(value: JsonValue, part: JsonValue) -> bool:
    if isinstance(value, str) and isinstance(part, str):
        return part in value
    if isinstance(value, list):
        return _one_of(part, value)
    if isinstance(value, Mapping):
        return part in value
    raise IncomparableError(f"contains: {_shown(value)} has nothing in it")


def _shown(value: JsonValue) -> str:
    return repr(value)[:100]


_COMPARISONS: Final[Mapping[str, Callable[[JsonValue, JsonValue], bool]]] = {
    "equals": _equal,
    "not_equals": lambda value, other: not _equal(value, other),
    "greater_than": _ordered(operator.gt),
    "at_least": _ordered(operator.ge),
    "less_than": _ordered(operator.lt),
    "at_most": _ordered(operator.le),
    "one_of": _one_of,
    "contains": _contains,
    "exists": lambda value, wanted: (value is not None) == wanted,
}
