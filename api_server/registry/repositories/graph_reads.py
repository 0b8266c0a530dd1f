"""A whole run in a few statements, for those who draw it. Every statement is bound to the caller's gateway.

PostgreSQL makes the JSON: a run of 10,000 tasks is answered as it stands, without an object for each of its values.
"""

from typing import Final

from sqlalchemy import TextClause, select, text
from sqlalchemy.orm import Session

from api_server.registry.models import Experiment, Process
from api_server.registry.repositories.rows import Row, one_row

_TASKS: Final = text("""
    SELECT coalesce(json_agg(json_build_object(
        'id', id, 'name', name, 'type', type, 'state', state, 'phase', spec ->> 'phase', 'resource_id', resource_id,
        'attempt', attempt, 'due_at', due_at, 'blocked', parked IS NOT NULL,
        'started_at', started_at, 'ended_at', ended_at,
        'depends_on', coalesce(spec -> 'depends_on', '[]'), 'failure', failure) ORDER BY position), '[]')::text
    FROM task WHERE gateway_id = CAST(:gateway_id AS uuid) AND process_id = CAST(:process_id AS uuid)
""")
_ATTEMPTS: Final = text("""
    SELECT coalesce(json_agg(json_build_object(
        'task', task.position, 'attempt', one.attempt, 'state', one.state, 'lane', one.lane,
        'published_at', one.published_at, 'started_at', one.started_at, 'ended_at', one.ended_at)
        ORDER BY task.position, one.attempt), '[]')::text
    FROM attempt one JOIN task ON task.id = one.task_id
    WHERE task.gateway_id = CAST(:gateway_id AS uuid) AND task.process_id = CAST(:process_id AS uuid)
""")
_JOBS: Final = text("""
    SELECT coalesce(json_agg(json_build_object(
        'task', task.position, 'state', job.state, 'native_id', job.native_id, 'created_at', job.created_at,
        'started_at', job.started_at, 'ended_at', job.ended_at) ORDER BY job.created_at, job.task_id), '[]')::text
    FROM job JOIN task ON task.id = job.task_id
    WHERE job.gateway_id = CAST(:gateway_id AS uuid) AND job.process_id = CAST(:process_id AS uuid)
""")


def experiment(session: Session, gateway_id: str, experiment_id: str) -> Row | None:
    """Return the experiment's latest process and how far its history goes."""
    columns = (Experiment.process_id, Experiment.last_seq)
    return one_row(session, select(*columns).where(Experiment.gateway_id == gateway_id, Experiment.id == experiment_id))


def tasks(session: Session, gateway_id: str, process_id: str) -> str:
    """Return all tasks of a process in the order of their positions as JSON, with the ids of those that each needs."""
    return _json(session, _TASKS, gateway_id, process_id)


def attempts(session: Session, gateway_id: str, process_id: str) -> str:
    """Return all attempts of a process as JSON, by the position of their task and their number."""
    return _json(session, _ATTEMPTS, gateway_id, process_id)


def jobs(session: Session, gateway_id: str, process_id: str) -> str:
    """Return all jobs of a process as JSON, the first first."""
    return _json(session, _JOBS, gateway_id, process_id)


def process_belongs(session: Session, gateway_id: str, experiment_id: str, process_id: str) -> bool:
    """Tell whether the process is one of the experiment's."""
    statement = select(Process.id).where(
        Process.gateway_id == gateway_id, Process.experiment_id == experiment_id, Process.id == process_id
    )
    return session.execute(statement).first() is not None


def _json(session: Session, statement: TextClause, gateway_id: str, process_id: str) -> str:
    found: str = session.execute(statement, {"gateway_id": gateway_id, "process_id": process_id}).scalar_one()
    return found
