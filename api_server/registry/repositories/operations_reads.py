"""Looks at what operators care for: dead letters and the audit trail. Bound to the caller's gateway.

A dead letter whose ids could not be read belongs to no gateway: only platform administrators are shown it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import Session

from api_server.registry.models import AuditRecord, DeadLetter
from api_server.registry.paging import PageOf, Position
from api_server.registry.repositories.rows import Row, all_rows, one_row, page_of

_LISTED: Final = (
    DeadLetter.id,
    DeadLetter.gateway_id,
    DeadLetter.experiment_id,
    DeadLetter.process_id,
    DeadLetter.task_id,
    DeadLetter.attempt,
    DeadLetter.at,
    DeadLetter.reason,
    DeadLetter.group,
    DeadLetter.topic,
    DeadLetter.partition,
    DeadLetter.offset,
    DeadLetter.state,
    DeadLetter.handled_by,
    DeadLetter.handled_at,
    DeadLetter.note,
    func.octet_length(DeadLetter.value).label("size_bytes"),
)


_REASON_CHARACTERS: Final = 80
_MAX_CLUSTERS: Final = 100


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters are meant; absent parts do not narrow it."""

    states: Sequence[str] = ()
    topic: str | None = None
    reason: str | None = None
    """A part of the reason, in any case."""
    experiment_id: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL conditions."""
        found: list[ColumnElement[bool]] = []
        if len(self.states) == 1:
            found.append(DeadLetter.state == self.states[0])
        elif self.states:
            found.append(DeadLetter.state.in_(self.states))
        if self.topic:
            found.append(DeadLetter.topic == self.topic)
        if self.reason:
            found.append(DeadLetter.reason.icontains(self.reason, autoescape=True))
        if self.experiment_id:
            found.append(DeadLetter.experiment_id == self.experiment_id)
        return found


def _visible(gateway_id: str, *, with_unowned: bool) -> ColumnElement[bool]:
    own = DeadLetter.gateway_id == gateway_id
    return or_(own, DeadLetter.gateway_id.is_(None)) if with_unowned else own


def dead_letters_page(
    gateway_id: str, wanted: DeadLetterFilter, limit: int, after: Position | None, *, with_unowned: bool
) -> Select[*tuple[Any, ...]]:
    """Return the statement of one page: the newest first that stand after ``after``, one more than ``limit``."""
    statement = select(*_LISTED).where(_visible(gateway_id, with_unowned=with_unowned), *wanted.conditions())
    if after is not None:
        statement = statement.where(tuple_(DeadLetter.at, DeadLetter.id) < (after.at, after.id))
    return statement.order_by(DeadLetter.at.desc(), DeadLetter.id.desc()).limit(limit + 1)


def list_dead_letters(session: Session, statement: Select[*tuple[Any, ...]], limit: int) -> PageOf[Row]:
    """Return the page that ``dead_letters_page`` describes."""
    return page_of(all_rows(session, statement), limit, "at", "id")


def dead_letter_clusters(
    session: Session, gateway_id: str, wanted: DeadLetterFilter, *, with_unowned: bool
) -> list[Row]:
    """Return the dead letters that fit, counted by topic and by the beginning of their reason, the most first."""
    reason = func.split_part(func.left(DeadLetter.reason, _REASON_CHARACTERS), ":", 1).label("reason")
    statement = (
        select(
            DeadLetter.topic,
            reason,
            func.count().label("count"),
            func.min(DeadLetter.at).label("first_at"),
            func.max(DeadLetter.at).label("last_at"),
        )
        .where(_visible(gateway_id, with_unowned=with_unowned), *wanted.conditions())
        .group_by(DeadLetter.topic, reason)
        .order_by(func.count().desc(), DeadLetter.topic)
        .limit(_MAX_CLUSTERS)
    )
    return all_rows(session, statement)


def get_dead_letter(session: Session, gateway_id: str, letter_id: str, *, with_unowned: bool) -> Row | None:
    """Return one dead letter with the message as it was."""
    statement = select(*_LISTED, DeadLetter.key, DeadLetter.value, DeadLetter.headers)
    statement = statement.where(_visible(gateway_id, with_unowned=with_unowned), DeadLetter.id == letter_id)
    return one_row(session, statement)


def audit_page(  # noqa: PLR0913 - what narrows the list
    gateway_id: str, limit: int, after: str | None, *, actor: str | None, action: str | None, object_id: str | None
) -> Select[*tuple[Any, ...]]:
    """Return the statement of one page of the audit trail, the latest first; ids are made in the order of time."""
    columns = [column for column in AuditRecord.__table__.columns if column.name != "gateway_id"]
    statement = select(*columns).where(AuditRecord.gateway_id == gateway_id)
    for column, value in (
        (AuditRecord.actor, actor),
        (AuditRecord.action, action),
        (AuditRecord.object_id, object_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if after is not None:
        statement = statement.where(AuditRecord.id < after)
    return statement.order_by(AuditRecord.id.desc()).limit(limit + 1)


def list_audit(session: Session, statement: Select[*tuple[Any, ...]]) -> list[Row]:
    """Return the rows that ``audit_page`` describes."""
    return all_rows(session, statement)
