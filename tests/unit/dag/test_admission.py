"""A job that must ask is not submitted before it was let in; a correction is an end like any other."""

import pytest

from api_server.dag.advance import advance
from api_server.dag.decisions import Decisions, Outcome
from howdah.contracts.ids import TaskId, derive_id
from howdah.contracts.requests import (
    AdmissionGranted,
    AnyEvent,
    CorrectionRequested,
)
from howdah.contracts.states import ExperimentState, ProcessState, TaskState
from tests.unit.dag.world import World, job_specs, spec


class Guarded(World):
    """A world whose jobs must ask."""

    def feed(self, event: AnyEvent) -> Decisions:
        decisions = advance(self.run, event, self.now, lambda *_: True)
        self.take(decisions)
        return decisions

    def granted(self) -> AdmissionGranted:
        return self.request(AdmissionGranted, task_id=TaskId(derive_id("test", "submit")))


def in_line() -> Guarded:
    before = spec("before")
    submission, monitoring = job_specs()
    world = Guarded.of(before, submission.model_copy(update={"depends_on": (before.task_id,)}), monitoring)
    assert isinstance(world, Guarded)
    world.feed(world.completed(world.latest("before")))
    return world


def test_a_job_waits_in_line_until_it_is_let_in_and_is_submitted_once() -> None:
    world = in_line()
    assert world.decisions[-1].asking == [derive_id("test", "submit")]
    assert (world.process, world.state("submit")) == (ProcessState.QUEUED, TaskState.CREATED)
    world.feed(world.granted())
    assert (world.process, world.state("submit")) == (ProcessState.EXECUTING, TaskState.SCHEDULED)
    assert world.feed(world.granted()).outcome is Outcome.RECORDED
    assert world.names_published() == ["before", "submit"]


def test_a_job_in_line_is_canceled_at_once() -> None:
    world = in_line()
    world.feed(world.cancel_requested())
    assert world.run.experiment is ExperimentState.CANCELED
    assert world.feed(world.granted()).outcome is Outcome.RECORDED


def test_a_job_let_in_while_its_run_is_paused_asks_again_when_it_goes_on() -> None:
    world = in_line()
    world.feed(world.pause_requested())
    world.feed(world.granted())
    assert world.state("submit") is TaskState.CREATED
    assert world.feed(world.resume_requested()).asking == [derive_id("test", "submit")]
    assert world.process is ProcessState.QUEUED


def correction(world: World, state: TaskState, name: str | None = None, **fields: object) -> CorrectionRequested:
    task_id = None if name is None else derive_id("test", name)
    return world.request(CorrectionRequested, task_id=task_id, state=state, **fields)


def test_a_task_is_corrected_to_an_end_and_the_run_goes_on_from_there() -> None:
    binding = {"x": {"task_id": spec("a").task_id, "output": "y"}}
    world = World.of(spec("a"), spec("b", "a", bindings=binding))
    world.feed(correction(world, TaskState.COMPLETED, "a", outputs={"y": 7}))
    assert world.latest("b").params["x"] == 7
    late = world.feed(world.failed(world.published[0]))
    assert late.outcome is not Outcome.APPLIED
    world.feed(correction(world, TaskState.FAILED, "b"))
    assert world.run.experiment is ExperimentState.FAILED
    failure = world.run.process.failure
    assert failure is not None
    assert failure.sentence == "Set to FAILED by me: enough"


@pytest.mark.parametrize("state", [TaskState.SCHEDULED, TaskState.RETRY_WAIT])
def test_nothing_is_corrected_to_what_is_no_end(state: TaskState) -> None:
    world = World.of(spec("a"))
    assert world.feed(correction(world, state, "a")).outcome is Outcome.ILLEGAL


def test_a_submission_that_is_said_to_be_done_needs_its_job() -> None:
    world = World.of(*job_specs())
    assert world.feed(correction(world, TaskState.COMPLETED, "submit")).outcome is Outcome.ILLEGAL
    world.feed(correction(world, TaskState.COMPLETED, "submit", outputs={"native_id": "7"}))
    assert world.names_published() == ["submit", "monitor"]


@pytest.mark.parametrize("state", [TaskState.FAILED, TaskState.CANCELED])
def test_a_whole_run_is_corrected_to_an_end(state: TaskState) -> None:
    world = World.of(spec("a"), spec("b", "a"), spec("c"))
    world.feed(world.completed(world.latest("a")))
    world.feed(correction(world, state))
    assert world.run.experiment.value == state.value
    assert world.feed(correction(world, state)).outcome is Outcome.ILLEGAL


def test_a_run_that_is_being_canceled_is_corrected_to_canceled_only() -> None:
    world = World.of(spec("a"))
    world.feed(world.cancel_requested())
    assert world.feed(correction(world, TaskState.FAILED)).outcome is Outcome.ILLEGAL
    world.feed(correction(world, TaskState.CANCELED))
    assert world.run.experiment is ExperimentState.CANCELED
