"""What the writer of runs reads: which events were applied, and processes, locked, with what stands below them."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from api_server.registry.base import table_of
from api_server.registry.models import Event, Experiment, Job, Process, Task
from api_server.registry.rowset import any_of_ids, as_text
from api_server.registry.script import by_ids

_event = table_of(Event)
_process = table_of(Process)
_experiment = table_of(Experiment)
_task = table_of(Task)
_job = table_of(Job)

_any_id = any_of_ids()

_APPLIED = by_ids(
    "applied_events",
    select(as_text(_event.c.process_id), as_text(_event.c.event_id))
    .join_from(_process, _event, (_event.c.experiment_id == _process.c.experiment_id))
    .where(_process.c.id == _any_id, _event.c.process_id == _process.c.id),
)
_LOCK = by_ids(
    "lock_runs",
    select(
        as_text(_process.c.id),
        as_text(_process.c.gateway_id),
        as_text(_process.c.experiment_id),
        _process.c.number,
        as_text(_process.c.continues),
        _process.c.settles_as,
        _process.c.deadline_at,
        _process.c.version,
        _process.c.state,
        _process.c.failure,
        _process.c.cancel_requested_at,
        _process.c.ended_at,
        _process.c.targets,
        _process.c.trace,
        _experiment.c.state.label("experiment_state"),
        _experiment.c.last_seq,
    )
    .join_from(_process, _experiment, _experiment.c.id == _process.c.experiment_id)
    .where(_process.c.id == _any_id)
    .order_by(_process.c.id)
    .with_for_update(of=_process),
)
_TASKS = by_ids(
    "tasks_of_runs",
    select(
        as_text(_task.c.process_id),
        as_text(_task.c.id),
        _task.c.type,
        _task.c.spec,
        _task.c.state,
        _task.c.attempt,
        _task.c.publications,
        _task.c.deferred,
        _task.c.due_at,
        as_text(_task.c.command_id),
        _task.c.parked,
        _task.c.outage_since,
        _task.c.excused,
        _task.c.outputs,
        _task.c.port,
        _task.c.failure,
        _task.c.started_at,
        _task.c.ended_at,
    )
    .where(_task.c.process_id == _any_id)
    .order_by(_task.c.process_id, _task.c.position),
)
_JOBS = by_ids(
    "jobs_of_runs",
    select(
        as_text(_job.c.process_id),
        as_text(_job.c.task_id),
        _job.c.generation,
        _job.c.job_name,
        _job.c.native_id,
        _job.c.state,
        _job.c.reason,
        _job.c.exit_code,
        _job.c.started_at,
        _job.c.ended_at,
    ).where(_job.c.process_id == _any_id),
)


_LAST = (
    select(as_text(_process.c.id), func.max(_process.c.number).over().label("number"))
    .where(_process.c.experiment_id == bindparam("experiment_id"))
    .order_by(_process.c.settles_as.is_(None).desc(), _process.c.number.desc())
    .limit(1)
)


def lock(session: Session, process_ids: Collection[str]) -> Sequence[Row[Any]]:
    """Lock the processes in the order of their ids; return them with their experiments' state and sequence."""
    return _LOCK.execute(session, list(process_ids)).all()


def tasks(session: Session, process_ids: Collection[str]) -> Sequence[Row[Any]]:
    """Return the tasks of the processes with their statuses, in the order of the plan."""
    return _TASKS.execute(session, list(process_ids)).all()


def jobs(session: Session, process_ids: Collection[str]) -> Sequence[Row[Any]]:
    """Return the jobs of the processes."""
    return _JOBS.execute(session, list(process_ids)).all()


def applied(session: Session, process_ids: Collection[str]) -> Sequence[Row[Any]]:
    """Return (process_id, event_id) of every event that was applied to the processes.

    Asked with the locks in hand: before, another replica may be at it.
    """
    return _APPLIED.execute(session, list(process_ids)).all()


def last_of(session: Session, experiment_id: str) -> tuple[str, int] | None:
    """Return the experiment's last run proper (not one that only fetched outputs), and the number of its last run."""
    row = session.execute(_LAST, {"experiment_id": experiment_id}).one_or_none()
    return None if row is None else (row.id, row.number)


def task_of(session: Session, gateway_id: str, task_id: str) -> Row[Any] | None:
    """Return whose the task is, of which type and in which state; None when the gateway has none such."""
    columns = (as_text(_task.c.experiment_id), as_text(_task.c.process_id), _task.c.type, _task.c.state, _task.c.spec)
    statement = select(*columns).where(_task.c.id == task_id, _task.c.gateway_id == gateway_id)
    return session.execute(statement).one_or_none()
