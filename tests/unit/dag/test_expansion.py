"""Fan-outs with more items than one decision makes: stopped, repeated, too many, failed in the middle."""

from collections.abc import Iterator

import pytest

from api_server.dag import expansion
from api_server.dag.adoption import Choice, continue_run
from api_server.dag.advance import advance
from api_server.dag.decisions import Outcome
from howdah.contracts.ids import ProcessId, new_id
from howdah.contracts.states import ProcessState, TaskState
from howdah.contracts.tasks import MAX_TASKS
from tests.unit.dag.workflow_world import Services, broken, done, planned
from tests.unit.dag.world import World

LATE = """
nodes:
  split: {kind: task, type: split, inputs: {parts: 7}}
  work: {kind: task, type: step, inputs: {value: "${item}"}, for_each: {over: "${nodes.split.outputs.parts}"}}
"""
TWO = """
nodes:
  split: {kind: task, type: split, inputs: {parts: 5}}
  one: {kind: task, type: step, inputs: {value: "${item}"}, for_each: {over: "${nodes.split.outputs.parts}"}}
  two: {kind: task, type: step, inputs: {value: "${item}"}, for_each: {over: "${nodes.split.outputs.parts}"}}
"""


@pytest.fixture(autouse=True)
def _two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expansion, "CHUNK_TASKS", 2)


@pytest.fixture
def half_way() -> Iterator[World]:
    """A run whose fan-out has made four of its seven items."""
    world = World(planned(LATE))
    world.feed(world.completed(world.published[0], parts=list("abcdefg"), count=7))
    world.feed(world.told.pop())
    assert items(world) == 4
    yield world
    assert len(set(world.names_published())) == len(world.published)


def items(world: World) -> int:
    return sum(task.name.startswith("work[") and task.name[5].isdigit() for task in world.run.dag.tasks)


def state_of(world: World, name: str) -> TaskState:
    return next(world.run.tasks[task.task_id].state for task in world.run.dag.tasks if task.name == name)


def test_the_first_items_begin_before_the_last_are_made(half_way: World) -> None:
    assert half_way.names_published() == ["split", "work[0]", "work[1]", "work[2]", "work[3]"]
    Services(half_way).work()
    assert half_way.process is ProcessState.COMPLETED
    assert items(half_way) == 7


def test_a_timer_that_comes_twice_or_late_makes_nothing(half_way: World) -> None:
    [told] = half_way.told
    half_way.now = told.due_at
    half_way.feed(told)
    assert items(half_way) == 6
    late = told.model_copy(update={"due_at": told.due_at.replace(year=2025)})
    assert half_way.feed(late).outcome is Outcome.ILLEGAL
    assert items(half_way) == 6


def test_a_run_that_is_canceled_makes_no_more_items_and_its_retry_makes_them_anew(half_way: World) -> None:
    half_way.feed(half_way.cancel_requested())
    assert state_of(half_way, "work[]") is TaskState.CANCELED
    assert half_way.feed(half_way.told.pop()).outcome is Outcome.ILLEGAL
    for publication in half_way.published[1:]:
        half_way.feed(half_way.canceled(publication))
    assert half_way.process is ProcessState.CANCELED
    later = World.continued(continue_run(half_way.run, ProcessId(new_id()), Choice()))
    Services(later).work()
    assert later.process is ProcessState.COMPLETED
    assert sorted(later.names_published()) == [f"work[{number}]" for number in range(7)]


def test_a_run_that_is_paused_makes_items_and_begins_none(half_way: World) -> None:
    half_way.feed(half_way.pause_requested())
    while half_way.told:
        half_way.feed(half_way.told.pop())
    assert items(half_way) == 7
    assert len(half_way.published) == 5
    half_way.feed(half_way.resume_requested())
    Services(half_way).work()
    assert half_way.process is ProcessState.COMPLETED


def test_two_fan_outs_go_on_one_after_the_other_and_the_room_of_the_first_is_kept_for_it() -> None:
    most = MAX_TASKS // 2
    world = World(planned(TWO))
    world.feed(world.completed(world.published[0], parts=list(range(most)), count=most))
    assert (state_of(world, "one[]"), state_of(world, "two[]")) == (TaskState.EXECUTING, TaskState.FAILED)
    assert len(world.told) == 1


def test_a_fan_out_for_which_a_batch_has_no_room_left_makes_one_item_and_goes_on_later(half_way: World) -> None:
    told = half_way.told.pop()
    half_way.now = told.due_at
    decisions = advance(half_way.run, told, half_way.now, room=-3)
    assert [task.name for task in decisions.added] == ["work[4]"]
    assert decisions.timers == [told.task_id]


def test_the_next_in_line_goes_on_when_one_has_made_all() -> None:
    world = World(planned(TWO))
    world.feed(world.completed(world.published[0], parts=list("abcde"), count=5))
    turns = []
    while world.told:
        assert len(world.told) == 1
        turns.append(world.run.dag.by_id[world.told[0].task_id].name)
        world.feed(world.told.pop())
    assert turns == ["one[]", "one[]", "two[]", "two[]", "two[]"]


def test_a_line_whose_event_was_lost_goes_on_by_its_timer(half_way: World) -> None:
    half_way.told.clear()
    [timer] = half_way.timers()
    half_way.feed(timer)
    assert items(half_way) == 6


def test_a_failed_item_fails_the_run_only_once_all_have_ended() -> None:
    world = World(planned(LATE))
    services = Services(world, lambda spec, one: broken() if spec.name == "work[0]" else done(spec, one))
    services.work()
    assert world.process is ProcessState.FAILED
    assert len(services.ran) == 8
