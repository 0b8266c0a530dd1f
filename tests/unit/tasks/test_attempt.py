from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel, ConfigDict

from howdah.contracts.failures import FailureKind
from howdah.contracts.messages import TaskCanceled, TaskCompleted, TaskDeferred, TaskProgressed, TaskStarted
from howdah.tasks import DETACHED, Needs, Result, StopReason, TaskContext, TaskError, task
from howdah.tasks.testing import command_for, run_task


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid")

    words: tuple[str, ...] = ()


@task("count", params=Params)
def count(context: TaskContext[Params]) -> Result:
    for number, word in enumerate(context.params.words, start=1):
        context.log(word)
        context.progress(f"word {number}", number / len(context.params.words))
    return {"words": len(context.params.words)}


def test_an_attempt_tells_that_it_started_how_far_it_is_and_what_came_of_it() -> None:
    run = run_task(count, {"words": ["a", "b"]})
    assert [type(event) for event in run.events] == [TaskStarted, TaskProgressed, TaskProgressed, TaskCompleted]
    assert run.outputs == {"words": 2}
    assert run.log_lines == ("a", "b")


def test_an_attempt_that_is_over_at_once_tells_its_start_with_its_outcome() -> None:
    run = run_task(count, {})
    [outcome] = run.events
    assert isinstance(outcome, TaskCompleted)
    assert outcome.start is not None
    assert outcome.start.worker == "test"
    assert outcome.start.at <= outcome.at


def test_a_start_that_was_told_is_not_told_again() -> None:
    assert isinstance(outcome := run_task(count, {"words": ["a"]}).outcome, TaskCompleted)
    assert outcome.start is None


def test_a_redelivery_repeats_itself_under_the_same_ids() -> None:
    command = command_for(count, {"words": ["a", "b"]})
    first, second = (run_task(count, {}, command=command) for _ in range(2))
    assert [event.event_id for event in first.events] == [event.event_id for event in second.events]
    assert len({event.event_id for event in first.events}) == len(first.events)


def test_another_command_of_the_same_attempt_tells_its_own_events() -> None:
    command = command_for(count, {"words": []})
    again = command.model_copy(update={"command_id": command_for(count, {}).command_id})
    first, second = (run_task(count, {}, command=one) for one in (command, again))
    assert not {event.event_id for event in first.events} & {event.event_id for event in second.events}


def test_events_stay_in_the_command_s_trace() -> None:
    command = command_for(count, {}).model_copy(update={"trace": f"00-{'a' * 32}-{'b' * 16}-01"})
    run = run_task(count, {}, command=command)
    traces = {event.trace for event in run.events}
    assert len(traces) == 1
    assert traces.pop() not in {None, command.trace}


def test_a_misspelt_parameter_is_named_and_never_retried() -> None:
    failure = run_task(count, {"wrods": ["a"]}).failure
    assert failure.kind is FailureKind.PERMANENT
    assert "params.wrods" in failure.sentence


@task("boom", params=Params)
def boom(context: TaskContext[Params]) -> Result:
    raise LookupError(f"secret {context.params.words}")


def test_an_unexpected_exception_is_the_platform_s_failure_and_shows_its_type_alone() -> None:
    failure = run_task(boom, {"words": ["hunter2"]}).failure
    assert failure.kind is FailureKind.INTERNAL
    assert "LookupError" in failure.sentence
    assert "hunter2" not in failure.model_dump_json()


@task("refuse", params=Params)
def refuse(_: TaskContext[Params]) -> Result:
    raise TaskError.of(FailureKind.THROTTLED, "Please come later.")


def test_a_task_error_is_told_as_it_is() -> None:
    failure = run_task(refuse, {}).failure
    assert (failure.kind, failure.sentence) == (FailureKind.THROTTLED, "Please come later.")


@task("large", params=Params)
def large(_: TaskContext[Params]) -> Result:
    return {"text": "x" * 1_100_000}


def test_outputs_larger_than_a_message_are_a_failure_in_words() -> None:
    failure = run_task(large, {}).failure
    assert failure.kind is FailureKind.PERMANENT
    assert "too large" in failure.sentence


@task("detach", params=Params)
def detach(_: TaskContext[Params]) -> Result:
    return DETACHED


def test_a_detached_task_is_acknowledged_without_an_outcome() -> None:
    run = run_task(detach, {})
    assert run.outcome is None
    assert not run.revoked
    assert [type(event) for event in run.events] == [TaskStarted]


@task("wait", params=Params)
def wait(context: TaskContext[Params]) -> Result:
    context.cancel.check()
    return {}


@pytest.mark.parametrize("reason", [StopReason.REVOKED])
def test_a_revoked_attempt_is_left_unfinished(reason: StopReason) -> None:
    run = run_task(wait, {}, stop=reason)
    assert run.revoked
    assert run.outcome is None


def test_an_attempt_that_was_stopped_at_its_deadline_timed_out() -> None:
    assert run_task(wait, {}, stop=StopReason.DEADLINE).failure.kind is FailureKind.TIMEOUT


def test_a_command_that_comes_after_its_deadline_is_not_begun() -> None:
    late = command_for(wait, {}).model_copy(update={"deadline_at": datetime.now(UTC) - timedelta(seconds=1)})
    run = run_task(wait, {}, command=late)
    assert run.failure.kind is FailureKind.TIMEOUT
    assert not any(isinstance(event, TaskStarted) for event in run.events)


def test_a_task_of_a_canceled_process_is_not_begun() -> None:
    run = run_task(wait, {}, stop=StopReason.PROCESS_CANCELED)
    assert isinstance(run.outcome, TaskCanceled)
    assert run.outcome.confirmed
    assert [type(event) for event in run.events] == [TaskCanceled]


def test_what_had_begun_is_undone_before_a_cancel_is_told() -> None:
    undone: list[str] = []

    def undo(context: TaskContext[Params]) -> bool:
        assert not context.cancel.stopped, "undoing is not stopped by what it answers to"
        undone.append(context.command.task_id)
        return True

    @task("undo", params=Params, on_cancel=undo)
    def handler(_: TaskContext[Params]) -> Result:
        return {}

    run = run_task(handler, {}, stop=StopReason.PROCESS_CANCELED)
    assert isinstance(run.outcome, TaskCanceled)
    assert undone == [run.outcome.task_id]


def test_an_unconfirmed_cancel_is_tried_again_until_the_deadline_and_then_told_as_such() -> None:
    def unreachable(_: TaskContext[Params]) -> bool:
        raise TaskError.of(FailureKind.TRANSIENT, "The host is down.")

    @task("undo", params=Params, on_cancel=unreachable)
    def handler(_: TaskContext[Params]) -> Result:
        return {}

    command = command_for(handler, {})
    early = run_task(handler, {}, command=command, stop=StopReason.PROCESS_CANCELED)
    assert isinstance(early.outcome, TaskDeferred)
    assert "The host is down." in early.outcome.reason
    late = command.model_copy(update={"deadline_at": datetime.now(UTC)})
    given_up = run_task(handler, {}, command=late, stop=StopReason.PROCESS_CANCELED)
    assert isinstance(given_up.outcome, TaskCanceled)
    assert not given_up.outcome.confirmed


@task("remote", params=Params, needs=Needs.RESOURCE)
def remote(_: TaskContext[Params]) -> Result:
    return {}


def test_a_task_without_the_resource_that_it_needs_fails_permanently() -> None:
    assert run_task(remote, {}).failure.kind is FailureKind.PERMANENT


def test_a_chatty_handler_is_bounded() -> None:
    @task("chatty", params=Params)
    def chatty(context: TaskContext[Params]) -> Result:
        for number in range(25_000):
            context.log(f"line {number}")
        return {}

    lines = run_task(chatty, {}).log_lines
    assert len(lines) == 20_001
    assert "not kept" in lines[-1]


def test_a_command_that_its_paused_lane_kept_past_its_deadline_is_published_anew_and_no_attempt_is_used() -> None:
    command = command_for(count, {}, deadline_seconds=-1)
    assert run_task(count, {}, command=command).failure.kind is FailureKind.TIMEOUT
    outcome = run_task(count, {}, command=command, was_held=lambda *_: True).outcome
    assert isinstance(outcome, TaskDeferred)
    assert outcome.delay_seconds == 0
    assert outcome.reason == "the fast lane of count was paused"
