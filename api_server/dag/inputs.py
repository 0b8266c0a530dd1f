"""The inputs of an application experiment against its interface: typed values, or every problem with its field."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import JsonValue

from api_server.dag.application import FILE_TYPES, ApplicationInput, InputType, StoredFile
from api_server.dag.late import is_late, is_mark
from api_server.dag.problems import FieldProblem
from api_server.dag.sources import why_no_source
from howdah.contracts.params import OBJECTS

InputValue = str | int | float | bool | StoredFile | tuple[StoredFile, ...]


@dataclass(slots=True)
class CheckedInputs:
    """The values by input name (defaults filled in), and what was wrong."""

    values: dict[str, InputValue] = field(default_factory=dict)
    problems: list[FieldProblem] = field(default_factory=list)


class _WrongValueError(ValueError):
    """A value that does not suit its input; the text says what would."""


def file_uris(inputs: tuple[ApplicationInput, ...], given: Mapping[str, JsonValue]) -> set[str]:
    """Return the URIs that the values of file inputs name, so that they can be looked up."""
    values = [given.get(item.name, item.default) for item in inputs if item.type in FILE_TYPES]
    named = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return {uri for uri in named if isinstance(uri, str)}


def check_inputs(
    inputs: tuple[ApplicationInput, ...],
    given: Mapping[str, JsonValue],
    files: Mapping[str, StoredFile],
    *,
    complete: bool,
) -> CheckedInputs:
    """Check ``given`` against the interface. Without ``complete`` a required input may still be missing."""
    checked = CheckedInputs()
    known = {item.name for item in inputs}
    for name in given.keys() - known:
        text = f"the application has no such input; it has {', '.join(sorted(known)) or 'none'}"
        checked.problems.append(FieldProblem(f"inputs.{name}", text))
    for item in inputs:
        value = given.get(item.name)
        value = item.default if value is None else value
        if value is None:
            if item.required and complete:
                text = f"required, of type {item.type.value}"
                checked.problems.append(FieldProblem(f"inputs.{item.name}", text))
            continue
        try:
            is_later = is_mark(value) or (item.type is InputType.STRING and is_late(value))
            check = _later if is_later else _CHECKS[item.type]
            checked.values[item.name] = check(item, value, files)
        except _WrongValueError as error:
            checked.problems.append(FieldProblem(f"inputs.{item.name}", str(error), value))
    return checked


def _string(item: ApplicationInput, value: JsonValue, _: Mapping[str, StoredFile]) -> str:
    if not isinstance(value, str):
        raise _WrongValueError("must be a string")
    if "\x00" in value:
        raise _WrongValueError("must not contain NUL characters")
    if item.pattern is not None and not re.fullmatch(item.pattern, value):
        raise _WrongValueError(f"must match the pattern {item.pattern}")
    return value


def _integer(item: ApplicationInput, value: JsonValue, _: Mapping[str, StoredFile]) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _WrongValueError("must be an integer")
    return int(_in_range(item, value))


def _float(item: ApplicationInput, value: JsonValue, _: Mapping[str, StoredFile]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _WrongValueError("must be a number")
    if not math.isfinite(value):
        raise _WrongValueError("must be a finite number")
    return float(_in_range(item, value))


def _in_range(item: ApplicationInput, value: float) -> float:
    if item.minimum is not None and value < item.minimum:
        raise _WrongValueError(f"must be at least {item.minimum:g}")
    if item.maximum is not None and value > item.maximum:
        raise _WrongValueError(f"must be at most {item.maximum:g}")
    return value


def _boolean(_: ApplicationInput, value: JsonValue, __: Mapping[str, StoredFile]) -> bool:
    if not isinstance(value, bool):
        raise _WrongValueError("must be true or false")
    return value


def _enum(item: ApplicationInput, value: JsonValue, _: Mapping[str, StoredFile]) -> str:
    if not isinstance(value, str) or value not in item.choices:
        raise _WrongValueError(f"must be one of {', '.join(item.choices)}")
    return value


def _later(item: ApplicationInput, mark: Any, _: Mapping[str, StoredFile]) -> InputValue:  # noqa: ANN401 - a text
    """Take a value that only an earlier node of a workflow will give."""
    if item.type is InputType.FILES:
        raise _WrongValueError(f"must be a list of 1 to {item.max_files} sources: how many there are must be known")
    if item.type is InputType.BOOLEAN and item.flag is not None:
        raise _WrongValueError("must be known when the run is planned, since it decides whether a flag is there")
    if item.type is not InputType.FILE:
        return str(mark)
    return StoredFile(f"{OBJECTS}{mark}", item.file_name or item.name, None, None)


def _file(item: ApplicationInput, value: JsonValue, files: Mapping[str, StoredFile]) -> StoredFile:
    if is_mark(value):
        return StoredFile(f"{OBJECTS}{value}", item.name, None, None)
    if isinstance(value, str) and value in files:
        return files[value]
    raise _WrongValueError(why_no_source(value))


def _files(item: ApplicationInput, value: JsonValue, files: Mapping[str, StoredFile]) -> tuple[StoredFile, ...]:
    if not isinstance(value, list) or not value or len(value) > item.max_files:
        raise _WrongValueError(f"must be a list of 1 to {item.max_files} sources of files")
    found = []
    for number, one in enumerate(value):
        try:
            found.append(_file(item, one, files))
        except _WrongValueError as error:
            raise _WrongValueError(f"number {number}: {error}") from None
    return tuple(found)


_CHECKS: Final[dict[InputType, Callable[[ApplicationInput, Any, Mapping[str, StoredFile]], InputValue]]] = {
    InputType.STRING: _string,
    InputType.INTEGER: _integer,
    InputType.FLOAT: _float,
    InputType.BOOLEAN: _boolean,
    InputType.ENUM: _enum,
    InputType.FILE: _file,
    InputType.FILES: _files,
}
