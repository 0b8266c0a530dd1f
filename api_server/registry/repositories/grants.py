"""What decides whether a task may still be served."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from api_server.registry.models import Task


def task_state(session: Session, gateway_id: str, task_id: str) -> str | None:
    """Return the state of the gateway's task, None where there is no such task."""
    return session.scalars(select(Task.state).where(Task.gateway_id == gateway_id, Task.id == task_id)).one_or_none()
