"""Pause, resume and skip: nothing new is begun, what runs goes on, and the run still ends."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_server.dag.decisions import Outcome
from howdah.contracts import params
from howdah.contracts.requests import (
    AnyEvent,
)
from howdah.contracts.states import ExperimentState, ProcessState, TaskState, is_terminal
from howdah.contracts.tasks import Dag, Trigger
from tests.unit.dag.test_advance_properties import dags, told
from tests.unit.dag.world import IMPATIENT, World, job_specs, spec


def test_a_paused_run_begins_nothing_and_what_runs_goes_on() -> None:
    world = World.of(spec("a"), spec("b", "a"))
    world.feed(world.pause_requested())
    world.feed(world.started(world.latest("a")))
    world.feed(world.completed(world.latest("a")))
    assert (world.state("b"), world.process) == (TaskState.CREATED, ProcessState.PAUSED)
    assert world.names_published() == ["a"]
    world.feed(world.resume_requested())
    assert world.names_published() == ["a", "b"]
    assert (world.state("b"), world.process) == (TaskState.SCHEDULED, ProcessState.EXECUTING)


def test_a_retry_that_falls_due_waits_without_a_timer_and_goes_on_at_once() -> None:
    world = World.of(spec("a", retry=IMPATIENT))
    world.feed(world.failed(world.latest("a")))
    world.feed(world.pause_requested())
    for timer in world.timers():
        world.feed(timer)
    assert world.state("a") is TaskState.RETRY_WAIT
    assert world.run.next_due() is None
    world.feed(world.resume_requested())
    assert world.latest("a").attempt == 2


def test_a_retry_that_is_not_due_yet_keeps_its_moment_over_a_pause() -> None:
    world = World.of(spec("a", retry=IMPATIENT))
    world.feed(world.failed(world.latest("a")))
    due_at = world.status("a").due_at
    world.feed(world.pause_requested())
    world.feed(world.resume_requested())
    assert world.status("a").due_at == due_at
    assert len(world.published) == 1


def test_what_is_handed_back_while_paused_waits_and_uses_no_attempt() -> None:
    world = World.of(spec("a"))
    world.feed(world.pause_requested())
    world.feed(world.deferred(world.latest("a"), 0.0))
    assert world.state("a") is TaskState.RETRY_WAIT
    world.feed(world.resume_requested())
    assert world.latest("a").attempt == 1


def test_the_monitoring_of_a_submitted_job_begins_also_while_paused() -> None:
    world = World.of(*job_specs())
    world.feed(world.pause_requested())
    world.feed(world.completed(world.latest("submit"), native_id="7"))
    assert world.names_published() == ["submit", "monitor"]


def test_a_paused_run_is_canceled_like_any_other() -> None:
    world = World.of(spec("a"), spec("b", "a"))
    world.feed(world.pause_requested())
    world.feed(world.cancel_requested())
    assert world.state("b") is TaskState.CANCELED
    world.feed(world.canceled(world.latest("a")))
    assert world.process is ProcessState.CANCELED
    assert world.run.experiment is ExperimentState.CANCELED


def test_a_run_whose_last_task_ends_while_it_is_paused_ends() -> None:
    world = World.of(spec("a"))
    world.feed(world.pause_requested())
    world.feed(world.completed(world.latest("a")))
    assert world.process is ProcessState.COMPLETED


def test_pausing_twice_and_resuming_what_runs_is_recorded_only() -> None:
    world = World.of(spec("a"))
    assert world.feed(world.resume_requested()).outcome is Outcome.RECORDED
    world.feed(world.pause_requested())
    assert world.feed(world.pause_requested()).outcome is Outcome.RECORDED


@pytest.mark.parametrize("trigger", [one for one in Trigger if one is not Trigger.ANY_FAILED])
def test_what_depends_on_a_skipped_task_goes_on_as_if_it_had_succeeded(trigger: Trigger) -> None:
    world = World.of(spec("a"), spec("b", "a"), spec("c", "b", trigger=trigger))
    world.feed(world.skip_requested("b"))
    assert world.state("b") is TaskState.SKIPPED
    world.feed(world.completed(world.latest("a")))
    world.feed(world.completed(world.latest("c")))
    assert world.process is ProcessState.COMPLETED


def test_a_task_that_waits_for_another_try_can_be_skipped() -> None:
    world = World.of(spec("a", retry=IMPATIENT), spec("b", "a"))
    world.feed(world.failed(world.latest("a")))
    world.feed(world.skip_requested("a"))
    assert world.names_published() == ["a", "b"]


def test_a_task_that_is_under_way_or_has_ended_can_not_be_skipped() -> None:
    world = World.of(spec("a"), spec("b", "a"))
    assert world.feed(world.skip_requested("a")).outcome is Outcome.ILLEGAL
    world.feed(world.completed(world.latest("a")))
    assert world.feed(world.skip_requested("a")).outcome is Outcome.ILLEGAL


def test_a_submission_is_skipped_with_its_monitoring_and_never_after_an_attempt() -> None:
    before = spec("before")
    submission, monitoring = job_specs()
    submission = submission.model_copy(update={"depends_on": (before.task_id,), "retry": IMPATIENT})
    world = World.of(before, submission, monitoring)
    assert world.feed(world.skip_requested("monitor")).outcome is Outcome.ILLEGAL
    world.feed(world.skip_requested("submit"))
    assert world.state("monitor") is TaskState.SKIPPED
    tried = World.of(submission.model_copy(update={"depends_on": ()}), monitoring)
    tried.feed(tried.failed(tried.latest("submit")))
    assert tried.feed(tried.skip_requested("submit")).outcome is Outcome.ILLEGAL


def test_an_output_of_a_skipped_task_can_not_be_filled_in_and_the_failure_says_so() -> None:
    binding = {"x": {"task_id": spec("a").task_id, "output": "y"}}
    world = World.of(spec("z"), spec("a", "z"), spec("b", "a", bindings=binding))
    world.feed(world.skip_requested("a"))
    world.feed(world.completed(world.latest("z")))
    assert world.state("b") is TaskState.FAILED
    failure = world.status("b").failure
    assert failure is not None
    assert "needs the output 'y'" in failure.sentence


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), dag=dags(), steps=st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_whenever_it_is_paused_resumed_skipped_and_canceled_each_attempt_is_published_once_and_the_run_ends(
    seed: int, dag: Dag, steps: list[int]
) -> None:
    chance = Random(seed)  # noqa: S311 - it must be the same again for the same seed
    world = World(dag)
    pool: list[AnyEvent] = []
    answered = deferrals = 0
    for step in range(2_000):
        for publication in world.published[answered:]:
            answered, deferrals = answered + 1, deferrals + 1
            pool += told(world, publication, chance) if deferrals < 60 else [world.completed(publication)]
        pool += [_steered(world, chance) for _ in range(steps.count(step))]
        if pool:
            event = chance.choice(pool)
            if chance.random() < 0.8:  # else it stays, to be told again
                pool.remove(event)
            paused = world.process is ProcessState.PAUSED
            decisions = world.feed(event)
            if paused and world.process is ProcessState.PAUSED:
                begun = {world.dag.by_id[p.task_id].type for p in decisions.publications}
                assert begun <= {params.JOB_MONITORING}
        elif is_terminal(world.process):
            break
        elif world.process is ProcessState.PAUSED and world.run.next_due() is None:
            world.feed(world.resume_requested())
        else:
            for timer in world.timers():
                world.feed(timer)
    assert is_terminal(world.process), "the run never ended"
    assert len({p.command_id for p in world.published}) == len(world.published)


def _steered(world: World, chance: Random) -> AnyEvent:
    match chance.choice(["pause", "pause", "resume", "skip", "cancel"]):
        case "pause":
            return world.pause_requested()
        case "resume":
            return world.resume_requested()
        case "skip":
            return world.skip_requested(chance.choice([task.name for task in world.dag.tasks]))
        case _:
            return world.cancel_requested()


def test_a_canceled_submission_while_paused_still_ends_its_job() -> None:
    submission, monitoring = job_specs(retry=IMPATIENT)
    world = World.of(submission, monitoring)
    world.feed(world.failed(world.latest("submit")))
    world.feed(world.pause_requested())
    for timer in world.timers():
        world.feed(timer)
    world.feed(world.cancel_requested())
    assert world.latest("submit").attempt == 2, "only the submission itself can say whether there is a job"
    assert world.dag.by_id[submission.task_id].type == params.JOB_SUBMISSION
