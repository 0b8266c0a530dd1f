from collections.abc import Iterable
from itertools import product

import pytest

from howdah.contracts.states import (
    EXPERIMENT_TRANSITIONS,
    JOB_TRANSITIONS,
    PHASES,
    PROCESS_TRANSITIONS,
    TASK_TRANSITIONS,
    ExperimentState,
    JobState,
    ProcessState,
    State,
    TaskState,
    is_terminal,
    may_follow,
)

EVERY: dict[type, object] = {
    ExperimentState: EXPERIMENT_TRANSITIONS,
    ProcessState: PROCESS_TRANSITIONS,
    TaskState: TASK_TRANSITIONS,
    JobState: JOB_TRANSITIONS,
}


def every_state() -> Iterable[State]:
    for enum in (ExperimentState, ProcessState, TaskState, JobState):
        yield from enum


@pytest.mark.parametrize("enum", EVERY, ids=lambda enum: enum.__name__)
def test_every_state_has_its_row(enum: type[TaskState]) -> None:
    assert set(EVERY[enum]) == set(enum)  # type: ignore[call-overload]  # a mapping of that enum


@pytest.mark.parametrize("state", list(every_state()), ids=lambda state: f"{type(state).__name__}.{state}")
def test_a_terminal_state_is_never_left_and_any_other_can_reach_an_end(state: State) -> None:
    following = [other for other in type(state) if may_follow(state, other)]
    if is_terminal(state):
        # An experiment that has ended is taken up again by a new process, whose launch is the only way out.
        assert following == ([ExperimentState.LAUNCHED] if isinstance(state, ExperimentState) else [])
    else:
        assert any(is_terminal(other) for other in following)


def test_a_working_process_never_goes_back_to_an_earlier_phase() -> None:
    for (i, earlier), (j, later) in product(enumerate(PHASES), repeat=2):
        assert may_follow(earlier, later) == (i < j)


def test_suspended_and_unknown_jobs_are_left_again_and_a_requeue_goes_back() -> None:
    assert may_follow(JobState.SUSPENDED, JobState.ACTIVE)
    assert may_follow(JobState.UNKNOWN, JobState.COMPLETE)
    assert may_follow(JobState.ACTIVE, JobState.QUEUED)


def test_states_of_different_things_never_follow_each_other() -> None:
    assert not may_follow(TaskState.EXECUTING, ProcessState.COMPLETED)
