"""What is known of jobs: a native id is adopted whoever tells it, and a state moves forward only."""

from dataclasses import replace

from api_server.dag.decisions import Change, JobStatus, Outcome
from api_server.dag.draft import Draft
from howdah.contracts.ids import TaskId
from howdah.contracts.messages import JobStatusChanged, TaskCompleted
from howdah.contracts.states import JobState, is_terminal, may_follow
from howdah.contracts.tasks import TaskSpec


def take_in(draft: Draft, event: JobStatusChanged) -> None:
    """Take in the scheduler's word on a job; what would go backwards only adds what was not known."""
    before = _known(draft, event.task_id, event.generation)
    status = before or JobStatus(event.task_id, event.generation, event.job_name)
    status = replace(
        status,
        native_id=status.native_id or event.native_id,
        exit_code=event.exit_code if status.exit_code is None else status.exit_code,
        started_at=status.started_at or event.started_at,
        ended_at=status.ended_at or event.ended_at,
    )
    if before is None or may_follow(status.state, event.state):
        status = replace(status, state=event.state, reason=event.reason)
    elif status.state is event.state:
        status = replace(status, reason=event.reason or status.reason)
    elif is_terminal(status.state):
        draft.ignore(Outcome.RECORDED, f"the job is {status.state.value}, which is never left")
    else:
        draft.ignore(Outcome.RECORDED, f"a job that is {status.state.value} does not become {event.state.value}")
    _keep(draft, before, status)


def adopt(draft: Draft, spec: TaskSpec, event: TaskCompleted) -> None:
    """Keep the native id that a submission reports, whichever attempt it is of."""
    native_id = event.outputs.get("native_id")
    if not isinstance(native_id, str) or not native_id:
        return
    generation = spec.params.get("generation")
    number = generation if isinstance(generation, int) else 1
    before = _known(draft, spec.task_id, number)
    status = before or JobStatus(spec.task_id, number, str(spec.params.get("job_name", "")))
    if status.native_id is None:
        status = replace(status, native_id=native_id)
    if may_follow(status.state, JobState.SUBMITTED):
        status = replace(status, state=JobState.SUBMITTED)
    _keep(draft, before, status)


def _known(draft: Draft, task_id: TaskId, generation: int) -> JobStatus | None:
    key = (task_id, generation)
    return draft.decisions.jobs.get(key) or draft.run.jobs.get(key)


def _keep(draft: Draft, before: JobStatus | None, status: JobStatus) -> None:
    if status == before:
        return
    draft.decisions.jobs[status.task_id, status.generation] = status
    if before is None or before.state is not status.state:
        state_before = before.state if before else None
        draft.decisions.changes.append(
            Change("job", f"{status.task_id}/{status.generation}", state_before, status.state)
        )
