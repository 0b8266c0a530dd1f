"""Schedulers as text: commands to run, answers to parse. No I/O.

A new scheduler is one module here, one shell dialect in ``templates`` and one line in ``scheduler_of``.
"""

from typing import assert_never

from howdah.compute.schedulers.abstract import Glossary, JobPlace, JobStatus, Scheduler, SilentError
from howdah.compute.schedulers.fork import Fork
from howdah.compute.schedulers.htcondor import HtCondor
from howdah.compute.schedulers.lsf import Lsf
from howdah.compute.schedulers.pbs import Pbs
from howdah.compute.schedulers.sge import GridEngine
from howdah.compute.schedulers.slurm import Slurm
from howdah.contracts.resources import STANDARD_NAMES, GridEngineNames, SchedulerKind

__all__ = ["Glossary", "JobPlace", "JobStatus", "Scheduler", "SilentError", "scheduler_of"]


def scheduler_of(kind: SchedulerKind, grid_engine: GridEngineNames = STANDARD_NAMES) -> Scheduler:
    """Return the scheduler of that kind, as ``target.scheduler`` and ``target.grid_engine`` describe it."""
    match kind:
        case SchedulerKind.SLURM:
            return Slurm()
        case SchedulerKind.PBS:
            return Pbs()
        case SchedulerKind.LSF:
            return Lsf()
        case SchedulerKind.SGE:
            return GridEngine(grid_engine)
        case SchedulerKind.HTCONDOR:
            return HtCondor()
        case SchedulerKind.FORK:
            return Fork()
        case _:
            assert_never(kind)
