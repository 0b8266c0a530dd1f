"""Jobs that run for weeks, are requeued or suspended meanwhile, and are told of by clocks that disagree."""

from datetime import timedelta

import pytest

from howdah.contracts.failures import FailureKind
from howdah.contracts.messages import JobStatusChanged, TaskProgressed
from howdah.contracts.states import JobState, ProcessState, TaskState
from tests.unit.dag.world import World, job_specs

WEEK = timedelta(days=7)
SIGN_OF_LIFE = timedelta(minutes=14)
"""Just within the 15 minutes after which nobody believes in a job any more."""


def followed() -> World:
    """A run whose job is being followed."""
    world = World.of(*job_specs())
    world.feed(world.completed(world.latest("submit"), native_id="7"))
    world.feed(world.started(world.latest("monitor")))
    return world


def told(world: World, state: JobState) -> None:
    event = world.event(
        JobStatusChanged, world.latest("submit"), generation=1, job_name="j", native_id="7", state=state
    )
    world.feed(event)


def live_for(world: World, span: timedelta) -> None:
    until = world.now + span
    while world.now < until:
        world.now += SIGN_OF_LIFE
        world.feed(world.event(TaskProgressed, world.latest("monitor"), step="the job runs"))


def test_a_job_is_followed_for_eight_weeks_and_then_completes() -> None:
    world = followed()
    live_for(world, 8 * WEEK)
    assert (world.state("monitor"), world.status("monitor").attempt) == (TaskState.EXECUTING, 1)
    world.feed(world.completed(world.latest("monitor"), exit_code=0))
    assert world.process is ProcessState.COMPLETED


def test_a_job_of_which_nothing_is_heard_for_its_window_is_looked_for_anew_after_any_number_of_weeks() -> None:
    world = followed()
    live_for(world, 3 * WEEK)
    [timer] = world.timers()
    assert world.now - timer.due_at < timedelta(seconds=1)
    world.feed(timer)
    assert world.state("monitor") is TaskState.RETRY_WAIT
    failure = world.status("monitor").failure
    assert failure is not None
    assert (failure.kind, "no sign of life for 900 s" in failure.sentence) == (FailureKind.TIMEOUT, True)
    for again in world.timers():
        world.feed(again)
    assert world.names_published()[-1] == "monitor", "whoever monitors takes the job up again, by its record"


def test_preempted_suspended_and_unknown_are_left_again() -> None:
    world = followed()
    key = (world.latest("submit").task_id, 1)
    for state in (
        JobState.ACTIVE,
        JobState.SUSPENDED,
        JobState.ACTIVE,
        JobState.QUEUED,  # preempted: back in the queue
        JobState.ACTIVE,
        JobState.UNKNOWN,
        JobState.ACTIVE,
        JobState.COMPLETE,
    ):
        told(world, state)
        assert world.run.jobs[key].state is state
    assert world.process is ProcessState.EXECUTING, "only the monitoring's own end ends the run"


@pytest.mark.parametrize("skew", [timedelta(days=-2), timedelta(hours=-1), timedelta(hours=1), timedelta(days=2)])
def test_a_service_whose_clock_is_wrong_changes_no_deadline_and_no_retry(skew: timedelta) -> None:
    world = World.of(*job_specs())
    skewed = {"at": world.now + skew}
    world.feed(world.started(world.latest("submit")).model_copy(update=skewed))
    due_at = world.status("submit").due_at
    assert due_at == world.now + timedelta(seconds=world.dag.tasks[0].deadline_seconds)
    world.feed(world.failed(world.latest("submit")).model_copy(update=skewed))
    due_at = world.status("submit").due_at
    assert due_at is not None
    assert timedelta(0) < due_at - world.now <= timedelta(seconds=2)
    for timer in world.timers():
        world.feed(timer)
    world.feed(world.completed(world.latest("submit"), native_id="7").model_copy(update=skewed))
    publication = world.latest("monitor")
    world.feed(world.started(publication).model_copy(update=skewed))
    sign = world.event(TaskProgressed, publication, step="the job runs").model_copy(update=skewed)
    world.feed(sign)
    assert world.status("monitor").due_at == world.now + timedelta(seconds=900)
