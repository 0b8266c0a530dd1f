"""How compute resources do: what attempts there came to, circuit and lane of each login account, and what happened.

The orchestrator's lease holder is the only writer of ``resource_health`` and its history; every orchestrator replica
adds samples; the API server writes what operators ask for, and nothing else.
"""

from sqlalchemy import BigInteger, ForeignKey, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Float

from api_server.registry.base import Base, CreatedAt, Instant, Json, UuidKey, UuidText


class ResourceSample(Base):
    """Attempts at one login account that ended within a moment, as one orchestrator replica saw them."""

    __tablename__ = "resource_sample"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    gateway_id: Mapped[UuidText]
    resource_id: Mapped[UuidText]
    account: Mapped[str]
    at: Mapped[Instant]
    attempts: Mapped[int]
    failures: Mapped[int]
    """Those that count against the resource."""
    seconds: Mapped[float] = mapped_column(Float)
    failure: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    """The latest of the failures."""

    __table_args__ = (Index(None, "at"),)


class ResourceHealth(Base):
    """Circuit, lane and averages of one login account of a resource."""

    __tablename__ = "resource_health"

    resource_id: Mapped[UuidText] = mapped_column(
        ForeignKey("compute_resource.id", ondelete="CASCADE"), primary_key=True
    )
    account: Mapped[str] = mapped_column(primary_key=True)
    gateway_id: Mapped[UuidText]
    circuit: Mapped[str]
    since: Mapped[Instant]
    cause: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    confirmed: Mapped[bool]
    failed_probes: Mapped[int]
    next_probe_at: Mapped[Instant | None]
    probe_id: Mapped[UuidText | None]
    """The look that is under way as a probe."""
    lane: Mapped[str]
    lane_since: Mapped[Instant]
    seconds: Mapped[float | None] = mapped_column(Float)
    """Exponentially weighted: how long an attempt takes there."""
    failure_share: Mapped[float] = mapped_column(Float)
    handlers: Mapped[int | None]
    version: Mapped[int]
    updated_at: Mapped[CreatedAt]


class ResourceHealthEvent(Base):
    """Something that happened to the health of a resource."""

    __tablename__ = "resource_health_event"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText]
    resource_id: Mapped[UuidText] = mapped_column(ForeignKey("compute_resource.id", ondelete="CASCADE"))
    account: Mapped[str]
    at: Mapped[Instant]
    kind: Mapped[str]
    actor: Mapped[str]
    sentence: Mapped[str]

    __table_args__ = (Index(None, "resource_id", "at", "id"), Index(None, "at"))


class ResourceControl(Base):
    """What operators ask for: a resource's lane pinned, a limit, a probe now. Written by the API server only."""

    __tablename__ = "resource_control"

    resource_id: Mapped[UuidText] = mapped_column(
        ForeignKey("compute_resource.id", ondelete="CASCADE"), primary_key=True
    )
    gateway_id: Mapped[UuidText]
    lane: Mapped[str | None]
    handlers: Mapped[int | None]
    probe_asked_at: Mapped[Instant | None]
    actor: Mapped[str]
    updated_at: Mapped[CreatedAt]
