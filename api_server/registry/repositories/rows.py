"""Rows as plain dictionaries: what reads for showing return, instead of ORM entities that nobody will change."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.orm import Session

from api_server.registry.paging import PageOf, Position

Row = dict[str, Any]


def all_rows(session: Session, statement: Executable) -> list[Row]:
    """Return what ``statement`` finds, each row by its columns' names."""
    result = session.execute(statement)
    names = list(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result]


def one_row(session: Session, statement: Executable) -> Row | None:
    """Return the only row that ``statement`` finds, or None."""
    rows = all_rows(session, statement)
    return rows[0] if rows else None


def page_of(rows: Sequence[Row], limit: int, at: str, identity: str) -> PageOf[Row]:
    """Cut ``limit + 1`` rows to a page and say where the next one begins."""
    if len(rows) <= limit:
        return PageOf(list(rows), None)
    last = rows[limit - 1]
    return PageOf(list(rows[:limit]), Position(last[at], last[identity]))
