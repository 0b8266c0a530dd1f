"""Stopping a process on request, or because its time is over."""

from datetime import datetime

from api_server.dag import orchestrated
from api_server.dag.decisions import CancellationNote, Outcome
from api_server.dag.draft import Draft
from howdah.contracts.failures import Failure
from howdah.contracts.ids import TaskId
from howdah.contracts.params import JOB_MONITORING, JOB_SUBMISSION, OF_JOBS
from howdah.contracts.states import ExperimentState, ProcessState, TaskState, is_terminal
from howdah.contracts.tasks import TaskSpec


def cancel(draft: Draft, since: datetime) -> None:
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
        if status.state is TaskState.RETRY_WAIT and spec.type in OF_JOBS and status.publications:
            draft.publish(spec.task_id, status.next_attempt)
        elif (
            status.state in {TaskState.CREATED, TaskState.RETRY_WAIT} or orchestrated.waits(status, spec)
        ) and spec.task_id not in kept:
            draft.set_task(spec.task_id, TaskState.CANCELED)


def _awaits_a_submission(draft: Draft, spec: TaskSpec) -> bool:
    """Tell whether a job may yet come into being that this task would have to end."""
    return spec.type == JOB_MONITORING and any(
        draft.run.dag.by_id[needed].type == JOB_SUBMISSION
        and draft.status(needed).state in {TaskState.SCHEDULED, TaskState.EXECUTING, TaskState.RETRY_WAIT}
        for needed in spec.depends_on
    )


def end(draft: Draft, task_id: TaskId, failure: Failure, *, ended_by_itself: bool) -> None:
    """End a task of a canceled process after a failure: it failed where no other attempt would have followed anyway."""
    if ended_by_itself:
        draft.fail_task(task_id, failure)
    else:
        draft.set_task(task_id, TaskState.CANCELED, failure=failure, outputs={"confirmed": False})
