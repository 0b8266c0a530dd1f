"""Answers remembered under an Idempotency-Key."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, bindparam, delete, func, select, update
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
        if self.claim_all({key: fingerprint}):
            return None
        return self._session.scalars(select(IdempotencyKey).where(*self._of, IdempotencyKey.key == key)).one()

    def claim_all(self, fingerprints: Mapping[str, bytes]) -> list[str]:
        """Take keys for this transaction, each with its request's fingerprint; return those that were free.

        In the order of the keys, so that two transactions never wait for each other. Raises as ``claim`` does.
        """
        keys = sorted(fingerprints)
        too_old = IdempotencyKey.created_at < func.now() - KEPT_FOR
        self._session.execute(delete(IdempotencyKey).where(*self._of, IdempotencyKey.key.in_(keys), too_old))
        pending = {**self._caller, "status": PENDING, "body": {}, "created_at": func.now()}
        rows = [{**pending, "key": key, "fingerprint": fingerprints[key]} for key in keys]
        statement = insert(IdempotencyKey).values(rows).on_conflict_do_nothing().returning(IdempotencyKey.key)
        return list(self._session.scalars(statement))

    def remember(self, key: str, status: int, body: dict[str, Any]) -> None:
        """Keep the answer beside the claimed key."""
        self.remember_all([(key, status, body)])

    def remember_all(self, answers: Iterable[tuple[str, int, dict[str, Any]]]) -> None:
        """Keep answers (key, status, body) beside their claimed keys."""
        rows = [{"answered": key, "status": status, "body": body} for key, status, body in answers]
        if rows:
            mine = update(IdempotencyKey).where(*self._of, IdempotencyKey.key == bindparam("answered"))
            self._session.connection().execute(mine, rows)


def purge_idempotency_keys(session: Session) -> int:
    """Forget the answers of all gateways that are older than a day; return how many."""
    statement = delete(IdempotencyKey).where(IdempotencyKey.created_at < func.now() - KEPT_FOR)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
