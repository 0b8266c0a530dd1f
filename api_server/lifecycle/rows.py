"""Runs as rows: what of a run, its tasks, jobs and history stands in which column."""

from typing import Any

import orjson
from orjson import Fragment

from api_server.dag.decisions import Blocked, Change, JobStatus, TaskStatus
from api_server.dag.run import Run
from api_server.lifecycle.held import HeldRun, Occurrence
from howdah.contracts.failures import Failure
from howdah.contracts.ids import TaskId
from howdah.contracts.params import JobSubmissionParams
from howdah.contracts.states import ExperimentState
from howdah.contracts.tasks import TaskSpec

Row = dict[str, Any]


def dumped(failure: Failure | None) -> Row | None:
    """Return a failure as it is stored."""
    return None if failure is None else failure.model_dump(mode="json", exclude_none=True)


def payload(occurrence: Occurrence, blocked: Blocked | None) -> Any:  # noqa: ANN401 - JSON
    """Return what the event told, with what is waited for because of it."""
    if blocked is None:
        return occurrence.payload
    told = orjson.loads(orjson.dumps(occurrence.payload))
    return {**told, "blocked": {**blocked._asdict(), "cause": dumped(blocked.cause)}}


def change_row(change: Change) -> Row:
    """Return a transition as the history keeps it."""
    return {"entity": change.entity, "id": change.id, "from": change.before, "to": change.after}


def process_row(held: HeldRun) -> Row:
    """Return the row of a run that is launched."""
    identity = held.run.identity
    return {
        "id": identity.process_id,
        "gateway_id": identity.gateway_id,
        "experiment_id": identity.experiment_id,
        "number": identity.number,
        "state": held.run.process.state,
        "version": held.version,
        "targets": {key: Fragment(target.model_dump_json()) for key, target in identity.targets.items()},
        "trace": identity.trace,
        "continues": identity.continues,
        "settles_as": identity.settles_as,
        "deadline_at": identity.deadline_at,
        "failure": dumped(held.run.process.failure),
        "ended_at": held.run.process.ended_at,
    }


def new_task_rows(held: HeldRun) -> list[Row]:
    """Return the rows of all its tasks, in their order."""
    return [new_task_row(held, spec, position) for position, spec in enumerate(held.run.dag.tasks)]


def new_task_row(held: HeldRun, spec: TaskSpec, position: int) -> Row:
    """Return the row of a task that is new to the run."""
    run, identity = held.run, held.run.identity
    return {
        **task_row(spec.task_id, run.tasks[spec.task_id]),
        "gateway_id": identity.gateway_id,
        "experiment_id": identity.experiment_id,
        "process_id": identity.process_id,
        "position": position,
        "name": spec.name,
        "type": spec.type,
        "spec": Fragment(spec.model_dump_json()),
        "resource_id": spec.resource_id,
        "adopted_from": held.adopted_from.get(spec.task_id),
    }


def task_row(task_id: TaskId, status: TaskStatus) -> Row:
    """Return where a task stands."""
    return {
        "id": task_id,
        "state": status.state,
        "attempt": status.attempt,
        "publications": status.publications,
        "deferred": status.deferred,
        "due_at": status.due_at,
        "command_id": status.command_id,
        "parked": status.parked,
        "outage_since": status.outage_since,
        "excused": status.excused,
        "outputs": status.outputs,
        "port": status.port,
        "failure": dumped(status.failure),
        "started_at": status.started_at,
        "ended_at": status.ended_at,
    }


def job_row(run: Run, job: JobStatus) -> Row:
    """Return what is known of a job."""
    identity = run.identity
    return {
        "task_id": job.task_id,
        "generation": job.generation,
        "gateway_id": identity.gateway_id,
        "experiment_id": identity.experiment_id,
        "process_id": identity.process_id,
        "resource_id": run.dag.by_id[job.task_id].resource_id,
        "job_name": job.job_name,
        "native_id": job.native_id,
        "state": job.state,
        "reason": job.reason,
        "exit_code": job.exit_code,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
    }


def admission_row(run: Run, task_id: TaskId) -> Row:
    """Return the place in line of a submission."""
    identity, spec = run.identity, run.dag.by_id[task_id]
    job = JobSubmissionParams.model_validate(spec.params).job
    return {
        "task_id": task_id,
        "monitor_id": run.monitors.get(task_id),
        "gateway_id": identity.gateway_id,
        "experiment_id": identity.experiment_id,
        "process_id": identity.process_id,
        "resource_id": spec.resource_id,
        "queue": job.queue,
        "wall_time_minutes": job.wall_time_minutes,
    }


def process_update(held: HeldRun) -> Row:
    """Return how a run stands, with the version that fences off other writers."""
    status = held.run.process
    return {
        "id": held.run.identity.process_id,
        "version": held.version,
        "state": status.state,
        "failure": dumped(status.failure),
        "cancel_requested_at": status.cancel_requested_at,
        "ended_at": status.ended_at,
    }


def experiment_update(held: HeldRun) -> Row:
    """Return how its experiment stands by it."""
    run = held.run
    failed = run.experiment is ExperimentState.FAILED
    return {
        "id": run.identity.experiment_id,
        "process_id": run.identity.process_id,
        "state": run.experiment,
        "failure": dumped(run.process.failure) if failed else None,
        "ended_at": run.process.ended_at,
    }
