"""What a document has wrong, in our words: which field, what was wrong, what would be right.

Every boundary that lets pydantic check what came in (HTTP, Kafka, files, settings, CLI) tells it with these.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

_SAID_OTHERWISE: Final = {
    "missing": "is required",
    "extra_forbidden": "is not known here; leave it out",
    "model_attributes_type": "must be an object with named fields",
    "model_type": "must be an object with named fields",
    "dict_type": "must be an object with named fields",
    "list_type": "must be a list",
    "string_type": "must be a text",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
}
_SUBJECT: Final = re.compile(r"^(Value error, |[A-Z][a-z]+ (?=should ))")
_UUID: Final = "[0-9a-f]{8}-"


class WrongField(NamedTuple):
    """One thing that is wrong: the field's path (empty for the whole document) and a sentence about it."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


def wrong_fields(error: ValidationError) -> list[WrongField]:
    """Return everything that is wrong, in the document's order. What was given is not repeated: it may be a secret."""
    return [wrong_field(item) for item in error.errors(include_url=False, include_input=False)]


def first_wrong(error: ValidationError) -> WrongField:
    """Return the first thing that is wrong."""
    return wrong_fields(error)[0]


def wrong_field(item: Mapping[str, Any]) -> WrongField:
    """Return one of pydantic's error details in our words."""
    return WrongField(".".join(map(str, place_of(item))), in_words(item))


def place_of(item: Mapping[str, Any]) -> Sequence[str | int]:
    """Return the path to the field of one of pydantic's error details; of a union's tag, to the tag."""
    loc: tuple[str | int, ...] = item["loc"]
    return (*loc, item["ctx"]["discriminator"].strip("'")) if item["type"].startswith("union_tag") else loc


def in_words(item: Mapping[str, Any]) -> str:
    """Return what is wrong with the field of one of pydantic's error details."""
    kind, context = item["type"], item.get("ctx", {})
    if kind == "union_tag_not_found":
        return "is required"
    if kind == "union_tag_invalid":
        return f"{context['tag'][:80]!r} is not known; it must be one of {context['expected_tags']}"
    if kind == "string_pattern_mismatch" and _UUID in context["pattern"]:
        return "is no id: a UUID in lower case is expected"
    said = _SAID_OTHERWISE.get(kind) or _SUBJECT.sub("", str(item["msg"]))
    return "must " + said.removeprefix("should ") if said.startswith("should ") else said
