"""What decides whether a task may still be served."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from api_server.registry.models import Job, Process, Task
from howdah.contracts.states import TERMINAL, ProcessState


@dataclass(frozen=True, slots=True)
class Standing:
    """How a task stands."""

    state: str
    to_be_reaped: bool
    """Its process was canceled within the time asked about, and a job of it is not known to be gone."""


def standing(session: Session, gateway_id: str, task_id: str, reaping: timedelta) -> Standing | None:
    """Return how the gateway's task stands, None where there is no such task."""
    open_job = select(Job.task_id).where(Job.process_id == Task.process_id, Job.state.not_in(TERMINAL)).exists()
    canceled = Process.state.in_((ProcessState.CANCELING, ProcessState.CANCELED))
    lately = Task.ended_at > func.now() - reaping
    found = session.execute(
        select(Task.state, func.coalesce(and_(canceled, lately, open_job), False))
        .join(Process, Process.id == Task.process_id)
        .where(Task.gateway_id == gateway_id, Task.id == task_id)
    ).one_or_none()
    return None if found is None else Standing(*found)
