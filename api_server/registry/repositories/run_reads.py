"""Looks at what an experiment's run consists of: processes, tasks with attempts and log lines, and the history.

Every statement is bound to the caller's gateway.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, Text, Uuid, and_, cast, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from api_server.registry.models import Admission, Attempt, Event, Experiment, Job, Process, Task, TaskLog
from api_server.registry.paging import PageOf, Position
from api_server.registry.repositories import blocked_reads, lanes
from api_server.registry.repositories.rows import Row, all_rows, one_row, page_of
from howdah.contracts.params import JOB_SUBMISSION
from howdah.contracts.states import TERMINAL, TaskState

_MAX_AWAITED: Final = 20
"""How many of the tasks that another waits for are named; the rest is counted."""

_PROCESS: Final = (
    Process.id,
    Process.experiment_id,
    Process.number,
    Process.state,
    Process.failure,
    Process.trace,
    Process.continues,
    Process.deadline_at,
    Process.cancel_requested_at,
    Process.created_at,
    Process.updated_at,
    Process.ended_at,
)

_TASK: Final = (
    Task.id,
    Task.experiment_id,
    Task.process_id,
    Task.position,
    Task.name,
    Task.type,
    Task.resource_id,
    Task.state,
    Task.attempt,
    Task.due_at,
    Task.outputs,
    Task.failure,
    Task.started_at,
    Task.ended_at,
    Task.adopted_from,
    Task.spec["depends_on"].label("depends_on"),
    Task.spec["retry"]["max_attempts"].label("max_attempts"),
    Task.spec["phase"].as_string().label("phase"),
)


_UNSHOWN: Final = frozenset({"command_id"})


def list_processes(session: Session, gateway_id: str, experiment_id: str, limit: int, before: int | None) -> list[Row]:
    """Return at most ``limit`` runs of the experiment, the latest first, numbered below ``before`` if given."""
    statement = _processes().where(Process.gateway_id == gateway_id, Process.experiment_id == experiment_id)
    if before is not None:
        statement = statement.where(Process.number < before)
    return all_rows(session, statement.order_by(Process.number.desc()).limit(limit))


def get_process(session: Session, gateway_id: str, process_id: str) -> Row | None:
    """Return one process with the resources as it knows them."""
    statement = _processes().where(Process.gateway_id == gateway_id, Process.id == process_id)
    return one_row(session, statement.add_columns(Process.targets))


def _processes() -> Select[*tuple[Any, ...]]:
    blocked = blocked_reads.of_process(Process.id, Process.state)
    return select(*_PROCESS, *blocked.c).select_from(Process).outerjoin(blocked, true())


def _awaited() -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Name the dependencies that have not ended yet, for tasks that were not published yet; and count them all."""
    earlier = aliased(Task)
    needed = func.jsonb_array_elements_text(Task.spec["depends_on"]).table_valued("task_id").render_derived("needed")
    unended = (
        select(earlier.name)
        .select_from(needed)
        .join(earlier, earlier.id == cast(needed.c.task_id, Uuid(as_uuid=False)))
        .where(Task.state == TaskState.CREATED, earlier.state.not_in(sorted(TERMINAL)))
        .correlate(Task)
    )
    names = func.array(unended.order_by(earlier.position).limit(_MAX_AWAITED).scalar_subquery(), type_=ARRAY(Text))
    total = unended.with_only_columns(func.count()).scalar_subquery()
    return names.label("awaits"), total.label("awaits_total")


def _last_attempt() -> FromClause:
    """What the latest attempt has told of itself."""
    return (
        select(
            Attempt.step, Attempt.fraction, Attempt.worker, Attempt.lane, Attempt.published_at.label("attempt_since")
        )
        .where(Attempt.task_id == Task.id, Attempt.attempt == Task.attempt)
        .correlate(Task)
        .lateral("latest")
    )


def _tasks(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    latest, blocked = _last_attempt(), blocked_reads.of_task()
    held = lanes.of_task(latest.c.lane)
    line = (Admission.reason.label("queued_reason"), Admission.position.label("queued_position"))
    waits = and_(Admission.task_id == Task.id, Admission.granted_at.is_(None))
    found = (
        select(*_TASK, *_awaited(), *latest.c, *line, *blocked.c, *held.c).select_from(Task).outerjoin(latest, true())
    )
    return found.outerjoin(Admission, waits).outerjoin(blocked, true()).outerjoin(held, true()).where(*conditions)


def tasks_after(
    gateway_id: str, process_id: str, limit: int, after: int | None, states: Sequence[str] = ()
) -> Select[*tuple[Any, ...]]:
    """Return the statement of at most ``limit`` tasks of a process in their order, after the position ``after``."""
    statement = _tasks(Task.gateway_id == gateway_id, Task.process_id == process_id)
    if after is not None:
        statement = statement.where(Task.position > after)
    if states:
        statement = statement.where(Task.state.in_(states))
    return statement.order_by(Task.position).limit(limit)


def get_task(session: Session, gateway_id: str, task_id: str) -> Row | None:
    """Return one task with what it is to do."""
    statement = _tasks(Task.gateway_id == gateway_id, Task.id == task_id).add_columns(Task.spec)
    return one_row(session, statement)


def latest_process(session: Session, gateway_id: str, experiment_id: str) -> str | None:
    """Return the id of the experiment's latest process; None before the first launch."""
    statement = select(Experiment.process_id).where(Experiment.gateway_id == gateway_id, Experiment.id == experiment_id)
    return session.execute(statement).scalar_one_or_none()


def list_attempts(session: Session, gateway_id: str, task_id: str, limit: int, before: int | None) -> list[Row]:
    """Return at most ``limit`` attempts of a task, the latest first, numbered below ``before`` if given."""
    columns = [column for column in Attempt.__table__.columns if column.name not in _UNSHOWN]
    statement = select(*columns).join(Task, Task.id == Attempt.task_id)
    statement = statement.where(Task.gateway_id == gateway_id, Attempt.task_id == task_id)
    if before is not None:
        statement = statement.where(Attempt.attempt < before)
    return all_rows(session, statement.order_by(Attempt.attempt.desc()).limit(limit))


def list_logs(  # noqa: PLR0913, PLR0917 - what narrows the list
    session: Session,
    gateway_id: str,
    task_id: str,
    limit: int,
    after: Position | None,
    span: tuple[datetime | None, datetime | None] = (None, None),
    attempt: int | None = None,
) -> PageOf[Row]:
    """Return what the handlers of a task have said, the oldest first; of one attempt, or of a span of time, if asked.

    The span holds its beginning, not its end.
    """
    statement = select(TaskLog.event_id, TaskLog.attempt, TaskLog.at, TaskLog.lines)
    statement = statement.where(TaskLog.gateway_id == gateway_id, TaskLog.task_id == task_id)
    begins, ends = span
    if begins is not None:
        statement = statement.where(TaskLog.at >= begins)
    if ends is not None:
        statement = statement.where(TaskLog.at < ends)
    if attempt is not None:
        statement = statement.where(TaskLog.attempt == attempt)
    if after is not None:
        statement = statement.where(tuple_(TaskLog.at, TaskLog.event_id) > (after.at, after.id))
    rows = all_rows(session, statement.order_by(TaskLog.at, TaskLog.event_id).limit(limit + 1))
    return page_of(rows, limit, "at", "event_id")


def position_of(row: Row) -> Position:
    """Return the place of a row of ``list_logs``."""
    return Position(row["at"], row["event_id"])


def events_after(gateway_id: str, experiment_id: str, limit: int, after: int) -> Select[*tuple[Any, ...]]:
    """Return the statement of at most ``limit`` events of an experiment in the order of happening, after ``after``."""
    columns = (
        Event.seq,
        Event.kind,
        Event.at,
        Event.actor,
        Event.experiment_id,
        Event.process_id,
        Event.process_number,
        Event.task_id,
        Event.attempt,
        Event.changes,
        Event.payload,
    )
    statement = select(*columns).where(
        Event.gateway_id == gateway_id, Event.experiment_id == experiment_id, Event.seq > after
    )
    return statement.order_by(Event.seq).limit(limit)


def output_tasks(session: Session, gateway_id: str, process_id: str, task_type: str) -> list[Row]:
    """Return the tasks of a process that bring back outputs: parameters, state and what they delivered."""
    columns = (Task.id, Task.name, Task.spec["params"].label("params"), Task.state, Task.outputs, Task.failure)
    statement = select(*columns).where(
        Task.gateway_id == gateway_id, Task.process_id == process_id, Task.type == task_type
    )
    return all_rows(session, statement.order_by(Task.position))


def submissions(session: Session, gateway_id: str, process_id: str) -> list[Row]:
    """Return the tasks of a process that submit jobs, in their order, each with its latest job and its resource."""
    latest = (
        select(Job.state, Job.native_id)
        .where(Job.task_id == Task.id)
        .order_by(Job.generation.desc())
        .limit(1)
        .lateral("job")
    )
    statement = (
        select(
            Task.id,
            Task.process_id,
            Task.spec["params"].label("params"),
            Process.state.label("process_state"),
            Process.targets[Task.resource_id.cast(Text)].label("target"),
            latest.c.state.label("job_state"),
            latest.c.native_id,
        )
        .join(Process, Process.id == Task.process_id)
        .outerjoin(latest, true())
        .where(Task.gateway_id == gateway_id, Task.process_id == process_id, Task.type == JOB_SUBMISSION)
    )
    return all_rows(session, statement.order_by(Task.position))
