"""Cursor paging: a page begins right after a position, so that rows which come or go meanwhile shift nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Position:
    """The place of a row in a list ordered by (instant, id)."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class PageOf(Generic[T]):
    """The rows of a page and the position after which the next begins; None on the last page."""

    rows: list[T]
    next: Position | None


def newest_first(  # noqa: PLR0913 - what makes a page
    session: Session,
    statement: Select[T],
    at: InstrumentedAttribute[datetime],
    identity: InstrumentedAttribute[str],
    *,
    limit: int,
    after: Position | None,
) -> PageOf[T]:
    """Return at most ``limit`` rows of ``statement``, latest first, that stand after ``after``."""
    if after is not None:
        statement = statement.where(tuple_(at, identity) < (after.at, after.id))
    rows = list(session.scalars(statement.order_by(at.desc(), identity.desc()).limit(limit + 1)))
    if len(rows) <= limit:
        return PageOf(rows, None)
    last: Any = rows[limit - 1]
    return PageOf(rows[:limit], Position(getattr(last, at.key), getattr(last, identity.key)))
