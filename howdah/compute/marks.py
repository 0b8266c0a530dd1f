"""What a job leaves in its submission's directory, as ``templates/marks.sh`` prints it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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


def parse_marks(text: str, boundary: str, directories: Sequence[str]) -> Sequence[Marks]:
    """Return the marks of the submissions in order; a line that is missing or broken is no marks at all."""
    rows, _, stamps = text.partition(f"{boundary}\n")
    times = dict(_time_of(line) for line in stamps.splitlines())
    found = [Marks()] * len(directories)
    for line in rows.splitlines():
        fields = line.split("|")
        if len(fields) != _FIELDS or not fields[0].isascii() or not fields[0].isdecimal():
            continue
        index = int(fields[0][:9])
        if index < len(directories):
            where = directories[index]
            marks = _of(*fields[1:])
            found[index] = replace(
                marks,
                started_at=times.get(f"{where}/begun"),
                ended_at=times.get(f"{where}/ended") if marks.ended else None,
            )
    return found


def _time_of(line: str) -> tuple[str, datetime | None]:
    epoch, _, path = line.partition(" ")
    return path, instant(epoch)


def _of(begun: str, ended: str, tombstone: str, started: str) -> Marks:
    native_id = begun or started or None
    here = Marks(native_id=native_id, tombstone=tombstone == "yes")
    ended_id, _, code = ended.partition(" ")
    if native_id is not None and ended_id != native_id:
        return here
    word = code if code in _WORDS else None
    number = int(code) if word is None and code.isascii() and code.isdecimal() and len(code) <= 3 else None  # noqa: PLR2004
    if word is None and number is None:
        return here
    return Marks(native_id=ended_id, exit_code=number, word=word, tombstone=here.tombstone)
