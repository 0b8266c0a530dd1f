"""What follows from an event: a pure function from (run, event, now) to decisions. No I/O, no clock, no chance.

The rules
- An event of another attempt is recorded and moves nothing, except that a native job id is always adopted.
- A terminal event of the present attempt is legal from any state that is not terminal: events overtake each other.
- A terminal state is never left; what no state allows is dropped, with the reason.
- A start that comes with the outcome is taken in first.
- A deferred command is published again after its delay, and uses no attempt.
- While a resource is known to be away nothing is published to it: the task is parked, and an attempt that failed
  there is not held against it (``parking``).
- A timer counts only while the moment stored with the task is the one it was set for.
- A paused process publishes nothing new (see ``pausing``).
- A canceled process starts nothing more, except what ends a job: an attempt of the submission or the monitoring, which
  alone know whether a job exists. Everything under way is waited for until its deadline, then CANCELED unconfirmed.
"""

from datetime import datetime, timedelta

from api_server.dag import admission, correcting, deadlines, jobs, parking, pausing, signals
from api_server.dag.admission import Gate, open_gate
from api_server.dag.decisions import CancellationNote, Decisions, Outcome, TaskStatus
from api_server.dag.draft import Draft
from api_server.dag.run import Run
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.flow import SIGNAL
from howdah.contracts.ids import CommandId, TaskId
from howdah.contracts.messages import (
    JobStatusChanged,
    Start,
    TaskCanceled,
    TaskCompleted,
    TaskDeferred,
    TaskEvent,
    TaskFailed,
    TaskOutcome,
    TaskProgressed,
    TaskReleased,
    TaskStarted,
    TimerDue,
)
from howdah.contracts.params import JOB_MONITORING, JOB_SUBMISSION
from howdah.contracts.requests import (
    AdmissionGranted,
    AnyEvent,
    CancelRequested,
    CorrectionRequested,
    DeadlinePassed,
    GiveUpRequested,
    PauseRequested,
    Request,
    ResumeRequested,
    SignalGiven,
    SkipRequested,
)
from howdah.contracts.standings import Standings, all_is_well
from howdah.contracts.states import ExperimentState, ProcessState, TaskState, is_terminal
from howdah.contracts.tasks import TaskSpec

_UNDER_WAY = frozenset({TaskState.SCHEDULED, TaskState.EXECUTING})
_HOLDS_JOB = frozenset({JOB_SUBMISSION, JOB_MONITORING})
"""Task types that may have left a job behind, and whose handlers end it when the process is canceled."""


def begin(run: Run, now: datetime, gate: Gate = open_gate, standings: Standings = all_is_well) -> Decisions:
    """Launch a run: the tasks that wait for nothing are published; those that it has adopted have ended already."""
    draft = Draft(run, now, gate, standings)
    draft.set_experiment(ExperimentState.LAUNCHED)
    draft.set_process(ProcessState.STARTED)
    for task in run.dag.tasks:
        if run.edges[task.task_id].open == 0:
            draft.due(task.task_id)
    draft.settle()
    return draft.decisions


def advance(
    run: Run, event: AnyEvent, now: datetime, gate: Gate = open_gate, standings: Standings = all_is_well
) -> Decisions:
    """Return what follows from ``event``; ``run`` is not changed. Costs as much as what depends on the event.

    ``gate`` says which jobs must ask before they are submitted, ``standings`` which resources are away.
    """
    draft = Draft(run, now, gate, standings)
    if isinstance(event, Request):
        _steer(draft, event)
    elif event.task_id not in run.tasks:
        draft.ignore(Outcome.ILLEGAL, "the process has no such task")
    elif event.attempt > run.tasks[event.task_id].attempt:
        draft.ignore(Outcome.ILLEGAL, "the attempt was never published")
    else:
        if isinstance(event, TaskOutcome) and event.start is not None:
            _started_and_ended(draft, event, event.start)
        _of_task(draft, event)
    draft.settle()
    return draft.decisions


def _steer(draft: Draft, event: Request) -> None:  # noqa: C901 - one case for each kind of request
    match event:
        case CancelRequested():
            _cancel(draft, draft.now)
        case DeadlinePassed():
            if deadlines.passes(draft, event):
                _cancel(draft, event.deadline_at)
        case PauseRequested():
            pausing.pause(draft)
        case ResumeRequested():
            pausing.resume(draft)
        case SkipRequested():
            pausing.skip(draft, event)
        case CorrectionRequested():
            correcting.correct(draft, event)
        case AdmissionGranted():
            admission.let_in(draft, event)
        case SignalGiven():
            signals.take_in(draft, event)
        case GiveUpRequested():
            parking.give_up(draft, event)
        case _:
            draft.ignore(Outcome.ILLEGAL, f"{event.kind} is no request that is known here")


def _of_task(draft: Draft, event: TaskEvent) -> None:  # noqa: C901, PLR0912 - one case for each kind of event
    """Take in an event about a published attempt."""
    match event:
        case JobStatusChanged():
            jobs.take_in(draft, event)
            _extend(draft, draft.run.monitors.get(event.task_id))
        case TaskStarted():
            _started(draft, event)
        case TaskProgressed():
            draft.note(event.task_id, event.attempt, step=event.step, fraction=event.fraction)
            if _is_present(draft, event):
                _extend(draft, event.task_id)
        case TaskCompleted():
            _completed(draft, event)
        case TaskFailed():
            draft.note(event.task_id, event.attempt, state=TaskState.FAILED, failure=event.failure, ended_at=event.at)
            if _is_present(draft, event):
                _failed(draft, event.task_id, event.failure)
        case TaskCanceled():
            draft.note(event.task_id, event.attempt, state=TaskState.CANCELED, ended_at=event.at)
            if _is_present(draft, event):
                _canceled(draft, event)
        case TaskDeferred():
            _deferred(draft, event)
        case TimerDue():
            _timer(draft, event)
        case TaskReleased():
            if _is_present(draft, event):
                parking.release(draft, event)
        case _:
            draft.ignore(Outcome.ILLEGAL, f"{event.kind} is no event of a task")


def _is_present(draft: Draft, event: TaskEvent) -> bool:
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


def _started(draft: Draft, event: TaskStarted) -> None:
    _note_start(draft, event, event)
    if not _is_present(draft, event):
        return
    status = draft.status(event.task_id)
    if status.state is TaskState.SCHEDULED:
        _take_up(draft, event.task_id, event.at)
    else:
        draft.ignore(Outcome.RECORDED, f"the task is {status.state.value} already")


def _started_and_ended(draft: Draft, event: TaskOutcome, start: Start) -> None:
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
    _extend(draft, task_id)


def _completed(draft: Draft, event: TaskCompleted) -> None:
    spec = draft.run.dag.by_id[event.task_id]
    if spec.type == JOB_SUBMISSION:
        jobs.adopt(draft, spec, event)
    draft.note(event.task_id, event.attempt, state=TaskState.COMPLETED, ended_at=event.at)
    if not _is_present(draft, event):
        return
    draft.enter_phase(spec)
    draft.set_task(
        event.task_id, TaskState.COMPLETED, outputs=event.outputs, port=event.branch, failure=None, ended_at=event.at
    )


def _failed(draft: Draft, task_id: TaskId, failure: Failure) -> None:
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
    elif draft.canceling and spec.type not in _HOLDS_JOB:
        _end_canceled(draft, task_id, failure, ended_by_itself=delay is None)
    elif status.state is TaskState.RETRY_WAIT and delay is not None:
        draft.ignore(Outcome.RECORDED, "the next attempt is arranged already")
    elif delay is not None:
        due_at = draft.now + timedelta(seconds=delay)
        draft.set_task(task_id, TaskState.RETRY_WAIT, failure=failure, due_at=due_at, deferred=False)
    elif draft.canceling:
        _end_canceled(draft, task_id, failure, ended_by_itself=False)
    else:
        draft.fail_task(task_id, failure)


def _end_canceled(draft: Draft, task_id: TaskId, failure: Failure, *, ended_by_itself: bool) -> None:
    if ended_by_itself:
        draft.fail_task(task_id, failure)
    else:
        draft.set_task(task_id, TaskState.CANCELED, failure=failure, outputs={"confirmed": False})


def _chance(command_id: CommandId | None) -> float:
    """Return a number in [0, 1) that is the same whenever the same decision is taken again."""
    return int(command_id[:8], 16) / 2**32 if command_id else 0.0


def _canceled(draft: Draft, event: TaskCanceled) -> None:
    failure = Failure.bounded(kind=FailureKind.CANCELED, sentence=event.sentence) if event.sentence else None
    draft.enter_phase(draft.run.dag.by_id[event.task_id])
    draft.set_task(
        event.task_id,
        TaskState.CANCELED,
        outputs={"confirmed": event.confirmed},
        failure=failure,
        ended_at=event.at,
    )


def _deferred(draft: Draft, event: TaskDeferred) -> None:
    if not _is_present(draft, event):
        return
    status = draft.status(event.task_id)
    if event.command_id != status.command_id or status.state not in _UNDER_WAY:
        draft.ignore(Outcome.RECORDED, "the command was published again already")
    elif draft.canceling and draft.run.dag.by_id[event.task_id].type not in _HOLDS_JOB:
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


def _timer(draft: Draft, event: TimerDue) -> None:
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
    if status.state is TaskState.RETRY_WAIT:
        if pausing.holds_back(draft, spec):
            pausing.keep_due(draft, event.task_id, deferred=status.deferred)
        else:
            draft.publish(event.task_id, _next_attempt(status))
        return
    failure = Failure.bounded(kind=FailureKind.TIMEOUT, sentence=_overdue(spec, status))
    draft.note(event.task_id, event.attempt, state=TaskState.FAILED, failure=failure, ended_at=draft.now)
    if draft.canceling:
        _end_canceled(draft, event.task_id, failure, ended_by_itself=False)
    else:
        _failed(draft, event.task_id, failure)


def _overdue(spec: TaskSpec, status: TaskStatus) -> str:
    where = "after a worker took it up" if status.state is TaskState.EXECUTING else "while it waited for a worker"
    if spec.type == JOB_MONITORING:
        return f"{spec.name} gave no sign of life for {spec.deadline_seconds:g} s."
    return f"{spec.name} was not done within {spec.deadline_seconds:g} s; the time ran out {where}."


def _next_attempt(status: TaskStatus) -> int:
    return status.attempt if status.deferred else status.attempt + 1


def _extend(draft: Draft, task_id: TaskId | None) -> None:
    """Prolong the deadline of a task that is watched by its signs of life. A cancellation sets an end to that."""
    if task_id is None or draft.canceling:
        return
    spec, status = draft.run.dag.by_id[task_id], draft.status(task_id)
    if spec.type == JOB_MONITORING and status.state in _UNDER_WAY:
        due_at = draft.now + timedelta(seconds=spec.deadline_seconds)
        draft.decisions.tasks[task_id] = status._replace(due_at=due_at)


def _cancel(draft: Draft, since: datetime) -> None:
    """Stop the process: what was never dispatched ends at once, what may hold a job is asked to end it."""
    if is_terminal(draft.process.state):
        draft.ignore(Outcome.ILLEGAL, f"the process is {draft.process.state.value} already")
        return
    if draft.canceling:
        draft.ignore(Outcome.RECORDED, "the process is being canceled already")
        return
    draft.decisions.cancellation = CancellationNote.ANNOUNCE
    draft.set_process(ProcessState.CANCELING, cancel_requested_at=since)
    draft.set_experiment(ExperimentState.CANCELING)
    kept = [spec.task_id for spec in draft.run.dag.tasks if _awaits_a_submission(draft, spec)]
    for spec in draft.run.dag.tasks:
        status = draft.status(spec.task_id)
        if status.state is TaskState.RETRY_WAIT and spec.type in _HOLDS_JOB and status.publications:
            draft.publish(spec.task_id, _next_attempt(status))
        elif (
            status.state in {TaskState.CREATED, TaskState.RETRY_WAIT} or signals.waits(status, spec)
        ) and spec.task_id not in kept:
            draft.set_task(spec.task_id, TaskState.CANCELED)


def _awaits_a_submission(draft: Draft, spec: TaskSpec) -> bool:
    """Tell whether a job may yet come into being that this task would have to end."""
    return spec.type == JOB_MONITORING and any(
        draft.run.dag.by_id[needed].type == JOB_SUBMISSION
        and draft.status(needed).state in {*_UNDER_WAY, TaskState.RETRY_WAIT}
        for needed in spec.depends_on
    )
