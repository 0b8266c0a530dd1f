"""Looks at jobs. Every statement is bound to the caller's gateway."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from api_server.registry.models import Job
from api_server.registry.paging import PageOf, Position
from api_server.registry.repositories.rows import Row, all_rows, page_of


def jobs_page(  # noqa: PLR0913 - what narrows the list
    gateway_id: str,
    limit: int,
    after: Position | None,
    *,
    experiment_id: str | None = None,
    resource_id: str | None = None,
    states: Sequence[str] = (),
) -> Select[*tuple[Any, ...]]:
    """Return the statement of one page: the newest jobs that stand after ``after``, one more than ``limit``."""
    statement = select(*(column for column in Job.__table__.columns if column.name != "gateway_id"))
    statement = statement.where(Job.gateway_id == gateway_id)
    if experiment_id is not None:
        statement = statement.where(Job.experiment_id == experiment_id)
    if resource_id is not None:
        statement = statement.where(Job.resource_id == resource_id)
    if states:
        statement = statement.where(Job.state.in_(states))
    if after is not None:
        statement = statement.where(tuple_(Job.created_at, Job.task_id) < (after.at, after.id))
    return statement.order_by(Job.created_at.desc(), Job.task_id.desc()).limit(limit + 1)


def list_jobs(session: Session, statement: Select[*tuple[Any, ...]], limit: int) -> PageOf[Row]:
    """Return the page that ``jobs_page`` describes."""
    return page_of(all_rows(session, statement), limit, "created_at", "task_id")
