"""The rules of ``advance``, one test for each promise."""

from datetime import timedelta

import pytest

from api_server.dag.decisions import CancellationNote, Outcome
from howdah.contracts.failures import FailureKind
from howdah.contracts.flow import OutputRef
from howdah.contracts.ids import TaskId, derive_id
from howdah.contracts.messages import JobStatusChanged, TaskProgressed
from howdah.contracts.states import ExperimentState, JobState, ProcessState, TaskState
from howdah.contracts.tasks import Trigger
from tests.unit.dag.world import IMPATIENT, World, job_specs, spec


def test_a_chain_runs_in_order_and_completes() -> None:
    world = World.of(spec("a"), spec("b", "a"), spec("c", "b"))
    assert world.names_published() == ["a"]
    for name in ("a", "b", "c"):
        world.feed(world.started(world.latest(name)))
        world.feed(world.completed(world.latest(name)))
    assert world.names_published() == ["a", "b", "c"]
    assert world.process is ProcessState.COMPLETED
    assert world.run.experiment is ExperimentState.COMPLETED


def test_a_join_waits_for_all() -> None:
    world = World.of(spec("a"), spec("b"), spec("join", "a", "b"))
    world.feed(world.completed(world.latest("a")))
    assert world.state("join") is TaskState.CREATED
    world.feed(world.completed(world.latest("b")))
    assert world.state("join") is TaskState.SCHEDULED


def test_the_end_of_a_task_may_overtake_its_start() -> None:
    world = World.of(spec("a"), spec("b", "a"))
    first = world.latest("a")
    world.feed(world.completed(first))
    assert world.state("a") is TaskState.COMPLETED
    decisions = world.feed(world.started(first))
    assert decisions.outcome is Outcome.ILLEGAL
    assert world.state("a") is TaskState.COMPLETED


def test_a_start_told_with_the_outcome_leaves_the_same_history_as_one_told_before() -> None:
    apart, together = World.of(spec("a")), World.of(spec("a"))
    before = apart.feed(apart.started(apart.latest("a")))
    after = apart.feed(apart.completed(apart.latest("a")))
    at_once = together.feed(together.with_start(together.completed(together.latest("a"))))
    moves = [(change.entity, change.before, change.after) for change in at_once.changes]
    assert moves == [(change.entity, change.before, change.after) for change in before.changes + after.changes]
    assert at_once.outcome is Outcome.APPLIED
    assert together.status("a").started_at is not None
    assert [note.known["state"] for note in at_once.attempts] == [TaskState.EXECUTING, TaskState.COMPLETED]


def test_a_redelivered_attempt_may_tell_its_start_again_with_its_outcome() -> None:
    world = World.of(spec("a", retry=IMPATIENT))
    world.feed(world.started(world.latest("a")))
    began = world.status("a").started_at
    decisions = world.feed(world.with_start(world.failed(world.latest("a"))))
    assert decisions.outcome is Outcome.APPLIED
    assert world.state("a") is TaskState.RETRY_WAIT
    assert world.status("a").started_at == began


def test_a_late_outcome_of_an_earlier_attempt_moves_nothing_by_its_start() -> None:
    world = World.of(spec("a", retry=IMPATIENT))
    first = world.latest("a")
    world.feed(world.failed(first))
    for timer in world.timers():
        world.feed(timer)
    decisions = world.feed(world.with_start(world.completed(first)))
    assert decisions.outcome is Outcome.RECORDED
    assert world.state("a") is TaskState.SCHEDULED


def test_a_transient_failure_is_tried_again_after_its_delay() -> None:
    world = World.of(spec("a", retry=IMPATIENT))
    world.feed(world.failed(world.latest("a")))
    assert world.state("a") is TaskState.RETRY_WAIT
    due_at = world.status("a").due_at
    assert due_at is not None
    assert timedelta(seconds=0.75) <= due_at - world.now <= timedelta(seconds=1)
    for timer in world.timers():
        world.feed(timer)
    assert [p.attempt for p in world.published] == [1, 2]


def test_the_budget_ends_in_failure_with_sentence_and_kind() -> None:
    world = World.of(spec("a", retry=IMPATIENT), spec("b", "a"))
    for _ in range(3):
        world.feed(world.failed(world.latest("a")))
        for timer in world.timers():
            world.feed(timer)
    assert [p.attempt for p in world.published] == [1, 2, 3]
    assert world.state("a") is TaskState.FAILED
    assert world.state("b") is TaskState.SKIPPED
    assert world.process is ProcessState.FAILED
    assert world.run.process.failure is not None
    assert world.run.process.failure.kind is FailureKind.TRANSIENT
    assert world.run.process.failure.sentence == "It was transient."


@pytest.mark.parametrize("kind", [FailureKind.PERMANENT, FailureKind.AUTHENTICATION, FailureKind.LOST])
def test_what_cannot_succeed_is_not_tried_again(kind: FailureKind) -> None:
    world = World.of(spec("a"))
    world.feed(world.failed(world.latest("a"), kind))
    assert world.process is ProcessState.FAILED


def test_events_of_another_attempt_move_nothing() -> None:
    world = World.of(spec("a", retry=IMPATIENT))
    first = world.latest("a")
    world.feed(world.failed(first))
    for timer in world.timers():
        world.feed(timer)
    decisions = world.feed(world.completed(first))
    assert decisions.outcome is Outcome.RECORDED
    assert world.state("a") is TaskState.SCHEDULED


def test_a_late_success_ends_the_wait_for_the_next_attempt() -> None:
    world = World.of(spec("a", deadline_seconds=10))
    first = world.latest("a")
    for timer in world.timers():
        world.feed(timer)
    assert world.state("a") is TaskState.RETRY_WAIT
    world.feed(world.completed(first))
    assert world.process is ProcessState.COMPLETED


def test_an_attempt_that_was_never_published_is_dropped() -> None:
    world = World.of(spec("a"))
    event = world.completed(world.latest("a")).model_copy(update={"attempt": 2})
    assert world.feed(event).outcome is Outcome.ILLEGAL
    assert world.state("a") is TaskState.SCHEDULED


def test_an_unknown_task_is_dropped() -> None:
    world = World.of(spec("a"))
    event = world.completed(world.latest("a")).model_copy(update={"task_id": derive_id("nobody")})
    assert world.feed(event).outcome is Outcome.ILLEGAL


def test_a_second_end_is_dropped() -> None:
    world = World.of(spec("a"))
    first = world.latest("a")
    world.feed(world.completed(first))
    assert world.feed(world.failed(first, FailureKind.PERMANENT)).outcome is Outcome.ILLEGAL
    assert world.process is ProcessState.COMPLETED


def test_a_deferred_command_is_published_again_and_uses_no_attempt() -> None:
    world = World.of(spec("a", retry=IMPATIENT))
    for _ in range(10):
        world.feed(world.deferred(world.latest("a")))
        assert world.state("a") is TaskState.RETRY_WAIT
        for timer in world.timers():
            world.feed(timer)
    assert {p.attempt for p in world.published} == {1}
    assert len({p.command_id for p in world.published}) == 11


def test_a_deferral_told_twice_is_followed_once() -> None:
    world = World.of(spec("a"))
    first = world.latest("a")
    world.feed(world.deferred(first, delay_seconds=0))
    assert len(world.published) == 2
    assert world.feed(world.deferred(first, delay_seconds=0)).outcome is Outcome.RECORDED
    assert len(world.published) == 2


def test_a_passed_deadline_counts_as_timed_out() -> None:
    world = World.of(spec("a", deadline_seconds=60, retry=IMPATIENT))
    world.feed(world.started(world.latest("a")))
    for timer in world.timers():
        world.feed(timer)
    failure = world.status("a").failure
    assert failure is not None
    assert failure.kind is FailureKind.TIMEOUT
    assert "60 s" in failure.sentence


def test_an_overtaken_timer_is_dropped() -> None:
    world = World.of(spec("a", deadline_seconds=60, retry=IMPATIENT))
    timers = list(world.timers())
    world.feed(world.failed(world.latest("a")))
    assert [world.feed(timer).outcome for timer in timers] == [Outcome.ILLEGAL]
    assert world.state("a") is TaskState.RETRY_WAIT


def test_progress_prolongs_the_monitoring_and_nothing_else() -> None:
    submission, monitoring = job_specs()
    world = World.of(submission, monitoring, spec("other"))
    world.feed(world.completed(world.latest("submit"), native_id="7"))
    before = {name: world.status(name).due_at for name in ("monitor", "other")}
    world.now += timedelta(seconds=100)
    for name in ("monitor", "other"):
        world.feed(world.event(TaskProgressed, world.latest(name), step="still here"))
    assert world.status("monitor").due_at == (before["monitor"] or world.now) + timedelta(seconds=100)
    assert world.status("other").due_at == before["other"]


def test_bindings_are_filled_in_when_published() -> None:
    bound = spec("b", "a", bindings={"x": OutputRef(task_id=TaskId(derive_id("test", "a")), output="answer")})
    world = World.of(spec("a"), bound)
    world.feed(world.completed(world.latest("a"), answer=42))
    assert world.latest("b").params == {"x": 42}


def test_a_binding_without_its_output_fails_the_task_with_a_sentence() -> None:
    bound = spec("b", "a", bindings={"x": OutputRef(task_id=TaskId(derive_id("test", "a")), output="answer")})
    world = World.of(spec("a"), bound)
    world.feed(world.completed(world.latest("a"), other=1))
    assert world.process is ProcessState.FAILED
    failure = world.status("b").failure
    assert failure is not None
    assert "'answer'" in failure.sentence


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (Trigger.ALL_SUCCEEDED, TaskState.SKIPPED),
        (Trigger.ALL_RAN, TaskState.SCHEDULED),
        (Trigger.ALL_DONE, TaskState.SCHEDULED),
    ],
)
def test_triggers_after_a_failure(trigger: Trigger, expected: TaskState) -> None:
    world = World.of(spec("a"), spec("b", "a", trigger=trigger))
    world.feed(world.failed(world.latest("a"), FailureKind.PERMANENT))
    assert world.state("b") is expected


@pytest.mark.parametrize(
    ("trigger", "expected"), [(Trigger.ALL_RAN, TaskState.SKIPPED), (Trigger.ALL_DONE, TaskState.SCHEDULED)]
)
def test_triggers_after_a_skip(trigger: Trigger, expected: TaskState) -> None:
    world = World.of(spec("a"), spec("b", "a"), spec("c", "b", trigger=trigger))
    world.feed(world.failed(world.latest("a"), FailureKind.PERMANENT))
    assert world.state("c") is expected


# ---------------------------------------------------------------- cancel


def test_cancel_ends_what_was_not_dispatched_and_waits_for_the_rest() -> None:
    world = World.of(spec("a"), spec("b", "a"))
    decisions = world.feed(world.cancel_requested())
    assert decisions.cancellation is CancellationNote.ANNOUNCE
    assert (world.process, world.run.experiment) == (ProcessState.CANCELING, ExperimentState.CANCELING)
    assert world.state("b") is TaskState.CANCELED
    decisions = world.feed(world.canceled(world.latest("a")))
    assert decisions.cancellation == "withdraw"
    assert (world.process, world.run.experiment) == (ProcessState.CANCELED, ExperimentState.CANCELED)


def test_cancel_of_a_task_that_does_not_answer_ends_unconfirmed_at_its_deadline() -> None:
    world = World.of(spec("a", deadline_seconds=60))
    world.feed(world.cancel_requested())
    for timer in world.timers():
        world.feed(timer)
    assert world.process is ProcessState.CANCELED
    assert world.status("a").outputs == {"confirmed": False}


def test_what_completes_although_canceled_is_completed() -> None:
    world = World.of(spec("a"))
    world.feed(world.cancel_requested())
    world.feed(world.completed(world.latest("a")))
    assert world.process is ProcessState.COMPLETED


def test_a_second_cancel_changes_nothing() -> None:
    world = World.of(spec("a"))
    world.feed(world.cancel_requested())
    assert world.feed(world.cancel_requested()).outcome is Outcome.RECORDED


def test_a_job_submitted_during_the_cancel_is_ended_by_its_monitoring() -> None:
    world = World.of(*job_specs())
    world.feed(world.cancel_requested())
    assert world.state("monitor") is TaskState.CREATED
    world.feed(world.completed(world.latest("submit"), native_id="7"))
    assert world.state("monitor") is TaskState.SCHEDULED
    world.feed(world.canceled(world.latest("monitor")))
    assert world.process is ProcessState.CANCELED


def test_a_submission_that_waits_for_a_retry_is_asked_to_end_its_job() -> None:
    world = World.of(*job_specs(retry=IMPATIENT))
    world.feed(world.failed(world.latest("submit")))
    world.feed(world.cancel_requested())
    assert world.names_published() == ["submit", "submit"]
    assert world.latest("submit").attempt == 2
    world.feed(world.canceled(world.latest("submit")))
    assert world.state("monitor") is TaskState.CANCELED
    assert world.process is ProcessState.CANCELED


# ---------------------------------------------------------------- jobs


def job_event(world: World, state: JobState, **fields: object) -> JobStatusChanged:
    return world.event(JobStatusChanged, world.latest("submit"), generation=1, job_name="j", state=state, **fields)


def test_a_job_never_goes_backwards_but_for_a_requeue() -> None:
    world = World.of(*job_specs())
    key = (world.latest("submit").task_id, 1)
    for told, kept in [
        (JobState.SUBMITTED, JobState.SUBMITTED),
        (JobState.ACTIVE, JobState.ACTIVE),
        (JobState.SUBMITTED, JobState.ACTIVE),
        (JobState.QUEUED, JobState.QUEUED),
        (JobState.COMPLETE, JobState.COMPLETE),
        (JobState.ACTIVE, JobState.COMPLETE),
    ]:
        world.feed(job_event(world, told, native_id="7"))
        assert world.run.jobs[key].state is kept


def test_a_native_id_of_an_earlier_attempt_is_adopted() -> None:
    world = World.of(*job_specs(retry=IMPATIENT))
    first = world.latest("submit")
    world.feed(world.failed(first))
    for timer in world.timers():
        world.feed(timer)
    world.feed(world.completed(first, native_id="7"))
    assert world.run.jobs[first.task_id, 1].native_id == "7"
    assert world.state("submit") is TaskState.SCHEDULED


def test_a_native_id_is_adopted_even_after_the_end() -> None:
    submission, monitoring = job_specs(deadline_seconds=10)
    world = World.of(submission, monitoring)
    first = world.latest("submit")
    world.feed(world.cancel_requested())
    for timer in world.timers():
        world.feed(timer)
    assert world.process is ProcessState.CANCELED
    world.feed(world.completed(first, native_id="7"))
    assert world.run.jobs[first.task_id, 1].native_id == "7"
