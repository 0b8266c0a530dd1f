"""Whatever a terminal says, a parser says no more than was said: no crash, no state from nowhere, UNKNOWN in doubt."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from howdah.compute.schedulers import Scheduler, SilentError, scheduler_of
from howdah.compute.schedulers.abstract import JobStatus
from howdah.contracts.resources import SchedulerKind
from howdah.contracts.states import JobState, is_terminal
from tests.unit.compute.test_slurm import SACCT, SQUEUE

RECORDED = Path(__file__).parents[2] / "fixtures" / "recorded"
SAMPLES = {
    SchedulerKind.PBS: ("pbs-*",),
    SchedulerKind.LSF: ("lsf-*",),
    SchedulerKind.SGE: ("sge-*",),
    SchedulerKind.HTCONDOR: ("condor-*",),
}
ENDINGS = {
    SchedulerKind.PBS: r"job_state = F",
    SchedulerKind.LSF: r"DONE|EXIT|Done|Exited|Completed",
    SchedulerKind.SGE: r"exit_status|deleted_by",
    SchedulerKind.HTCONDOR: r'"JobStatus"',
    SchedulerKind.SLURM: r"[A-Z]",
    SchedulerKind.FORK: r"$^",
}
TEXTS = {
    kind: [path.read_text() for pattern in patterns for path in sorted(RECORDED.glob(pattern))]
    for kind, patterns in SAMPLES.items()
}
TEXTS[SchedulerKind.SLURM] = [SQUEUE, SACCT]
TEXTS[SchedulerKind.FORK] = ["login1:71:a2af9003-121934|running\nlogin1:72:a2af9003-121940|stopped\nx:7:y|elsewhere\n"]
MUTATED = [*TEXTS]


def _parsed(scheduler: Scheduler, stdout: str, stderr: str, status: int) -> list[tuple[str, JobStatus]]:
    found: list[tuple[str, JobStatus]] = []
    for parse in (scheduler.parse_status, scheduler.parse_accounting):
        try:
            found += (parse(stdout, stderr, status) or {}).items()
        except SilentError:
            continue
    return found


def _check(kind: SchedulerKind, stdout: str, stderr: str, status: int) -> None:
    for native_id, job in _parsed(scheduler_of(kind), stdout, stderr, status):
        assert isinstance(job.state, JobState)
        numbers = re.findall(r"[0-9]+", native_id)
        assert all(number in stdout for number in numbers), "an id from nowhere"
        assert job.reason.startswith(("The job ", "Slurm calls the job "))
        assert job.reason.endswith(".")
        assert len(job.reason) < 2_000
        if is_terminal(job.state):
            assert re.search(ENDINGS[kind], stdout), "an end from nowhere"
        if job.exit_code is not None:
            assert 0 <= job.exit_code <= 10_000


TERMINAL = st.text(
    alphabet=st.sampled_from("0123456789^|:<>=/[]{}\"'() \n\t\r\x00jobJOBIdstateFQREXITDONE_-é²٣"), max_size=400
)


@pytest.mark.parametrize("kind", list(SchedulerKind))
@given(stdout=TERMINAL | st.text(max_size=300), stderr=TERMINAL, status=st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_rubbish(kind: SchedulerKind, stdout: str, stderr: str, status: int) -> None:
    _check(kind, stdout, stderr, status)


@st.composite
def mutations(draw: st.DrawFn, texts: list[str]) -> str:
    """A recorded answer with pieces cut out, doubled, swapped or overwritten, or cut short."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, max(0, len(text) - 1)))
        end = min(len(text), start + draw(st.integers(0, 60)))
        piece = text[start:end]
        change = draw(st.sampled_from(["cut", "double", "overwrite", "truncate", "move"]))
        if change == "cut":
            text = text[:start] + text[end:]
        elif change == "double":
            text = text[:end] + piece + text[end:]
        elif change == "truncate":
            text = text[:end]
        elif change == "move":
            text = text[:start] + text[end:] + piece
        else:
            text = text[:start] + draw(TERMINAL)[: end - start] + text[end:]
    return text


@pytest.mark.parametrize("kind", MUTATED)
@given(data=st.data())
@settings(max_examples=250, deadline=None)
def test_mutated_recordings(kind: SchedulerKind, data: st.DataObject) -> None:
    stdout = data.draw(mutations(TEXTS[kind]))
    _check(kind, stdout, data.draw(st.sampled_from(["", "Job <1> is not found\n", "qstat: Unknown Job Id 1\n"])), 0)
