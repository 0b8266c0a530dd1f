"""Who may do what: gateways (tenants), tokens, credentials, the audit trail, idempotency keys."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import DateTime, LargeBinary, Text

from api_server.registry.base import Base, CreatedAt, Instant, Json, UuidKey, UuidText


class Gateway(Base):
    """A science gateway: the tenant that everything else belongs to."""

    __tablename__ = "gateway"

    id: Mapped[UuidKey]
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]


class Token(Base):
    """An API token. Only its SHA-256 is kept; the token itself is shown once, when it is made."""

    __tablename__ = "token"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    name: Mapped[str]
    subject: Mapped[str]
    """The user or service that acts with it: what audit and ``owner`` columns say."""
    role: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]

    __table_args__ = (Index(None, "gateway_id", "created_at", "id"),)


class Credential(Base):
    """A secret for reaching resources, envelope-encrypted: a data key of its own, wrapped by the master key.

    The row id and the gateway are bound in as associated data, so that a ciphertext moved to another row is refused.
    """

    __tablename__ = "credential"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    name: Mapped[str]
    kind: Mapped[str]
    public_part: Mapped[str | None]
    """The public key of an SSH key pair, to be put into authorized_keys; nothing for a password."""
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    master_key_id: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (UniqueConstraint("gateway_id", "name"),)


class AuditRecord(Base):
    """Who changed or revealed what, and when. Written in the transaction of the change, never altered."""

    __tablename__ = "audit"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    at: Mapped[CreatedAt]
    actor: Mapped[str]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    details: Mapped[Json] = mapped_column(default=dict)

    __table_args__ = (Index(None, "gateway_id", "id"),)


class IdempotencyKey(Base):
    """The answer to a request that bore an Idempotency-Key: the same request gets the same answer again."""

    __tablename__ = "idempotency_key"

    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 over method, path and body: the same key with another request is refused."""
    status: Mapped[int]
    body: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
