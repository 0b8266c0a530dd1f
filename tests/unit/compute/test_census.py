"""One list of all jobs tells which have not moved; it never says more than the scheduler said."""

from collections.abc import Mapping
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.compute.abstract import CommandResult, Connection
from howdah.compute.jobs import unmoved
from howdah.compute.schedulers import scheduler_of
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import new_id
from howdah.contracts.resources import ResourceTarget, SchedulerKind
from howdah.contracts.states import JobState, is_terminal

KNOWN = {
    "1": JobState.QUEUED,
    "2": JobState.ACTIVE,
    "3": JobState.ACTIVE,
    "4": JobState.SUSPENDED,
    "5": JobState.ACTIVE,
}


class Listing:
    """A connection that answers one script with a list; ``limit`` is what the answer was allowed to be long."""

    def __init__(self, kind: SchedulerKind, stdout: str, stderr: str = "", status: int = 0) -> None:
        self.target = ResourceTarget.model_validate(
            {"resource_id": new_id(), "name": "x", "transport": "local", "scheduler": kind, "host": "login"}
        )
        self._result = CommandResult(status, stdout.encode(errors="replace"), stderr.encode(), False, 0.1)
        self.scripts: list[str] = []

    def run_script(self, script: str, variables: Mapping[str, str] | None = None, **_: object) -> CommandResult:
        assert not variables
        self.scripts.append(script)
        return self._result


def _unmoved(listing: Listing, known: Mapping[str, JobState] = KNOWN) -> frozenset[str]:
    return unmoved(cast("Connection", listing), known)


def test_only_jobs_that_live_as_they_did_are_left_alone() -> None:
    text = "1|PENDING\n2|RUNNING\n3|COMPLETED\n4|RUNNING\n9|RUNNING\n"
    assert _unmoved(Listing(SchedulerKind.SLURM, text)) == {"1", "2"}


def test_a_job_that_was_seen_to_end_is_asked_about_however_the_list_has_it() -> None:
    listing = Listing(SchedulerKind.SLURM, "1|COMPLETED\n")
    assert _unmoved(listing, {"1": JobState.COMPLETE}) == frozenset()


def test_a_list_that_is_cut_off_says_nothing_of_its_last_line() -> None:
    assert _unmoved(Listing(SchedulerKind.SLURM, "1|PENDING\n2|RUNNING")) == {"1"}


def test_a_scheduler_that_does_not_answer_is_no_list() -> None:
    listing = Listing(
        SchedulerKind.SLURM, "1|PENDING\n", "slurm_load_jobs error: Unable to contact slurm controller", 1
    )
    with pytest.raises(TaskError, match="gave no answer") as caught:
        _unmoved(listing)
    assert caught.value.failure.kind is FailureKind.TRANSIENT


@pytest.mark.parametrize("kind", [kind for kind in SchedulerKind if kind is not SchedulerKind.SLURM])
def test_where_there_is_no_list_every_job_is_asked_about(kind: SchedulerKind) -> None:
    listing = Listing(kind, "1|PENDING\n")
    assert _unmoved(listing) == frozenset()
    assert listing.scripts == []
    assert scheduler_of(kind).parse_census("1|PENDING\n", "", 0) == {}


@given(st.text(alphabet=st.sampled_from("12345|PENDINGRUSCOMLT \n\r\x00²"), max_size=300) | st.text(max_size=200))
def test_rubbish_leaves_no_job_alone_by_chance(text: str) -> None:
    for native_id in _unmoved(Listing(SchedulerKind.SLURM, text)):
        assert not is_terminal(KNOWN[native_id])
        assert any(line.startswith(f"{native_id}|") for line in text.split("\n"))
