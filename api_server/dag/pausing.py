"""Pause, resume and skip: what somebody asks of a run, beside its end. Pure.

The rules
- Paused, a run publishes nothing new. What was published goes on; a retry whose moment comes waits, without a timer,
  until the run goes on. The monitoring of a job that was submitted is published all the same: it begins nothing, it
  follows what runs.
- Resumed, it goes on at once: with every task whose turn has come meanwhile, and with every retry that is due.
- A task that has not begun, or waits for another try, may be skipped. It counts for its dependents as if it had
  succeeded; one that needs an output of it can't be filled in and fails, with that sentence. A submission is skipped
  together with the monitoring of its job, and only before its first attempt: later there may be a job.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from api_server.dag.decisions import Outcome
from howdah.contracts.flow import ORCHESTRATED
from howdah.contracts.ids import TaskId
from howdah.contracts.params import JOB_MONITORING, JOB_SUBMISSION
from howdah.contracts.requests import (
    SkipRequested,
)
from howdah.contracts.states import PHASES, ProcessState, TaskState, is_terminal
from howdah.contracts.tasks import TaskSpec

if TYPE_CHECKING:
    from api_server.dag.draft import Draft

_NOT_BEGUN = frozenset({TaskState.CREATED, TaskState.SKIPPED, TaskState.CANCELED})


def holds_back(draft: "Draft", spec: TaskSpec) -> bool:
    """Tell whether a task whose turn has come is not published since the run is paused."""
    return draft.process.state is ProcessState.PAUSED and spec.type != JOB_MONITORING


def keep_due(draft: "Draft", task_id: TaskId, *, deferred: bool) -> None:
    """Let a retry wait, without a timer, for the run to go on."""
    draft.set_task(task_id, TaskState.RETRY_WAIT, due_at=None, deferred=deferred)


def pause(draft: "Draft") -> None:
    """Publish nothing new from now on."""
    if _refused(draft, "paused"):
        return
    if draft.process.state is ProcessState.PAUSED:
        draft.ignore(Outcome.RECORDED, "the process is paused already")
        return
    draft.set_process(ProcessState.PAUSED)


def resume(draft: "Draft") -> None:
    """Go on with all that has become due."""
    if _refused(draft, "resumed"):
        return
    if draft.process.state is not ProcessState.PAUSED:
        draft.ignore(Outcome.RECORDED, f"the process is {draft.process.state.value}, not paused")
        return
    draft.set_process(phase_reached(draft))
    for spec in draft.run.dag.tasks:
        status = draft.status(spec.task_id)
        if status.state is TaskState.CREATED and draft.edge(spec.task_id).open == 0:
            draft.due(spec.task_id)
        elif status.state is TaskState.RETRY_WAIT and status.due_at is None:
            draft.publish(spec.task_id, status.attempt if status.deferred else status.attempt + 1)


def phase_reached(draft: "Draft") -> ProcessState:
    """Return the latest phase that a task of the run has begun: where a process goes that stood beside its path."""
    reached = PHASES.index(ProcessState.STARTED)
    for spec in draft.run.dag.tasks:
        status = draft.status(spec.task_id)
        if status.state not in _NOT_BEGUN and _has_begun(status.started_at, status.state):
            reached = max(reached, PHASES.index(spec.phase))
    return PHASES[reached]


def _has_begun(started_at: datetime | None, state: TaskState) -> bool:
    return started_at is not None or state in {TaskState.COMPLETED, TaskState.FAILED}


def skip(draft: "Draft", event: SkipRequested) -> None:
    """Leave a task out; its dependents go on as if it had succeeded."""
    if _refused(draft, "changed"):
        return
    if event.task_id not in draft.run.tasks:
        draft.ignore(Outcome.ILLEGAL, "the process has no such task")
        return
    spec = draft.run.dag.by_id[event.task_id]
    state = draft.status(event.task_id).state
    if (why := why_not_skipped(spec.type, state)) is not None:
        draft.ignore(Outcome.ILLEGAL, why)
        return
    asked = {"on_request": True, "by": event.actor}
    draft.set_task(event.task_id, TaskState.SKIPPED, outputs=asked)
    monitor = draft.run.monitors.get(event.task_id)
    if spec.type == JOB_SUBMISSION and monitor is not None:
        draft.set_task(monitor, TaskState.SKIPPED, outputs=asked)


def why_not_skipped(task_type: str, state: TaskState) -> str | None:
    """Return why a task in ``state`` can't be skipped; None when it can."""
    if state not in {TaskState.CREATED, TaskState.RETRY_WAIT}:
        return f"the task is {state.value}; only one that has not begun or waits for another try is skipped"
    if task_type in ORCHESTRATED:
        return "it belongs to the workflow itself: skip the tasks around it, or cancel the run"
    if task_type == JOB_MONITORING:
        return "a job's monitoring is not skipped, since its job may run: skip the submission, or cancel the run"
    if task_type == JOB_SUBMISSION and state is not TaskState.CREATED:
        return "an attempt of the submission has been made, so that there may be a job: cancel the run instead"
    return None


def _refused(draft: "Draft", what: str) -> bool:
    if is_terminal(draft.process.state):
        draft.ignore(Outcome.ILLEGAL, f"the process is {draft.process.state.value} already")
    elif draft.canceling:
        draft.ignore(Outcome.ILLEGAL, f"the process is being canceled and can't be {what}")
    else:
        return False
    return True
