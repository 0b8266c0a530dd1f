"""Registered task types. They belong to the installation: so no statement here is bound to a gateway."""

from typing import Any, cast

from sqlalchemy import CursorResult, delete, func, select
from sqlalchemy.orm import Session

from api_server.registry.models import TaskType
from api_server.registry.paging import PageOf, Position, newest_first


class TaskTypeRepository:
    """All task types that are registered."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, name: str, *, lock: bool = False) -> TaskType | None:
        """Return the task type; with ``lock`` nobody changes it meanwhile."""
        statement = select(TaskType).where(TaskType.name == name)
        return self._session.scalars(statement.with_for_update() if lock else statement).one_or_none()

    def page(self, limit: int, after: Position | None) -> PageOf[TaskType]:
        """Return a page, newest first."""
        return newest_first(self._session, select(TaskType), TaskType.created_at, TaskType.id, limit=limit, after=after)

    def names(self, limit: int) -> list[str]:
        """Return the names of the task types, in their order."""
        return list(self._session.scalars(select(TaskType.name).order_by(TaskType.name).limit(limit)))

    def add(self, row: TaskType) -> TaskType:
        """Write a new one; IntegrityError when the name was taken a moment ago."""
        self._session.add(row)
        self._session.flush()
        self._session.refresh(row)
        return row

    def describe(self, row: TaskType, description: dict[str, Any], by: str) -> TaskType:
        """Replace a locked row's description."""
        row.description, row.registered_by = description, by
        row.version += 1
        row.updated_at = func.now()
        self._session.flush()
        self._session.refresh(row)
        return row

    def delete(self, name: str) -> bool:
        """Forget it; return whether there was one."""
        done = self._session.execute(delete(TaskType).where(TaskType.name == name))
        return cast("CursorResult[Any]", done).rowcount == 1
