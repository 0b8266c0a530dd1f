"""The line in front of quotas and maintenance windows. Read and moved by one lease holder, a statement at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, union, union_all, update
from sqlalchemy.orm import Session, aliased

from api_server.registry.base import table_of
from api_server.registry.models import (
    Admission,
    BatchQueue,
    ComputeResource,
    Experiment,
    Job,
    MaintenanceWindow,
    Process,
    Quota,
    Task,
)
from api_server.registry.repositories.rows import Row, all_rows
from api_server.registry.rowset import Rows, any_of_ids, rowset
from howdah.contracts.states import TERMINAL, TaskState

_admission = table_of(Admission)
_ENDED = sorted(TERMINAL)
_MAX_WAITING = 10_000

_held = rowset(_admission.c.task_id, _admission.c.position, _admission.c.reason)
_EXPLAIN = (
    update(_admission)
    .where(
        _admission.c.task_id == _held.c.task_id,
        or_(
            _admission.c.position.is_distinct_from(_held.c.position),
            _admission.c.reason.is_distinct_from(_held.c.reason),
        ),
    )
    .values(position=_held.c.position, reason=_held.c.reason)
)
_GRANT = (
    update(_admission)
    .where(_admission.c.task_id == any_of_ids(), _admission.c.granted_at.is_(None))
    .values(granted_at=func.now(), position=None, reason="")
    .returning(_admission.c.task_id, _admission.c.granted_at)
)


def priority_of(spec: Any) -> Any:  # noqa: ANN401 - column expressions
    """Return, in SQL, the priority of an experiment by its ``spec``; requests of before there was one have none."""
    return func.coalesce(spec["priority"].as_integer(), 0)


def guarded(session: Session) -> list[Row]:
    """Return (gateway_id, resource_id) of what has a quota or a window to come; NULL: every resource of the gateway."""
    quotas = select(Quota.gateway_id, Quota.resource_id)
    windows = select(MaintenanceWindow.gateway_id, MaintenanceWindow.resource_id).where(
        MaintenanceWindow.ends_at > func.now()
    )
    return all_rows(session, union(quotas, windows))


_ANYBODY = select(select(Admission.task_id).exists())


def is_anybody_there(session: Session) -> bool:
    """Tell whether a job stands in line or was let in: what is asked twice a second, mostly for nothing."""
    return bool(session.scalar(_ANYBODY))


def release(session: Session) -> None:
    """Let go of places whose job is over, or will never be."""
    held, submission, monitor = aliased(Admission), aliased(Task), aliased(Task)
    over = (
        select(held.task_id)
        .join(submission, submission.id == held.task_id)
        .outerjoin(monitor, monitor.id == held.monitor_id)
        .where(
            or_(
                submission.state.in_([TaskState.FAILED, TaskState.CANCELED, TaskState.SKIPPED]),
                and_(held.monitor_id.is_(None), submission.state == TaskState.COMPLETED),
                monitor.state.in_(_ENDED),
            )
        )
    )
    session.execute(delete(Admission).where(Admission.task_id.in_(over)).execution_options(synchronize_session=False))


def waiting(session: Session) -> list[Row]:
    """Return the jobs in line whose runs are not paused, by priority and waiting time, with what is known of each."""
    priority = priority_of(Experiment.spec)
    wall_time = func.coalesce(Admission.wall_time_minutes, BatchQueue.max_wall_time_minutes)
    statement = (
        select(
            Admission.task_id,
            Admission.gateway_id,
            Admission.experiment_id,
            Admission.process_id,
            Admission.resource_id,
            Admission.queue,
            Admission.owner,
            Admission.asked_at,
            ComputeResource.name.label("resource_name"),
            wall_time.label("wall_time_minutes"),
            priority.label("priority"),
        )
        .join(ComputeResource, ComputeResource.id == Admission.resource_id)
        .join(Process, Process.id == Admission.process_id)
        .join(Experiment, Experiment.id == Admission.experiment_id)
        .outerjoin(
            BatchQueue, and_(BatchQueue.resource_id == Admission.resource_id, BatchQueue.name == Admission.queue)
        )
        .where(Admission.granted_at.is_(None), Process.state != "PAUSED")
        .order_by(priority.desc(), Admission.asked_at)
        .limit(_MAX_WAITING)
    )
    return all_rows(session, statement)


def live(session: Session, gateway_ids: Sequence[str]) -> list[Row]:
    """Count the live jobs of the gateways by gateway, resource, queue and owner: let in, or there already."""
    let_in = select(Admission.gateway_id, Admission.resource_id, Admission.queue, Admission.owner).where(
        Admission.gateway_id.in_(gateway_ids), Admission.granted_at.is_not(None)
    )
    there = (
        select(Job.gateway_id, Job.resource_id, Task.spec["params"]["job"]["queue"].as_string(), Experiment.owner)
        .join(Task, Task.id == Job.task_id)
        .join(Experiment, Experiment.id == Job.experiment_id)
        .join(Process, Process.id == Job.process_id)
        .where(
            Job.gateway_id.in_(gateway_ids),
            Job.state.not_in(_ENDED),
            Process.ended_at.is_(None),
            ~exists().where(Admission.task_id == Job.task_id),
        )
    )
    jobs = union_all(let_in, there).subquery("jobs")
    columns = list(jobs.c)
    return all_rows(session, select(*columns, func.count().label("count")).group_by(*columns))


def quotas(session: Session, gateway_ids: Sequence[str]) -> list[Row]:
    """Return the quotas of the gateways."""
    columns = (
        *(Quota.id, Quota.gateway_id, Quota.name, Quota.max_live_jobs),
        *(Quota.resource_id, Quota.queue, Quota.owner, Quota.each_user),
    )
    return all_rows(session, select(*columns).where(Quota.gateway_id.in_(gateway_ids)))


def windows(session: Session, gateway_ids: Sequence[str]) -> list[Row]:
    """Return the maintenance windows of the gateways that are not over."""
    columns = (
        MaintenanceWindow.resource_id,
        MaintenanceWindow.starts_at,
        MaintenanceWindow.ends_at,
        MaintenanceWindow.reason,
    )
    not_over = MaintenanceWindow.ends_at > func.now()
    return all_rows(session, select(*columns).where(MaintenanceWindow.gateway_id.in_(gateway_ids), not_over))


def grant(session: Session, task_ids: Sequence[str]) -> Mapping[str, Any]:
    """Let jobs in; return when, by task."""
    if not task_ids:
        return {}
    return {row.task_id: row.granted_at for row in session.execute(_GRANT, {"ids": list(task_ids)})}


def explain(session: Session, rows: Rows) -> None:
    """Write position and reason of jobs that wait, where they have changed."""
    if rows:
        session.execute(_EXPLAIN, {"rows": rows})


def of_process(process_id: Any) -> Any:  # noqa: ANN401 - column expressions
    """Return, as a lateral subquery, why a process stands in line: the first of its waiting jobs."""
    first = (
        select(Admission.reason.label("queued_reason"), Admission.position.label("queued_position"))
        .where(Admission.process_id == process_id, Admission.granted_at.is_(None))
        .order_by(Admission.position.asc().nulls_last())
        .limit(1)
    )
    return first.lateral("line")
