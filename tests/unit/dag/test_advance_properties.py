"""Whatever the DAG and however events come: the run ends, in legal steps, each task in its turn."""

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_server.dag import windows
from api_server.dag.advance import advance
from api_server.dag.decisions import Outcome, Publication
from howdah.contracts import params
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import new_id
from howdah.contracts.messages import (
    TaskOutcome,
)
from howdah.contracts.requests import (
    AnyEvent,
)
from howdah.contracts.states import ProcessState, TaskState, is_terminal
from howdah.contracts.tasks import Dag, TaskSpec, Trigger
from tests.unit.dag.world import IMPATIENT, World, spec

TYPES = ("noop", "noop", params.JOB_SUBMISSION, params.JOB_MONITORING)
KINDS = (FailureKind.TRANSIENT, FailureKind.PERMANENT, FailureKind.INTERNAL, FailureKind.CANCELED)
RESOURCES = (None, new_id(), new_id())


@pytest.fixture(autouse=True, scope="module")
def narrow_windows() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "MOST_ON_THEIR_WAY", 1)
        yield


@st.composite
def dags(draw: st.DrawFn) -> Dag:
    size = draw(st.integers(1, 7))
    tasks: list[TaskSpec] = []
    for index in range(size):
        earlier = [f"t{number}" for number in range(index)]
        needed = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
        tasks.append(
            spec(
                f"t{index}",
                *needed,
                task_type=draw(st.sampled_from(TYPES)),
                trigger=draw(st.sampled_from(list(Trigger))),
                retry=IMPATIENT,
                resource_id=draw(st.sampled_from(RESOURCES)),
                deadline_seconds=draw(st.sampled_from([10, 100])),
            )
        )
    return Dag(tasks=tuple(draw(st.permutations(tasks))))


def told(world: World, publication: Publication, chance: Random) -> list[AnyEvent]:
    """Return what a service tells about a command; nothing when it dies or the message is lost."""
    events: list[AnyEvent] = [world.started(publication)]
    match chance.choice(["complete", "complete", "fail", "defer", "cancel", "vanish", "both"]):
        case "complete":
            events.append(world.completed(publication, native_id="7"))
        case "fail":
            events.append(world.failed(publication, chance.choice(KINDS)))
        case "defer":
            events = [world.deferred(publication, chance.choice([0.0, 5.0]))] if publication.attempt < 3 else []
        case "cancel":
            events.append(world.canceled(publication))
        case "both":
            events += [world.failed(publication), world.completed(publication)]
        case _:
            pass
    match events:
        case [_, TaskOutcome() as outcome] if chance.random() < 0.5:
            return [world.with_start(outcome)]
        case _:
            return events


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), dag=dags(), cancel_after=st.none() | st.integers(0, 12))
def test_every_run_ends_in_legal_steps(seed: int, dag: Dag, cancel_after: int | None) -> None:
    chance = Random(seed)  # noqa: S311 - it must be the same again for the same seed
    world = World(dag)
    pool: list[AnyEvent] = []
    answered = 0
    deferrals = 0
    for step in range(2_000):
        for publication in world.published[answered:]:
            answered += 1
            deferrals += 1
            # A service that does nothing but hand back would never end; that is not the decision's fault.
            pool += told(world, publication, chance) if deferrals < 60 else [world.completed(publication)]
        if cancel_after == step:
            pool.append(world.cancel_requested())
        if pool:
            event = chance.choice(pool)
            if chance.random() < 0.8:  # else it stays, to be told again
                pool.remove(event)
            world.feed(event)
            if chance.random() < 0.1:
                world.load_again()
        elif is_terminal(world.process):
            break
        else:
            for timer in world.timers():
                world.feed(timer)
    assert is_terminal(world.process), "the run never ended"
    _check_the_end(world)


def _check_the_end(world: World) -> None:
    states = [status.state for status in world.run.tasks.values()]
    if world.process is ProcessState.COMPLETED:
        for_failures = any(task.trigger is Trigger.ANY_FAILED for task in world.dag.tasks)
        assert set(states) <= {TaskState.COMPLETED, *([TaskState.SKIPPED] if for_failures else [])}
    if world.process is ProcessState.FAILED:
        assert TaskState.FAILED in states
        assert world.run.process.failure is not None
    for status in world.run.tasks.values():
        assert (status.attempt == 0) <= (status.state in {TaskState.SKIPPED, TaskState.CANCELED, TaskState.FAILED})


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), dag=dags())
def test_an_event_told_twice_moves_nothing_the_second_time(seed: int, dag: Dag) -> None:
    chance = Random(seed)  # noqa: S311 - it must be the same again for the same seed
    world = World(dag)
    answered = 0
    while answered < min(len(world.published), 40):
        publication = world.published[answered]
        answered += 1
        for event in told(world, publication, chance):
            world.feed(event)
            before = dict(world.run.tasks), world.run.process, len(world.published)
            decisions = world.feed(event)
            assert decisions.outcome is not Outcome.APPLIED or not decisions.changes
            assert (dict(world.run.tasks), world.run.process, len(world.published)) == before


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), dag=dags())
def test_the_same_decision_is_taken_again(seed: int, dag: Dag) -> None:
    chance = Random(seed)  # noqa: S311 - it must be the same again for the same seed
    world = World(dag)
    for publication in list(world.published):
        for event in told(world, publication, chance):
            assert advance(world.run, event, world.now) == advance(world.run, event, world.now)
            world.feed(event)
