"""Schedulers as text: commands to run, answers to parse. No I/O.

A new scheduler is one module here, one shell dialect in ``templates`` and one line in ``scheduler_of``.
"""

from typing import assert_never

from howdah.compute.schedulers.abstract import JobPlace, JobStatus, Scheduler, SilentError
from howdah.compute.schedulers.fork import Fork
from howdah.compute.schedulers.slurm import Slurm
from howdah.contracts.resources import SchedulerKind

__all__ = ["JobPlace", "JobStatus", "Scheduler", "SilentError", "scheduler_of"]


def scheduler_of(kind: SchedulerKind) -> Scheduler:
    """Return the scheduler of that kind."""
    match kind:
        case SchedulerKind.SLURM:
            return Slurm()
        case SchedulerKind.FORK:
            return Fork()
        case _:
            assert_never(kind)
