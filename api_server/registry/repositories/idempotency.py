"""Answers remembered under an Idempotency-Key."""

from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api_server.registry.models import IdempotencyKey

KEPT_FOR = timedelta(hours=24)
PENDING = 0
"""The status of a row whose request is still being worked on, in the very transaction that wrote it."""


class IdempotencyRepository:
    """The remembered answers of one caller.

    The unique key makes the single winner: a concurrent duplicate waits in ``claim`` until the first transaction has
    ended, then finds its answer (committed) or takes its place (rolled back).
    """

    def __init__(self, session: Session, gateway_id: str, subject: str) -> None:
        self._session = session
        self._of = (IdempotencyKey.gateway_id == gateway_id, IdempotencyKey.subject == subject)
        self._caller = {"gateway_id": gateway_id, "subject": subject}

    def claim(self, key: str, fingerprint: bytes) -> IdempotencyKey | None:
        """Take the key for this transaction and return None, or return the row of whoever had it.

        Raises ``OperationalError`` (lock_not_available) when the other transaction takes longer than the engine's
        lock time-out.
        """
        too_old = IdempotencyKey.created_at < func.now() - KEPT_FOR
        self._session.execute(delete(IdempotencyKey).where(*self._of, IdempotencyKey.key == key, too_old))
        row = {"key": key, "fingerprint": fingerprint, "status": PENDING, "body": {}, "created_at": func.now()}
        statement = insert(IdempotencyKey).values(**self._caller, **row).on_conflict_do_nothing()
        won = cast("CursorResult[Any]", self._session.execute(statement)).rowcount == 1
        if won:
            return None
        return self._session.scalars(select(IdempotencyKey).where(*self._of, IdempotencyKey.key == key)).one()

    def remember(self, key: str, status: int, body: dict[str, Any]) -> None:
        """Keep the answer beside the claimed key."""
        self._session.execute(
            update(IdempotencyKey).where(*self._of, IdempotencyKey.key == key).values(status=status, body=body)
        )


def purge_idempotency_keys(session: Session) -> int:
    """Forget the answers of all gateways that are older than a day; return how many."""
    statement = delete(IdempotencyKey).where(IdempotencyKey.created_at < func.now() - KEPT_FOR)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
