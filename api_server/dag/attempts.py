"""What the attempts of tasks tell, and what becomes of the task: taken up, done, failed and tried again, over time."""

from datetime import datetime, timedelta

from api_server.dag import jobs, orchestrated, parking, pausing, signals, stopping
from api_server.dag.decisions import Outcome, TaskStatus
from api_server.dag.draft import Draft
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.flow import FAN_OUT, SIGNAL
from howdah.contracts.ids import CommandId, TaskId
from howdah.contracts.messages import (
    Start,
    TaskCanceled,
    TaskCompleted,
    TaskDeferred,
    TaskEvent,
    TaskFailed,
    TaskOutcome,
    TaskStarted,
    TimerDue,
)
from howdah.contracts.params import JOB_MONITORING, JOB_SUBMISSION, OF_JOBS
from howdah.contracts.states import TaskState, is_terminal
from howdah.contracts.tasks import TaskSpec


def is_present(draft: Draft, event: TaskEvent) -> bool:
    """Tell whether the event is about the present attempt of a task that has not ended; say why not."""
    status = draft.status(event.task_id)
    if event.attempt != status.attempt:
        draft.ignore(Outcome.RECORDED, f"of attempt {event.attempt}, while {status.attempt} is the present one")
        return False
    if is_terminal(status.state):
        draft.decisions.attempts.clear()
        # What a late event told about a job is kept all the same.
        outcome = Outcome.RECORDED if draft.decisions.jobs else Outcome.ILLEGAL
        draft.ignore(outcome, f"the task is {status.state.value}, which is never left")
        return False
    return True


def started(draft: Draft, event: TaskStarted) -> None:
    """A worker took an attempt up."""
    _note_start(draft, event, event)
    if not is_present(draft, event):
        return
    status = draft.status(event.task_id)
    if status.state is TaskState.SCHEDULED:
        _take_up(draft, event.task_id, event.at)
    else:
        draft.ignore(Outcome.RECORDED, f"the task is {status.state.value} already")


def started_and_ended(draft: Draft, event: TaskOutcome, start: Start) -> None:
    """Take in the start that an outcome brings along; what the outcome itself means comes after."""
    _note_start(draft, event, start)
    status = draft.status(event.task_id)
    if event.attempt == status.attempt and status.state is TaskState.SCHEDULED:
        _take_up(draft, event.task_id, start.at)


def _note_start(draft: Draft, event: TaskEvent, start: Start | TaskStarted) -> None:
    draft.note(
        event.task_id,
        event.attempt,
        state=TaskState.EXECUTING,
        worker=start.worker,
        partition=start.partition,
        offset=start.offset,
        started_at=start.at,
    )


def _take_up(draft: Draft, task_id: TaskId, at: datetime) -> None:
    draft.set_task(task_id, TaskState.EXECUTING, started_at=draft.status(task_id).started_at or at)
    draft.enter_phase(draft.run.dag.by_id[task_id])
    extend(draft, task_id)


def completed(draft: Draft, event: TaskCompleted) -> None:
    """An attempt did its work."""
    spec = draft.run.dag.by_id[event.task_id]
    if spec.type == JOB_SUBMISSION:
        jobs.adopt(draft, spec, event)
    draft.note(event.task_id, event.attempt, state=TaskState.COMPLETED, ended_at=event.at)
    if not is_present(draft, event):
        return
    draft.enter_phase(spec)
    draft.set_task(
        event.task_id, TaskState.COMPLETED, outputs=event.outputs, port=event.branch, failure=None, ended_at=event.at
    )


def failed(draft: Draft, event: TaskFailed) -> None:
    """An attempt failed."""
    draft.note(event.task_id, event.attempt, state=TaskState.FAILED, failure=event.failure, ended_at=event.at)
    if is_present(draft, event):
        _fail(draft, event.task_id, event.failure)


def _fail(draft: Draft, task_id: TaskId, failure: Failure) -> None:
    """Decide what follows the failure of the present attempt: another one, or the end."""
    spec, status = draft.run.dag.by_id[task_id], draft.status(task_id)
    draft.enter_phase(spec)
    if draft.canceling and failure.kind is FailureKind.CANCELED:
        draft.set_task(task_id, TaskState.CANCELED, failure=failure)
        return
    chance = _chance(status.command_id)
    delay = spec.retry.next_delay_seconds(failure.kind, status.attempt - status.excused, chance)
    if parking.is_wanted_no_more(status, failure.kind):
        draft.ignore(Outcome.RECORDED, "the task waits for its resource already")
    elif parking.absorbs(draft, spec, failure.kind):
        draft.decisions.tasks[task_id] = status._replace(failure=failure)
        parking.park(draft, spec, status.attempt + 1)
    elif draft.canceling and spec.type not in OF_JOBS:
        stopping.end(draft, task_id, failure, ended_by_itself=delay is None)
    elif status.state is TaskState.RETRY_WAIT and delay is not None:
        draft.ignore(Outcome.RECORDED, "the next attempt is arranged already")
    elif delay is not None:
        due_at = draft.now + timedelta(seconds=delay)
        draft.set_task(task_id, TaskState.RETRY_WAIT, failure=failure, due_at=due_at, deferred=False)
    elif draft.canceling:
        stopping.end(draft, task_id, failure, ended_by_itself=False)
    else:
        draft.fail_task(task_id, failure)


def _chance(command_id: CommandId | None) -> float:
    """Return a number in [0, 1) that is the same whenever the same decision is taken again."""
    return int(command_id[:8], 16) / 2**32 if command_id else 0.0


def canceled(draft: Draft, event: TaskCanceled) -> None:
    """An attempt was stopped on request."""
    draft.note(event.task_id, event.attempt, state=TaskState.CANCELED, ended_at=event.at)
    if not is_present(draft, event):
        return
    failure = Failure.bounded(kind=FailureKind.CANCELED, sentence=event.sentence) if event.sentence else None
    draft.enter_phase(draft.run.dag.by_id[event.task_id])
    draft.set_task(
        event.task_id,
        TaskState.CANCELED,
        outputs={"confirmed": event.confirmed},
        failure=failure,
        ended_at=event.at,
    )


def deferred(draft: Draft, event: TaskDeferred) -> None:
    """A service handed the command back untouched."""
    if not is_present(draft, event):
        return
    status = draft.status(event.task_id)
    if event.command_id != status.command_id or not status.under_way:
        draft.ignore(Outcome.RECORDED, "the command was published again already")
    elif draft.canceling and draft.run.dag.by_id[event.task_id].type not in OF_JOBS:
        draft.set_task(event.task_id, TaskState.CANCELED)
    elif event.delay_seconds == 0 and pausing.holds_back(draft, draft.run.dag.by_id[event.task_id]):
        pausing.keep_due(draft, event.task_id, deferred=True)
        draft.note(event.task_id, event.attempt, state=TaskState.RETRY_WAIT)
    elif event.delay_seconds == 0 or parking.is_withheld(draft, draft.run.dag.by_id[event.task_id]):
        draft.publish(event.task_id, status.attempt)
    else:
        due_at = draft.now + timedelta(seconds=event.delay_seconds)
        draft.set_task(event.task_id, TaskState.RETRY_WAIT, due_at=due_at, deferred=True)
        draft.note(event.task_id, event.attempt, state=TaskState.RETRY_WAIT)


def timed_out(draft: Draft, event: TimerDue) -> None:
    """The moment stored with the task has come: of its next attempt, or the end of this one."""
    status = draft.status(event.task_id)
    if event.attempt != status.attempt or event.due_at != status.due_at:
        draft.ignore(Outcome.ILLEGAL, "the timer was overtaken")
        return
    spec = draft.run.dag.by_id[event.task_id]
    if status.parked is not None:
        parking.expire(draft, spec)
        return
    if spec.type == SIGNAL:
        signals.expire(draft, spec)
        return
    if spec.type == FAN_OUT:
        orchestrated.go_on(draft, spec)
        return
    if status.state is TaskState.RETRY_WAIT:
        if pausing.holds_back(draft, spec):
            pausing.keep_due(draft, event.task_id, deferred=status.deferred)
        else:
            draft.publish(event.task_id, status.next_attempt)
        return
    failure = Failure.bounded(kind=FailureKind.TIMEOUT, sentence=_overdue(spec, status))
    draft.note(event.task_id, event.attempt, state=TaskState.FAILED, failure=failure, ended_at=draft.now)
    if draft.canceling:
        stopping.end(draft, event.task_id, failure, ended_by_itself=False)
    else:
        _fail(draft, event.task_id, failure)


def _overdue(spec: TaskSpec, status: TaskStatus) -> str:
    where = "after a worker took it up" if status.state is TaskState.EXECUTING else "while it waited for a worker"
    if spec.type == JOB_MONITORING:
        return f"{spec.name} gave no sign of life for {spec.deadline_seconds:g} s."
    return f"{spec.name} was not done within {spec.deadline_seconds:g} s; the time ran out {where}."


def extend(draft: Draft, task_id: TaskId | None) -> None:
    """Prolong the deadline of a task that is watched by its signs of life. A cancellation sets an end to that."""
    if task_id is None or draft.canceling:
        return
    spec, status = draft.run.dag.by_id[task_id], draft.status(task_id)
    if spec.type == JOB_MONITORING and status.under_way:
        due_at = draft.now + timedelta(seconds=spec.deadline_seconds)
        draft.decisions.tasks[task_id] = status._replace(due_at=due_at)
