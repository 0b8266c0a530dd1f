"""The lists of queues: Slurm's as a real one prints it, those of PBS and LSF written by hand after their headings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.compute.schedulers.abstract import SilentError
from howdah.compute.schedulers.queue_lists import QUEUE_LISTS
from howdah.contracts.looks import READ_QUEUES, QueueState
from howdah.contracts.resources import SchedulerKind

SLURM = """debug|up|2/6/0/8
batch|up|90/0/10/100
old|down|0/16/0/16

     12 batch|PENDING|Priority
      3 batch,debug|PENDING|Resources
      7 batch|PENDING|Dependency
     45 batch|RUNNING|None
"""
PBS = """Queue              Max   Tot Ena Str   Que   Run   Hld   Wat   Trn   Ext Type
---------------- ----- ----- --- --- ----- ----- ----- ----- ----- ----- ----
workq                0    12 yes yes     7     5     0     0     0     0 Exec
night                0     1 yes  no     1     0     0     0     0     0 Exec
route                0     0 yes yes     0     0     0     0     0     0 Rout
"""
LSF = """QUEUE_NAME      PRIO STATUS          MAX JL/U JL/P JL/H NJOBS  PEND   RUN  SUSP  RSV PJOBS
normal           30  Open:Active       -    -    -    -    24    20     4     0    0    20
night            20  Open:Inact        -    -    -    -     0     0     0     0    0     0
"""


def read(kind: SchedulerKind, text: str) -> list[QueueState]:
    return list(QUEUE_LISTS[kind].parse(text, "", 0).queues)


def one(name: str, pending: int, running: int, free: int | None = None, *, ok: bool = True) -> QueueState:
    return QueueState(name=name, starts_jobs=ok, pending=pending, running=running, free_cores=free)


def test_slurm_counts_who_stands_in_line_and_not_who_waits_for_another_job() -> None:
    assert read(SchedulerKind.SLURM, SLURM) == [
        one("debug", 3, 0, 6),
        one("batch", 15, 45, 0),
        one("old", 0, 0, 16, ok=False),
    ]


def test_pbs_leaves_out_routing_queues_and_tells_a_stopped_one() -> None:
    assert read(SchedulerKind.PBS, PBS) == [one("workq", 7, 5), one("night", 1, 0, ok=False)]


def test_lsf_tells_a_queue_that_starts_nothing_now() -> None:
    assert read(SchedulerKind.LSF, LSF) == [one("normal", 20, 4), one("night", 0, 0, ok=False)]


def test_every_scheduler_of_which_placement_expects_a_list_has_one() -> None:
    assert set(QUEUE_LISTS) == READ_QUEUES


@pytest.mark.parametrize("kind", QUEUE_LISTS)
def test_a_scheduler_that_did_not_answer_has_not_said_that_its_queues_are_empty(kind: SchedulerKind) -> None:
    for stdout, stderr, status in (("", "Unable to contact slurm controller", 1), ("", "", 124), ("", "", 0)):
        with pytest.raises(SilentError):
            QUEUE_LISTS[kind].parse(stdout, stderr, status)


@given(st.sampled_from(sorted(QUEUE_LISTS)), st.text(alphabet="ab|/ \n0123456789yesup-.:Exc", max_size=400))
def test_no_text_breaks_the_reading(kind: SchedulerKind, text: str) -> None:
    try:
        QUEUE_LISTS[kind].parse(text, "", 0)
    except SilentError:
        return
