"""From rows to runs: a process as it stands in the registry, with the states of everything in it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from api_server.dag.decisions import JobStatus, ProcessStatus, TaskStatus
from api_server.dag.run import Run, RunIdentity
from api_server.lifecycle.held import FIRST_VERSION, HeldRun
from api_server.registry.repositories import runs
from howdah.contracts.failures import Failure
from howdah.contracts.ids import TaskId
from howdah.contracts.params import JOB_SUBMISSION
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.states import ExperimentState, JobState, ProcessState, TaskState
from howdah.contracts.tasks import Dag, TaskSpec


def load(session: Session, locked: Sequence[Row[Any]]) -> dict[str, HeldRun]:
    """Return the runs of ``locked`` processes (``runs.lock``)."""
    tasks: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in runs.tasks(session, [row.id for row in locked]):
        tasks[row.process_id].append(row)
    jobs: dict[str, list[JobStatus]] = defaultdict(list)
    with_jobs = [process_id for process_id, found in tasks.items() if any(row.type == JOB_SUBMISSION for row in found)]
    for row in runs.jobs(session, with_jobs) if with_jobs else ():
        jobs[row.process_id].append(_job(row))
    applied: dict[str, set[str]] = defaultdict(set)
    begun = [row.id for row in locked if row.version > FIRST_VERSION]
    for row in runs.applied(session, begun) if begun else ():
        applied[row.process_id].add(row.event_id)
    return {row.id: _held(row, tasks[row.id], jobs[row.id], applied[row.id]) for row in locked}


def _held(row: Row[Any], tasks: Sequence[Row[Any]], jobs: Sequence[JobStatus], applied: set[str]) -> HeldRun:
    identity = RunIdentity(
        gateway_id=row.gateway_id,
        experiment_id=row.experiment_id,
        process_id=row.id,
        trace=row.trace,
        targets={key: ResourceTarget.model_validate(target) for key, target in row.targets.items()},
        number=row.number,
        continues=row.continues,
        settles_as=None if row.settles_as is None else ExperimentState(row.settles_as),
        deadline_at=row.deadline_at,
    )
    # The DAG was checked when it was planned: it need not be again.
    dag = Dag.model_construct(tasks=tuple(TaskSpec.model_validate(task.spec) for task in tasks))
    process = ProcessStatus(
        state=ProcessState(row.state),
        failure=_failure(row.failure),
        cancel_requested_at=row.cancel_requested_at,
        ended_at=row.ended_at,
    )
    statuses = {TaskId(task.id): _status(task) for task in tasks}
    experiment = ExperimentState(row.experiment_state)
    run = Run(identity, dag, process=process, experiment=experiment, tasks=statuses, jobs=jobs)
    return HeldRun(run, version=row.version, last_seq=row.last_seq, applied=applied)


def _status(row: Row[Any]) -> TaskStatus:
    return TaskStatus(
        state=TaskState(row.state),
        attempt=row.attempt,
        publications=row.publications,
        deferred=row.deferred,
        due_at=row.due_at,
        command_id=row.command_id,
        parked=row.parked,
        outage_since=row.outage_since,
        excused=row.excused,
        outputs=row.outputs,
        port=row.port,
        failure=_failure(row.failure),
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _job(row: Row[Any]) -> JobStatus:
    return JobStatus(
        task_id=row.task_id,
        generation=row.generation,
        job_name=row.job_name,
        state=JobState(row.state),
        native_id=row.native_id,
        reason=row.reason,
        exit_code=row.exit_code,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _failure(stored: dict[str, Any] | None) -> Failure | None:
    return None if stored is None else Failure.model_validate(stored)
