"""What references mean at one place of a plan: values that are known, marks for those that come later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import JsonValue

from api_server.dag.late import Late, is_mark
from howdah.contracts.flow import OutputRef
from howdah.contracts.ids import TaskId
from howdah.contracts.references import Part, Reference, Source, as_text, replaced, walk


class NothingThereError(ValueError):
    """A reference leads to nothing; the text says which."""


_NO_ITEM: Final = object()


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that the texts of one definition may use."""

    late: Late
    parameters: Mapping[str, JsonValue]
    ends: dict[str, TaskId] = field(default_factory=dict)
    """Node → the task that gives its outputs; filled as nodes are planned."""
    item: Any = _NO_ITEM
    index: JsonValue = None

    def of_item(self, item: JsonValue, index: JsonValue) -> "Scope":
        """Return the scope of one item of a fan-out."""
        return replace(self, item=item, index=index)

    def resolved(self, value: JsonValue) -> JsonValue:
        """Return the value with all its references replaced; NothingThereError where one leads nowhere."""
        return replaced(value, self._text)

    def _text(self, parts: Sequence[Part]) -> JsonValue:
        if len(parts) == 1:
            return parts[0] if isinstance(parts[0], str) else self._value(parts[0])
        return "".join(part if isinstance(part, str) else self._as_text(part) for part in parts)

    def _as_text(self, reference: Reference) -> str:
        value = self._value(reference)
        return "" if value is None else as_text(value)

    def _value(self, reference: Reference) -> JsonValue:
        match reference.source:
            case Source.PARAMETER:
                return self._part(reference, self.parameters[reference.name])
            case Source.ITEM:
                if self.item is _NO_ITEM:
                    raise NothingThereError(f"{reference} stands outside of any for_each")
                return self._part(reference, self.item)
            case Source.INDEX:
                return self.index
            case Source.OUTPUT | Source.FAILURE:
                return self.late.mark(
                    OutputRef(
                        task_id=self.ends[reference.name],
                        output=reference.path,
                        of="failure" if reference.source is Source.FAILURE else "outputs",
                        optional=reference.optional,
                    )
                )

    def _part(self, reference: Reference, value: JsonValue) -> JsonValue:
        """Return what of a value the reference's path names."""
        if not reference.path:
            return value
        if isinstance(value, str) and is_mark(value):
            return self.late.within(value, reference.path, optional=reference.optional)
        try:
            return walk(value, reference.path)
        except KeyError as error:
            if reference.optional:
                return None
            raise NothingThereError(f"{reference}: there is no {error.args[0]!r} in the value") from None
