"""Values that are known only while the run goes on: marks in texts while it is planned, bindings afterwards. Pure.

A mark is a number between two characters that Unicode keeps for private use. A text that is nothing but a mark stands
for the value itself; of a mark inside a text the value is put in as text.
"""

import re
from typing import Any, Final

from pydantic import JsonValue

from api_server.dag.bindings import pointer
from howdah.contracts.flow import Binding, Bindings, OutputRef, TextOf
from howdah.contracts.params import OBJECTS
from howdah.contracts.references import Place, texts_in

_MARK: Final = re.compile("\ue000([0-9]+)\ue001")
PLACEHOLDER: Final = "to be bound"
_OPTIONAL: Final = {"optional": True}


def is_late(value: Any) -> bool:  # noqa: ANN401 - any value
    """Tell whether the value, or a part of it, is known only later."""
    return any(_MARK.search(text) for _, text in texts_in(value))


def is_mark(value: Any) -> bool:  # noqa: ANN401 - any value
    """Tell whether the value is one that is known only later, and nothing else."""
    return isinstance(value, str) and _MARK.fullmatch(value) is not None


class Late:
    """The values of one plan that are known later."""

    def __init__(self) -> None:
        self._refs: list[OutputRef] = []

    def mark(self, ref: OutputRef) -> str:
        """Return the text that stands for the output."""
        self._refs.append(ref)
        return f"\ue000{len(self._refs) - 1}\ue001"

    def within(self, mark: str, path: str, *, optional: bool) -> str:
        """Return the text that stands for a part of what a mark stands for."""
        ref = self._ref(mark)
        return self.mark(ref.model_copy(update={"output": f"{ref.output}.{path}", "optional": optional}))

    def made_optional(self, value: JsonValue) -> JsonValue:
        """Return the value with marks for the same outputs, which are null where there are none."""
        match value:
            case str():
                return _MARK.sub(lambda found: self.mark(self._ref(found[0]).model_copy(update=_OPTIONAL)), value)
            case list():
                return [self.made_optional(one) for one in value]
            case dict():
                return {key: self.made_optional(one) for key, one in value.items()}
            case _:
                return value

    def bound(self, params: dict[str, Any]) -> tuple[dict[str, JsonValue], Bindings]:
        """Return parameters without marks, and what is filled in where they were."""
        bindings: Bindings = {}
        places = [(place, text) for place, text in texts_in(params) if _MARK.search(text)]
        if not places:
            return params, bindings
        found = dict(params)
        for place, text in places:
            bindings[pointer(place)] = self._binding(text)
            found = _with(found, place, OBJECTS if text.startswith(OBJECTS) else PLACEHOLDER)
        return found, bindings

    def _binding(self, text: str) -> Binding:
        whole = text.removeprefix(OBJECTS)
        if is_mark(whole):
            return self._ref(whole)
        parts: list[str | OutputRef] = []
        position = 0
        for found in _MARK.finditer(text):
            parts += [text[position : found.start()], self._refs[int(found.group(1))]]
            position = found.end()
        parts.append(text[position:])
        return TextOf(parts=tuple(part for part in parts if part != ""))

    def _ref(self, mark: str) -> OutputRef:
        return self._refs[int(mark[1:-1])]


def _with(value: Any, place: Place, new: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value with another text at ``place``."""
    if not place:
        return new
    copied = value.copy()
    copied[place[0]] = _with(value[place[0]], place[1:], new)
    return copied
