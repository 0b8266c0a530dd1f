"""References in a workflow definition: ``${nodes.align.outputs.reads}`` in any text, a value or a part of one. Pure.

A text that is one reference stands for its value, of whatever type; one with more around it becomes text. ``$${``
stands for ``${`` itself. A ``?`` at the end makes a reference optional: null where there is nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pydantic import JsonValue
from pydantic_core import to_json

_FOUND: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_-]*"
_PATH: Final = r"(?:\.[A-Za-z0-9_-]+)*"
_WHOLE: Final = re.compile(
    rf"parameters\.(?P<parameter>{_NAME})(?P<in_parameter>{_PATH})"
    rf"|nodes\.(?P<node>{_NAME})\.(?:outputs\.(?P<output>{_NAME}{_PATH})|failure\.(?P<failure>kind|sentence))"
    rf"|item(?P<in_item>{_PATH})|(?P<index>index)"
)
FORMS: Final = "${parameters.NAME}, ${nodes.NODE.outputs.PORT}, ${nodes.NODE.failure.sentence}, ${item} or ${index}"


class Source(StrEnum):
    """What a reference looks at."""

    PARAMETER = "parameter"
    OUTPUT = "output"
    FAILURE = "failure"
    ITEM = "item"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference. ``name``: the parameter, or the node; ``path``: what of it, by dots."""

    source: Source
    name: str = ""
    path: str = ""
    optional: bool = False

    def __str__(self) -> str:
        """As it is written."""
        path = f".{self.path}" if self.path else ""
        match self.source:
            case Source.PARAMETER:
                text = f"parameters.{self.name}{path}"
            case Source.OUTPUT:
                text = f"nodes.{self.name}.outputs{path}"
            case Source.FAILURE:
                text = f"nodes.{self.name}.failure{path}"
            case Source.ITEM | Source.INDEX:
                text = f"{self.source.value}{path}"
        return f"${{{text}{'?' if self.optional else ''}}}"


class NoReferenceError(ValueError):
    """A text has a ``${…}`` that is no reference; the text of the error says what would be one."""


Part = str | Reference


def parts_of(text: str) -> list[Part]:
    """Return the text in pieces, references among them; NoReferenceError for what looks like one and is none."""
    parts: list[Part] = []
    literal, position = "", 0
    for found in _FOUND.finditer(text):
        literal += text[position : found.start()]
        position = found.end()
        if found.group(1) is None:
            literal += "${"
            continue
        if literal:
            parts.append(literal)
        literal = ""
        parts.append(_reference(found.group(1)))
    literal += text[position:]
    return [*parts, literal] if literal or not parts else parts


def _reference(inner: str) -> Reference:
    text = inner.strip()
    optional = text.endswith("?")
    found = _WHOLE.fullmatch(text.removesuffix("?"))
    if found is None:
        raise NoReferenceError(
            f"'${{{inner[:100]}}}' refers to nothing: write {FORMS}; '$${{' where the characters '${{' are meant"
        )
    groups = found.groupdict()
    if groups["parameter"]:
        return Reference(Source.PARAMETER, groups["parameter"], (groups["in_parameter"] or "")[1:], optional)
    if groups["output"]:
        return Reference(Source.OUTPUT, groups["node"], groups["output"], optional)
    if groups["failure"]:
        return Reference(Source.FAILURE, groups["node"], groups["failure"], optional)
    if groups["index"]:
        return Reference(Source.INDEX)
    return Reference(Source.ITEM, "", (groups["in_item"] or "")[1:], optional)


Place = tuple[str | int, ...]


def texts_in(value: JsonValue, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Yield every text in a value, with where it stands."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from texts_in(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts_in(inner, (*place, index))


def references_in(value: JsonValue) -> Iterator[Reference]:
    """Yield every reference in a value; NoReferenceError for what is none."""
    for _, text in texts_in(value):
        if "${" in text:
            yield from (part for part in parts_of(text) if isinstance(part, Reference))


def walk(value: JsonValue, path: str) -> JsonValue:
    """Return what of a value the path names; KeyError when there is nothing."""
    for step in path.split(".") if path else ():
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise KeyError(step)
    return value


def as_text(value: JsonValue) -> str:
    """Return a value as it stands inside a text: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else to_json(value).decode()


def replaced(value: JsonValue, replace: Callable[[Sequence[Part]], JsonValue]) -> JsonValue:
    """Return the value with every text that has a ``${`` given to ``replace`` in pieces."""
    if isinstance(value, str):
        return replace(parts_of(value)) if "${" in value else value
    if isinstance(value, Mapping):
        return {key: replaced(inner, replace) for key, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner, replace) for inner in value]
    return value
