"""An operator's correction: what somebody knows better than the platform, said with a reason. Pure.

The rules
- Only what has not ended is corrected, and only to an end: a task to COMPLETED (with the outputs that later tasks
  need), FAILED, CANCELED or SKIPPED; a run to FAILED or CANCELED.
- A correction touches the record, not the resource: a job that runs goes on. To end it, cancel the run.
- A corrected task counts like any other that ended so; a skipped one as if it had succeeded. A corrected run ends with
  every open task CANCELED.
"""

from typing import TYPE_CHECKING

from api_server.dag.decisions import Outcome
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.params import JOB_SUBMISSION
from howdah.contracts.requests import (
    CorrectionRequested,
)
from howdah.contracts.states import TaskState, is_terminal

if TYPE_CHECKING:
    from api_server.dag.draft import Draft


def correct(draft: "Draft", event: CorrectionRequested) -> None:
    """Set a task, or the whole run, to the end that somebody says."""
    if is_terminal(draft.process.state):
        draft.ignore(Outcome.ILLEGAL, f"the process is {draft.process.state.value} already")
    elif event.task_id is None:
        _whole_run(draft, event)
    elif event.task_id not in draft.run.tasks:
        draft.ignore(Outcome.ILLEGAL, "the process has no such task")
    elif is_terminal(draft.status(event.task_id).state):
        draft.ignore(Outcome.ILLEGAL, f"the task is {draft.status(event.task_id).state.value}, which is never left")
    else:
        _task(draft, event)


def why_not(task_type: str, event_state: TaskState, outputs: object) -> str | None:
    """Return why a task can't be set to this state; None when it can."""
    if not is_terminal(event_state):
        return f"a task is set to an end: COMPLETED, FAILED, CANCELED or SKIPPED, not {event_state.value}"
    native_id = outputs.get("native_id") if isinstance(outputs, dict) else None
    if task_type == JOB_SUBMISSION and event_state is TaskState.COMPLETED and not isinstance(native_id, str):
        return "a submission that is said to have COMPLETED needs outputs.native_id, the scheduler's id of the job"
    return None


def _task(draft: "Draft", event: CorrectionRequested) -> None:
    assert event.task_id is not None  # noqa: S101 - for the type checker: the caller has looked
    spec = draft.run.dag.by_id[event.task_id]
    if (why := why_not(spec.type, event.state, event.outputs)) is not None:
        draft.ignore(Outcome.ILLEGAL, why)
        return
    status = draft.status(event.task_id)
    if status.attempt:
        draft.note(event.task_id, status.attempt, state=_OF_ATTEMPT[event.state], ended_at=draft.now)
    match event.state:
        case TaskState.FAILED:
            draft.fail_task(event.task_id, _said(event))
        case TaskState.COMPLETED:
            draft.set_task(event.task_id, event.state, outputs=event.outputs or {}, failure=None)
        case TaskState.SKIPPED:
            draft.set_task(event.task_id, event.state, outputs={"on_request": True, "by": event.actor})
        case _:
            draft.set_task(event.task_id, event.state, failure=_said(event))


_OF_ATTEMPT = {
    TaskState.COMPLETED: TaskState.COMPLETED,
    TaskState.FAILED: TaskState.FAILED,
    TaskState.CANCELED: TaskState.CANCELED,
    TaskState.SKIPPED: TaskState.CANCELED,
}


def _whole_run(draft: "Draft", event: CorrectionRequested) -> None:
    failed = event.state is TaskState.FAILED
    if event.state not in {TaskState.FAILED, TaskState.CANCELED} or (failed and draft.canceling):
        draft.ignore(Outcome.ILLEGAL, "a run is set to FAILED, or to CANCELED; one that is being canceled only to that")
        return
    unended = [spec.task_id for spec in draft.run.dag.tasks if not is_terminal(draft.status(spec.task_id).state)]
    if failed:
        draft.decisions.process = draft.process._replace(failure=draft.process.failure or _said(event))
    else:
        draft.decisions.process = draft.process._replace(
            cancel_requested_at=draft.process.cancel_requested_at or draft.now
        )
    for index, task_id in enumerate(unended):
        if failed and index == 0:
            draft.fail_task(task_id, _said(event))
        elif not is_terminal(draft.status(task_id).state):
            draft.set_task(task_id, TaskState.CANCELED, failure=_said(event))


def _said(event: CorrectionRequested) -> Failure:
    kind = FailureKind.CANCELED if event.state is TaskState.CANCELED else FailureKind.PERMANENT
    return Failure.bounded(kind=kind, sentence=f"Set to {event.state.value} by {event.actor}: {event.reason}")
