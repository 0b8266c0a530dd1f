"""What a job leaves in its submission's directory, as ``templates/marks.sh`` prints it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from howdah.compute.schedulers.abstract import instant

_FIELDS = 5
_WORDS = frozenset({"canceled", "timeout", "interrupted"})


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one submission. ``native_id`` is the job that runs or ran the application."""

    native_id: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    word: str | None = None
    """``canceled``, ``timeout`` or ``interrupted`` where that was the end, and not an exit code."""
    tombstone: bool = False

    @property
    def ended(self) -> bool:
        """Whether the job left its end."""
        return self.exit_code is not None or self.word is not None


def parse_marks(text: str, count: int) -> Sequence[Marks]:
    """Return the marks of ``count`` submissions in order; a line that is missing or broken is no marks at all."""
    found = [Marks()] * count
    for line in text.splitlines():
        fields = line.split("|")
        if len(fields) != _FIELDS or not fields[0].isascii() or not fields[0].isdecimal():
            continue
        index = int(fields[0][:9])
        if index < count:
            found[index] = _of(*fields[1:])
    return found


def _of(begun: str, ended: str, tombstone: str, started: str) -> Marks:
    begun_id, _, begun_at = begun.partition(" ")
    native_id = begun_id or started or None
    here = Marks(native_id=native_id, started_at=instant(begun_at), tombstone=tombstone == "yes")
    fields = ended.split(" ")
    if len(fields) != 4 or (native_id is not None and fields[0] != native_id):  # noqa: PLR2004 - id, code, start, end
        return here
    code = fields[1]
    word = code if code in _WORDS else None
    number = int(code) if word is None and code.isascii() and code.isdecimal() and len(code) <= 3 else None  # noqa: PLR2004
    if word is None and number is None:
        return here
    return Marks(fields[0], instant(fields[2]), instant(fields[3]), number, word, here.tombstone)
