"""What the single-writer loops ask of the registry: due timers, and what has outlived its use."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, delete, func, or_, select
from sqlalchemy.orm import Session

from api_server.registry.base import table_of
from api_server.registry.models import Process, Task, TaskLog
from api_server.registry.repositories import lanes
from api_server.registry.rowset import Rows, insert_rows

_task_log = table_of(TaskLog)
_INSERT_LOGS = insert_rows(
    _task_log, "event_id", "gateway_id", "task_id", "attempt", "at", "lines"
).on_conflict_do_nothing(index_elements=["event_id"])


_DUE = Task.due_at <= func.now(), ~lanes.keeps_waiting()
_PASSED = (
    Process.deadline_at <= func.now(),
    Process.deadline_at.is_not(None),
    Process.ended_at.is_(None),
    Process.cancel_requested_at.is_(None),
)
_ANYTHING_DUE = select(or_(select(Task.id).where(*_DUE).exists(), select(Process.id).where(*_PASSED).exists()))


def is_anything_due(session: Session) -> bool:
    """Tell whether there is a due timer or a passed deadline: asked several times a second, mostly for nothing."""
    return bool(session.scalar(_ANYTHING_DUE))


def due_timers(session: Session, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the tasks whose stored moment has passed, by the database's clock, the longest overdue first.

    Those that wait in a paused lane are left out: their time does not run.
    """
    columns = (Task.id, Task.gateway_id, Task.experiment_id, Task.process_id, Task.attempt, Task.due_at)
    return session.execute(select(*columns).where(*_DUE).order_by(Task.due_at).limit(limit)).all()


def passed_deadlines(session: Session, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the runs that go on past their deadline, by the database's clock, and were not asked to stop."""
    columns = (Process.id, Process.gateway_id, Process.experiment_id, Process.deadline_at)
    statement = select(*columns).where(*_PASSED).order_by(Process.deadline_at).limit(limit)
    return session.execute(statement).all()


def store_logs(session: Session, rows: Rows) -> None:
    """Store lines of tasks' logs; lines that are there already are left as they are."""
    if rows:
        session.execute(_INSERT_LOGS, {"rows": rows})


def forget_logs(session: Session, older_than: timedelta) -> None:
    """Delete old lines of tasks' logs."""
    session.execute(delete(TaskLog).where(TaskLog.at < func.now() - older_than))
