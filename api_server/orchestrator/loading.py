"""From rows to runs in memory, and the cache that keeps those that are likely to be needed again."""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from api_server.dag.decisions import JobStatus, ProcessStatus, TaskStatus
from api_server.dag.run import Run, RunIdentity
from api_server.lifecycle.recording import FIRST_VERSION, HeldRun
from api_server.registry.repositories import runs
from howdah.contracts.failures import Failure
from howdah.contracts.ids import TaskId
from howdah.contracts.params import JOB_SUBMISSION
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.states import ExperimentState, JobState, ProcessState, TaskState, is_terminal
from howdah.contracts.tasks import Dag, TaskSpec


class RunCache:
    """The runs that were written last, up to a number of tasks. Right only together with the version in the row."""

    def __init__(self, max_tasks: int) -> None:
        self._max_tasks = max_tasks
        self._held: OrderedDict[str, HeldRun] = OrderedDict()
        self._tasks = 0

    def get(self, process_id: str) -> HeldRun | None:
        """Return the run as it was last written here, None when it is not known."""
        held = self._held.get(process_id)
        if held is not None:
            self._held.move_to_end(process_id)
        return held

    def put(self, held: HeldRun) -> None:
        """Keep a run after its commit; one that has ended is let go."""
        process_id = held.run.identity.process_id
        self.drop(process_id)
        if is_terminal(held.run.process.state):
            return
        self._held[process_id] = held
        self._tasks += len(held.run.dag.tasks)
        while self._tasks > self._max_tasks:
            self.drop(next(iter(self._held)))

    def drop(self, process_id: str) -> None:
        """Forget a run: what is in memory may not be what is in the registry."""
        held = self._held.pop(process_id, None)
        if held is not None:
            self._tasks -= len(held.run.dag.tasks)

    def __len__(self) -> int:
        return len(self._held)


def hold(session: Session, process_ids: Collection[str], cache: RunCache) -> dict[str, HeldRun]:
    """Return the runs of the processes that there are.

    When all are in the cache nothing is read: should another replica have written one since, the version in its row
    has changed, and the write is refused (``ConflictingWriteError``). Otherwise all are locked, and read where the
    cache is not right.
    """
    cached = {process_id: run for process_id in process_ids if (run := cache.get(process_id)) is not None}
    if len(cached) == len(process_ids):
        return cached
    locked = runs.lock(session, process_ids)
    right = {row.id: cached[row.id] for row in locked if row.id in cached and cached[row.id].version == row.version}
    missing = [row for row in locked if row.id not in right]
    return right | _load(session, missing) if missing else right


def _load(session: Session, locked: Sequence[Row[Any]]) -> dict[str, HeldRun]:
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
    )
    # The DAG was checked when it was planned: it need not be again.
    dag = Dag.model_construct(tasks=tuple(TaskSpec.model_validate(task.spec) for task in tasks))
    process = ProcessStatus(
        state=ProcessState(row.state), failure=_failure(row.failure), cancel_requested_at=row.cancel_requested_at
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
        outputs=row.outputs,
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
