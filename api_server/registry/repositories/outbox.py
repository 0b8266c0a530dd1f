"""The outbox's rows: written with the state change, deleted once the broker has acknowledged."""

from base64 import b64encode
from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import Text, and_, column, delete, func, literal, or_, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from api_server.registry.base import table_of
from api_server.registry.models import Lease, OutboxMessage
from api_server.registry.rowset import any_of_ids, rowset
from api_server.registry.script import Script, by_ids, over_rows
from howdah.messaging.abstract import Outgoing

_outbox = table_of(OutboxMessage)

_rows = rowset(
    _outbox.c.id,
    _outbox.c.writer,
    _outbox.c.topic,
    _outbox.c.partition,
    column("key64", Text()),
    column("value64", Text()),
)
_INSERT = over_rows(
    "insert_outbox",
    postgresql.insert(_outbox).from_select(
        ["id", "writer", "topic", "partition", "key", "value"],
        select(
            _rows.c.id,
            _rows.c.writer,
            _rows.c.topic,
            _rows.c.partition,
            func.decode(_rows.c.key64, "base64"),
            func.decode(_rows.c.value64, "base64"),
        ),
        include_defaults=False,
    ),
)
_DELETE = by_ids(
    "delete_outbox",
    delete(_outbox).where(_outbox.c.id == any_of_ids()),
)
_WAITING = select(func.count()).select_from(_outbox)


def insert(script: Script, writer: str, rows: Sequence[tuple[str, Outgoing]]) -> None:
    """Add the writing of messages, with the ids that their writer gave them, to ``script``."""
    values = [
        {
            "id": row_id,
            "writer": writer,
            "topic": message.topic,
            "partition": message.partition,
            "key64": _base64(message.key),
            "value64": _base64(message.value),
        }
        for row_id, message in rows
    ]
    script.add(_INSERT, values)


def delete_acknowledged(session: Session, ids: Collection[str]) -> None:
    """Forget messages that the broker has acknowledged."""
    _DELETE.execute(session, list(ids))


def claim_left_behind(
    session: Session, *, older_than_seconds: float, lease_prefix: str, limit: int
) -> list[tuple[str, Outgoing]]:
    """Return, locked for this transaction, what nobody publishes any more; the oldest first.

    That is what is older than ``older_than_seconds``, and at once what a relay wrote whose lease (named
    ``lease_prefix`` + writer) has run out.
    """
    alive = select(Lease.name).where(
        Lease.name == literal(lease_prefix) + OutboxMessage.writer, Lease.until > func.now()
    )
    age = func.now() - OutboxMessage.created_at
    statement = (
        select(OutboxMessage)
        .where(or_(age > timedelta(seconds=older_than_seconds), and_(OutboxMessage.writer != "", ~alive.exists())))
        .order_by(OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [
        (row.id, Outgoing(topic=row.topic, partition=row.partition, key=_bytes(row.key), value=_bytes(row.value)))
        for row in session.scalars(statement)
    ]


def waiting(session: Session) -> int:
    """Return how many messages are not yet acknowledged."""
    return session.execute(_WAITING).scalar_one()


def _base64(value: bytes | None) -> str | None:
    return None if value is None else b64encode(value).decode()


def _bytes(value: bytes | None) -> bytes | None:
    return None if value is None else bytes(value)
