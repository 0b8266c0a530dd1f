"""What the words of a failed command mean for a retry: one table per scheduler, and one that holds everywhere."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from howdah.contracts.failures import FailureKind


@dataclass(frozen=True, slots=True)
class Trouble:
    """A pattern of words, the kind of failure that it means, and a sentence that says so and what to do about it."""

    pattern: str
    kind: FailureKind
    sentence: str

    def found_in(self, words: str) -> bool:
        """Tell whether the words are of this trouble."""
        return re.search(self.pattern, words, re.IGNORECASE) is not None


EVERYWHERE: Final = (
    Trouble(
        r"disk quota exceeded|quota exceeded|over (disk )?quota",
        FailureKind.PERMANENT,
        "The disk quota of the login account is used up: remove files or raise the quota, then try again.",
    ),
    Trouble(
        r"no space left on device|file system is full",
        FailureKind.TRANSIENT,
        "A disk of the resource is full; it is tried again, in case somebody makes room.",
    ),
    Trouble(
        r"read-only file system",
        FailureKind.TRANSIENT,
        "A file system of the resource is mounted read-only at present.",
    ),
    Trouble(
        r"stale (nfs )?file handle|input/output error|i/o error|transport endpoint|device or resource busy",
        FailureKind.TRANSIENT,
        "A file system of the resource is in trouble at present.",
    ),
    Trouble(
        r"cannot allocate memory|cannot fork|fork: (retry|resource)|resource temporarily unavailable",
        FailureKind.TRANSIENT,
        "The login node has no memory or processes to spare at present.",
    ),
    Trouble(
        r"command not found|: not found|no such file or directory.*(sbatch|qsub|bsub|condor_submit)"
        r"|failed to run command",
        FailureKind.PERMANENT,
        "The scheduler's commands are not on the PATH of this login: set PATH, and what else they need, in the "
        "resource's environment.",
    ),
    Trouble(
        r"error while loading shared libraries",
        FailureKind.PERMANENT,
        "The scheduler's commands don't find their libraries: set LD_LIBRARY_PATH in the resource's environment.",
    ),
)
"""Of the system under any scheduler; looked at before the scheduler's own table."""


def classify(words: str, own: Sequence[Trouble] = ()) -> Trouble | None:
    """Return the trouble that the words speak of; None when no table knows them."""
    return next((trouble for trouble in (*EVERYWHERE, *own) if trouble.found_in(words)), None)


def refusal_of(
    words: str, exit_status: int, own: Sequence[Trouble], *, noise: Iterable[str] = ()
) -> tuple[FailureKind, str]:
    """Return what a refused submission means for a retry, and why in a line: the scheduler's words, then ours.

    ``noise`` are beginnings of the scheduler's line that say nothing.
    """
    trouble = classify(words, own)
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    telling = [line for line in lines if trouble is not None and trouble.found_in(line)] or lines
    reason = telling[-1] if telling else f"exit status {exit_status}"
    for start in noise:
        reason = reason.removeprefix(start)
    reason = reason.strip()[:500]
    if trouble is None:
        return FailureKind.PERMANENT, reason
    return trouble.kind, f"{reason.rstrip('.')}. {trouble.sentence}"
