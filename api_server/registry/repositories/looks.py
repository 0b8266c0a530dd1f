"""Looks at resources: written by the API server, answered by the orchestrator. Each statement is bound to a gateway."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from api_server.registry.models import ResourceLook
from api_server.registry.paging import PageOf, Position, newest_first
from api_server.registry.repositories.live_files import store_parts
from howdah.contracts.looks import LookKind
from howdah.contracts.messages import LookAnswered


class LookRepository:
    """The looks of one gateway."""

    def __init__(self, session: Session, gateway_id: str) -> None:
        self._session = session
        self._gateway_id = gateway_id

    def add(self, row: ResourceLook) -> None:
        """Write a look that was asked for."""
        self._session.add(row)
        self._session.flush()

    def find(self, look_id: str) -> ResourceLook | None:
        """Return the look, None where this gateway has none with the id."""
        mine = select(ResourceLook).where(ResourceLook.gateway_id == self._gateway_id)
        return self._session.scalars(mine.where(ResourceLook.id == look_id)).one_or_none()

    def latest(self, resource_id: str, what: LookKind, *, answered: bool = False) -> ResourceLook | None:
        """Return the newest look of a kind, of those that were answered if so asked."""
        statement = self._at([resource_id], what)
        if answered:
            statement = statement.where(ResourceLook.answered_at.is_not(None))
        newest = statement.order_by(ResourceLook.created_at.desc(), ResourceLook.id.desc()).limit(1)
        return self._session.scalars(newest).one_or_none()

    def latest_of(self, resource_ids: Collection[str], what: LookKind) -> dict[str, ResourceLook]:
        """Return the newest look of a kind at each of these resources; one without is left out."""
        each = self._at(resource_ids, what).ext(distinct_on(ResourceLook.resource_id))
        statement = each.order_by(ResourceLook.resource_id, ResourceLook.created_at.desc(), ResourceLook.id.desc())
        return {str(row.resource_id): row for row in self._session.scalars(statement)}

    def page_of(self, resource_id: str, what: LookKind, limit: int, after: Position | None) -> PageOf[ResourceLook]:
        """Return a page of a resource's looks, newest first."""
        at, identity = ResourceLook.created_at, ResourceLook.id
        return newest_first(self._session, self._at([resource_id], what), at, identity, limit=limit, after=after)

    def _at(self, resource_ids: Collection[str], what: LookKind) -> Select[ResourceLook]:
        return select(ResourceLook).where(
            ResourceLook.gateway_id == self._gateway_id,
            ResourceLook.resource_id.in_(resource_ids),
            ResourceLook.what == what.value,
        )


def store_answers(session: Session, answers: Sequence[LookAnswered]) -> None:
    """Write what was seen; of several answers to one look the first counts."""
    store_parts(session, answers)
    for told in answers:
        answer = {"answer": told.answer, "failure": told.failure.model_dump(mode="json") if told.failure else None}
        session.execute(
            update(ResourceLook)
            .where(
                ResourceLook.id == told.look_id,
                ResourceLook.gateway_id == told.gateway_id,
                ResourceLook.answered_at.is_(None),
            )
            .values(answered_at=told.at, answer=answer)
        )


def forget(session: Session, older_than: timedelta) -> None:
    """Delete old looks."""
    session.execute(delete(ResourceLook).where(ResourceLook.created_at < func.now() - older_than))
