"""A whole run in a few statements, for those who draw it. Every statement is bound to the caller's gateway."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from api_server.registry.models import Attempt, Experiment, Job, Process, Task
from api_server.registry.repositories.rows import Row, all_rows, one_row


def experiment(session: Session, gateway_id: str, experiment_id: str) -> Row | None:
    """Return the experiment's latest process and how far its history goes."""
    columns = (Experiment.process_id, Experiment.last_seq)
    return one_row(session, select(*columns).where(Experiment.gateway_id == gateway_id, Experiment.id == experiment_id))


def tasks(session: Session, gateway_id: str, process_id: str) -> list[Row]:
    """Return all tasks of a process in their order, with the ids of those they need."""
    columns = (
        Task.id,
        Task.name,
        Task.type,
        Task.state,
        Task.spec["phase"].as_string().label("phase"),
        Task.resource_id,
        Task.attempt,
        Task.due_at,
        Task.started_at,
        Task.ended_at,
        Task.spec["depends_on"].label("depends_on"),
        Task.failure,
    )
    statement = select(*columns).where(Task.gateway_id == gateway_id, Task.process_id == process_id)
    return all_rows(session, statement.order_by(Task.position))


def attempts(session: Session, gateway_id: str, process_id: str) -> list[Row]:
    """Return all attempts of a process, by task and number."""
    columns = (
        Attempt.task_id,
        Attempt.attempt,
        Attempt.state,
        Attempt.lane,
        Attempt.published_at,
        Attempt.started_at,
        Attempt.ended_at,
    )
    statement = select(*columns).join(Task, Task.id == Attempt.task_id)
    statement = statement.where(Task.gateway_id == gateway_id, Task.process_id == process_id)
    return all_rows(session, statement.order_by(Task.position, Attempt.attempt))


def jobs(session: Session, gateway_id: str, process_id: str) -> list[Row]:
    """Return all jobs of a process, the first first."""
    columns = (Job.task_id, Job.state, Job.native_id, Job.created_at, Job.started_at, Job.ended_at)
    statement = select(*columns).where(Job.gateway_id == gateway_id, Job.process_id == process_id)
    return all_rows(session, statement.order_by(Job.created_at, Job.task_id))


def process_belongs(session: Session, gateway_id: str, experiment_id: str, process_id: str) -> bool:
    """Tell whether the process is one of the experiment's."""
    statement = select(Process.id).where(
        Process.gateway_id == gateway_id, Process.experiment_id == experiment_id, Process.id == process_id
    )
    return session.execute(statement).first() is not None
