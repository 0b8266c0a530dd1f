"""A run's way to one resource is narrow: however many tasks wait, few are published that nobody has taken up."""

from typing import Any

from api_server.dag.windows import MOST_ON_THEIR_WAY
from howdah.contracts.ids import new_id
from howdah.contracts.params import JOB_SUBMISSION
from howdah.contracts.states import ProcessState, TaskState
from tests.unit.dag.world import World, spec

MANY = 3 * MOST_ON_THEIR_WAY


def crowd(**fields: Any) -> World:  # noqa: ANN401 - of TaskSpec
    resource_id = new_id()
    return World.of(*(spec(f"t{number}", resource_id=resource_id, **fields) for number in range(MANY)))


def finish(world: World, answered: int = 0) -> None:
    while answered < len(world.published):
        publication = world.published[answered]
        answered += 1
        world.feed(world.with_start(world.completed(publication)))


def test_a_resource_that_takes_nothing_up_holds_no_more_than_its_window() -> None:
    world = crowd()
    assert world.names_published() == [f"t{number}" for number in range(MOST_ON_THEIR_WAY)]
    assert world.state(f"t{MANY - 1}") is TaskState.CREATED


def test_each_one_that_is_taken_up_calls_the_next_in_line() -> None:
    world = crowd()
    for number, publication in enumerate(world.published[:3]):
        world.feed(world.started(publication))
        assert world.names_published()[-1] == f"t{MOST_ON_THEIR_WAY + number}"
    finish(world)
    assert world.process is ProcessState.COMPLETED
    assert world.names_published() == [f"t{number}" for number in range(MANY)]


def test_one_that_is_handed_back_keeps_its_place() -> None:
    world = crowd()
    for publication in list(world.published):
        world.feed(world.deferred(publication, 60.0))
    assert len(world.published) == MOST_ON_THEIR_WAY
    for timer in world.timers():
        world.feed(timer)
    assert set(world.names_published()) == {f"t{number}" for number in range(MOST_ON_THEIR_WAY)}


def test_one_that_ends_without_having_been_taken_up_makes_room() -> None:
    world = crowd()
    world.feed(world.canceled(world.published[0]))
    assert world.names_published()[-1] == f"t{MOST_ON_THEIR_WAY}"


def test_one_that_was_skipped_in_line_is_passed_over() -> None:
    world = crowd()
    world.feed(world.skip_requested(f"t{MOST_ON_THEIR_WAY}"))
    world.feed(world.started(world.published[0]))
    assert world.names_published()[-1] == f"t{MOST_ON_THEIR_WAY + 1}"


def test_a_cancel_ends_what_stands_in_line_at_once() -> None:
    world = crowd()
    world.feed(world.cancel_requested())
    assert world.state(f"t{MANY - 1}") is TaskState.CANCELED
    assert len(world.published) == MOST_ON_THEIR_WAY


def test_another_replica_goes_on_with_the_line() -> None:
    world = crowd()
    world.feed(world.started(world.published[0]))
    world.load_again()
    world.feed(world.started(world.published[1]))
    assert world.names_published()[-1] == f"t{MOST_ON_THEIR_WAY + 1}"
    world.load_again()
    finish(world)
    assert world.process is ProcessState.COMPLETED
    assert len(world.published) == MANY


def test_a_run_that_goes_on_after_a_pause_keeps_its_window() -> None:
    world = crowd()
    world.feed(world.pause_requested())
    for publication in world.published[:5]:
        world.feed(world.started(publication))
    assert len(world.published) == MOST_ON_THEIR_WAY
    world.feed(world.resume_requested())
    assert len(world.published) == MOST_ON_THEIR_WAY + 5
    finish(world)
    assert world.process is ProcessState.COMPLETED


def test_resources_do_not_share_a_window_and_what_needs_none_has_none() -> None:
    one, other = new_id(), new_id()
    places = [None, one, other]
    world = World.of(*(spec(f"t{number}", resource_id=places[number % 3]) for number in range(3 * MANY)))
    assert len(world.published) == MANY + 2 * MOST_ON_THEIR_WAY


def test_submissions_have_quotas_for_a_line() -> None:
    world = crowd(task_type=JOB_SUBMISSION, params={"job_name": "j", "generation": 1})
    assert len(world.published) == MANY
