"""Deadlines: what has not ended is stopped where it runs, the experiment has FAILED and says why."""

from dataclasses import replace
from datetime import datetime, timedelta

from api_server.dag.decisions import Outcome
from howdah.contracts.failures import FailureKind
from howdah.contracts.requests import DeadlinePassed
from howdah.contracts.states import ExperimentState, ProcessState, TaskState
from howdah.contracts.tasks import TaskSpec
from tests.unit.dag.world import START, World, job_specs, spec

DEADLINE = START + timedelta(hours=1)


def world_until(deadline: datetime, *tasks: TaskSpec) -> World:
    world = World.of(*tasks)
    world.run.identity = replace(world.run.identity, deadline_at=deadline)
    return world


def passed(world: World, deadline: datetime = DEADLINE) -> DeadlinePassed:
    return world.request(DeadlinePassed, deadline_at=deadline)


def test_what_waits_ends_at_once_what_runs_is_stopped_and_the_experiment_has_failed() -> None:
    world = world_until(DEADLINE, *job_specs(), spec("after", "monitor"))
    world.feed(world.completed(world.latest("submit"), native_id="7"))
    world.feed(passed(world))
    assert (world.process, world.run.experiment) == (ProcessState.CANCELING, ExperimentState.CANCELING)
    assert world.state("after") is TaskState.CANCELED
    assert world.state("monitor") is TaskState.SCHEDULED
    world.feed(world.canceled(world.latest("monitor")))
    assert (world.process, world.run.experiment) == (ProcessState.FAILED, ExperimentState.FAILED)
    failure = world.run.process.failure
    assert failure is not None
    assert failure.kind is FailureKind.TIMEOUT
    assert failure.sentence == (
        "The experiment had not ended by its deadline, 2026-01-01 01:00:00 UTC; what was left of it was stopped."
    )


def test_a_run_whose_last_task_ends_well_all_the_same_is_completed() -> None:
    world = world_until(DEADLINE, spec("only"))
    world.feed(passed(world))
    world.feed(world.completed(world.latest("only")))
    assert (world.process, world.run.experiment) == (ProcessState.COMPLETED, ExperimentState.COMPLETED)
    assert world.run.process.failure is None


def test_a_deadline_that_passes_during_a_cancellation_or_after_the_end_changes_nothing() -> None:
    world = world_until(DEADLINE, spec("only"))
    world.feed(world.cancel_requested())
    assert world.feed(passed(world)).outcome is Outcome.RECORDED
    world.feed(world.canceled(world.latest("only")))
    assert world.run.experiment is ExperimentState.CANCELED
    assert world.feed(passed(world)).outcome is Outcome.ILLEGAL


def test_the_deadline_of_another_run_is_dropped() -> None:
    world = world_until(DEADLINE, spec("only"))
    assert world.feed(passed(world, START)).outcome is Outcome.ILLEGAL
    assert world.process is ProcessState.STARTED
