"""What ties the registry to Kafka: the outbox, dead letters, and the leases of single-writer loops."""

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import LargeBinary

from api_server.registry.base import Base, CreatedAt, Instant, Json, UuidKey, UuidText


class OutboxMessage(Base):
    """A message that must be published because its transaction was committed. Deleted once acknowledged.

    Its writer makes the id (a UUIDv7), so that nothing needs to be read back before the commit.
    """

    __tablename__ = "outbox"

    id: Mapped[UuidKey]
    writer: Mapped[str]
    """The relay that publishes it; while its lease lasts, nobody else does before the delivery time-out."""
    topic: Mapped[str]
    partition: Mapped[int | None]
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]


class DeadLetter(Base):
    """A message that nobody could handle, kept to be looked at, redriven or discarded."""

    __tablename__ = "dead_letter"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText | None]
    """Known when the ids in the message could be read; else only platform administrators see it."""
    experiment_id: Mapped[UuidText | None]
    process_id: Mapped[UuidText | None]
    task_id: Mapped[UuidText | None]
    attempt: Mapped[int | None]
    at: Mapped[Instant]
    reason: Mapped[str]
    group: Mapped[str]
    topic: Mapped[str]
    partition: Mapped[int]
    offset: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[Json]
    state: Mapped[str] = mapped_column(default="NEW")
    """NEW, REDRIVEN or DISCARDED."""
    handled_by: Mapped[str | None]
    handled_at: Mapped[Instant | None]
    note: Mapped[str] = mapped_column(default="")

    __table_args__ = (Index("ix_dead_letter_page", "state", "at", "id"),)


class Lease(Base):
    """Who may run a single-writer loop (timers, sweeper) until when, by the database's clock.

    Each outbox relay has a lease of its own, too: it tells that the process which publishes is alive.
    """

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until: Mapped[Instant]
