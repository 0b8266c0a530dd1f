"""The tables of docs/compute-resources.md: every word of every scheduler, from the code that understands it.

``python -m howdah.compute.schedulers.glossary docs/compute-resources.md`` renews what stands between the markers.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from howdah.compute.schedulers import scheduler_of
from howdah.compute.schedulers.troubles import EVERYWHERE, Trouble
from howdah.contracts.resources import SchedulerKind

NAMES: Final = {
    SchedulerKind.SLURM: "Slurm",
    SchedulerKind.PBS: "PBS Professional and OpenPBS",
    SchedulerKind.LSF: "LSF",
    SchedulerKind.SGE: "Grid Engine",
    SchedulerKind.HTCONDOR: "HTCondor",
    SchedulerKind.FORK: "Plain processes",
}
_BEGIN: Final = "<!-- from here on generated: make schemas -->\n"
_END: Final = "<!-- to here -->\n"


def renewed(document: str) -> str:
    """Return the document with what stands between the markers made anew."""
    before, begin, rest = document.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the document lacks the lines {_BEGIN.strip()!r} and {_END.strip()!r}")
    return before + _BEGIN + "\n" + "\n".join(_tables()) + "\n\n" + _END + after


def _tables() -> Iterator[str]:
    for kind in SchedulerKind:
        words = scheduler_of(kind).glossary
        yield f"### {NAMES[kind]}\n"
        yield from _table("it says", "state", "which means that the job …", [
            (f"`{word}`", state.value, says) for word, (state, says) in words.states.items()
        ])  # fmt: skip
        if words.reasons:
            yield "\n" + "\n".join(_pairs("reason", "the job …", words.reasons.items()))
        if words.troubles:
            yield "\nWhen a submission fails:\n"
            yield from _troubles(words.troubles)
        yield ""
    yield "### On any resource\n"
    yield from _troubles(EVERYWHERE)


def _pairs(left: str, right: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from (f"| {left} | {right} |", "|---|---|")
    yield from (f"| `{code}` | {says} |" for code, says in rows)


def _table(first: str, second: str, third: str, rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    yield from (f"| {first} | {second} | {third} |", "|---|---|---|")
    yield from (f"| {one} | {two} | {three} |" for one, two, three in rows)


def _troubles(troubles: Sequence[Trouble]) -> Iterator[str]:
    yield from _table("its words", "kind", "what it means", [
        (_readable(trouble.pattern), trouble.kind.value, trouble.sentence) for trouble in troubles
    ])  # fmt: skip


def _readable(pattern: str) -> str:
    """Return a pattern for people: its alternatives, without the marks of regular expressions."""
    parts = [re.sub(r"\\b|\?|\\|\(|\)|\.\*", " ", part) for part in re.split(r"\|(?![^(]*\))", pattern)]
    return ", ".join(" ".join(part.replace("|", "/").split()) for part in parts)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
