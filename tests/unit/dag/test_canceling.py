from datetime import timedelta

import pytest

from api_server.dag import canceling
from howdah.contracts.failures import FailureKind
from howdah.contracts.states import ProcessState, TaskState
from howdah.contracts.tasks import Dag
from tests.unit.dag.world import START, World, job_specs

PATIENCE = timedelta(seconds=600)
FIFTEEN = 15.0
MORE_THAN_ENOUGH = 200


def canceled_world() -> World:
    """A run that is canceled a minute after its job was to be submitted."""
    submission, monitoring = job_specs(deadline_seconds=PATIENCE.total_seconds())
    world = World(Dag(tasks=(submission, monitoring)))
    world.now += timedelta(seconds=60)
    world.feed(world.cancel_requested())
    return world


def hand_back_for_ever(world: World, name: str) -> None:
    """The service answers at once, and never anything but that the cancel is not confirmed yet."""
    for _ in range(MORE_THAN_ENOUGH):
        if world.state(name) is not TaskState.RETRY_WAIT:
            world.feed(world.deferred(world.latest(name), FIFTEEN))
        for timer in world.timers():
            world.feed(timer)
        if world.process is ProcessState.CANCELED:
            return


def test_a_cancel_that_is_never_confirmed_ends_however_often_it_is_handed_back() -> None:
    world = canceled_world()
    hand_back_for_ever(world, "submit")
    assert world.process is ProcessState.CANCELED
    assert world.now - START < PATIENCE + timedelta(seconds=60) + canceling.LAST_TRY + timedelta(seconds=30)
    status = world.status("submit")
    assert status.outputs == {"confirmed": False}
    assert status.failure is not None
    assert status.failure.kind is FailureKind.CANCELED
    assert "has not confirmed it" in status.failure.sentence


def test_the_deadline_of_a_cancel_stays_where_the_request_has_set_it() -> None:
    world = canceled_world()
    hand_back_for_ever(world, "submit")
    ends = START + timedelta(seconds=60) + PATIENCE
    deadlines = {publication.deadline_at for publication in world.published[1:]}
    assert deadlines == {ends}, "the service gives up when the time is over, not later and later"


def test_the_last_try_has_time_to_be_made_before_nobody_waits_for_its_word() -> None:
    world = canceled_world()
    while world.now < START + timedelta(seconds=60) + PATIENCE:
        if world.state("submit") is not TaskState.RETRY_WAIT:
            world.feed(world.deferred(world.latest("submit"), FIFTEEN))
        for timer in world.timers():
            world.feed(timer)
    assert world.state("submit") is TaskState.SCHEDULED
    due_at = world.status("submit").due_at
    assert due_at is not None
    assert due_at - world.now >= canceling.LAST_TRY - timedelta(seconds=1)
    world.feed(world.canceled(world.latest("submit")))
    assert world.process is ProcessState.CANCELED
    assert world.status("submit").outputs == {"confirmed": True}


@pytest.mark.parametrize("answers", [True, False])
def test_a_monitoring_that_begins_late_has_its_own_time_to_end_the_job(answers: bool) -> None:
    world = canceled_world()
    world.now += PATIENCE - timedelta(seconds=1)
    world.feed(world.completed(world.latest("submit"), native_id="7"))
    publication = world.latest("monitor")
    assert publication.deadline_at == world.now + timedelta(seconds=900)
    if answers:
        world.feed(world.canceled(publication))
    else:
        for timer in world.timers():
            world.feed(timer)
    assert world.process is ProcessState.CANCELED
    assert world.status("monitor").outputs == {"confirmed": answers}
