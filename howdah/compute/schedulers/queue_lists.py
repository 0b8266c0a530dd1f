"""How full the queues of a scheduler are: a script for each that lists them, and what its words mean. Pure text.

Slurm's jobs are counted on the login node, since there may be 100,000 of them. Grid Engine does not say which queue a
waiting job is for, and HTCondor has no queues: neither has a list here.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from howdah.compute.schedulers.abstract import SilentError
from howdah.contracts.looks import MAX_QUEUES, QueueReport, QueueState
from howdah.contracts.resources import SchedulerKind

_SLURM: Final = """
nodes=$(timeout 30 sinfo -h -o '%R|%a|%C') || exit
jobs=$(timeout 60 squeue -h -t PD,R -o '%P|%T|%r') || exit
printf '%s\\n\\n' "$nodes"
printf '%s\\n' "$jobs" | sort | uniq -c
"""
_PBS: Final = "timeout 60 qstat -Q"
_LSF: Final = "LSB_NTRIES=3 timeout 60 bqueues -w"
_NOT_IN_LINE: Final = ("Dependency", "JobHeldUser", "JobHeldAdmin", "BeginTime", "JobArrayTaskLimit")
_LARGEST: Final = 10
"""Digits of a number that is believed."""


class QueueList(NamedTuple):
    """What is asked, and how the answer is read. ``parse`` raises SilentError when the scheduler did not answer."""

    script: str
    parse: Callable[[str, str, int], QueueReport]


def _slurm(stdout: str, stderr: str, exit_status: int) -> QueueReport:
    _heard("sinfo", stderr, exit_status)
    nodes, _, jobs = stdout.partition("\n\n")
    pending, running = _slurm_jobs(jobs)
    up: dict[str, bool] = {}
    free: Counter[str] = Counter()
    for line in nodes.splitlines():
        name, word, cores = ([*line.split("|"), "", ""])[:3]
        allocated_idle_other_total = cores.split("/")
        if not name or len(allocated_idle_other_total) != 4:  # noqa: PLR2004 - A/I/O/T
            continue
        up[name] = up.get(name, False) or word == "up"
        free[name] += _number(allocated_idle_other_total[1])
    return _report(
        [
            QueueState(name=name, starts_jobs=ok, pending=pending[name], running=running[name], free_cores=free[name])
            for name, ok in list(up.items())[:MAX_QUEUES]
            if _is_name(name)
        ],
        "sinfo",
    )


def _slurm_jobs(text: str) -> tuple[Counter[str], Counter[str]]:
    """Return how many wait and run by partition; one that may run in several waits in each."""
    pending, running = Counter[str](), Counter[str]()
    for line in text.splitlines():
        count, _, row = line.strip().partition(" ")
        names, word, reason = ([*row.split("|"), "", ""])[:3]
        counted = {"PENDING": pending, "RUNNING": running}.get(word)
        if counted is None or (counted is pending and reason in _NOT_IN_LINE):
            continue
        for name in names.split(","):
            counted[name] += _number(count)
    return pending, running


def _pbs(stdout: str, stderr: str, exit_status: int) -> QueueReport:
    """Read ``Queue Max Tot Ena Str Que Run Hld Wat Trn Ext Type``; routing queues run nothing."""
    _heard("qstat -Q", stderr, exit_status)
    rows = [line.split() for line in stdout.splitlines()]
    return _report(
        [
            QueueState(
                name=row[0],
                starts_jobs=row[3] == row[4] == "yes",
                pending=_number(row[5]),
                running=_number(row[6]),
            )
            for row in rows
            if len(row) == 12 and row[11].startswith("Exec") and _is_name(row[0])  # noqa: PLR2004 - its columns
        ][:MAX_QUEUES],
        "qstat -Q",
    )


def _lsf(stdout: str, stderr: str, exit_status: int) -> QueueReport:
    """Read ``QUEUE_NAME PRIO STATUS MAX JL/U JL/P JL/H NJOBS PEND RUN SUSP``; LSF counts slots, not jobs."""
    _heard("bqueues", stderr, exit_status)
    rows = [line.split() for line in stdout.splitlines()[1:]]
    return _report(
        [
            QueueState(
                name=row[0],
                starts_jobs=row[2] == "Open:Active",
                pending=_number(row[8]),
                running=_number(row[9]),
            )
            for row in rows
            if len(row) >= 11 and _is_name(row[0])  # noqa: PLR2004 - its columns
        ][:MAX_QUEUES],
        "bqueues",
    )


QUEUE_LISTS: Final[Mapping[SchedulerKind, QueueList]] = {
    SchedulerKind.SLURM: QueueList(_SLURM, _slurm),
    SchedulerKind.PBS: QueueList(_PBS, _pbs),
    SchedulerKind.LSF: QueueList(_LSF, _lsf),
}


def _heard(what: str, stderr: str, exit_status: int) -> None:
    if exit_status != 0:
        raise SilentError(f"{what}: {stderr.strip().rpartition(chr(10))[2][-200:] or f'exit status {exit_status}'}")


def _report(queues: list[QueueState], what: str) -> QueueReport:
    if not queues:
        raise SilentError(f"{what}: it listed no queue")
    return QueueReport(queues=tuple(queues))


def _is_name(text: str) -> bool:
    return 0 < len(text) <= 200  # noqa: PLR2004 - what a report holds


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LARGEST else 0
