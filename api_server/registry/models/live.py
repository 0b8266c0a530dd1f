"""Files that a job is writing, as far as looks at its resource have brought them."""

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api_server.registry.base import Base, Instant, Json, UuidKey, UuidText


class LiveFile(Base):
    """A file in a run's work directory that somebody looked at before it was brought back.

    The API server asks for looks (``asked_*``); the orchestrator writes what they saw (the rest).
    """

    __tablename__ = "live_file"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText]
    process_id: Mapped[UuidText] = mapped_column(ForeignKey("process.id", ondelete="CASCADE"))
    path: Mapped[str]
    """Relative to the work directory."""
    epoch: Mapped[int] = mapped_column(default=1)
    """Counts how often the file began anew: bytes of different epochs do not belong together."""
    size_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    present: Mapped[bool] = mapped_column(default=False)
    final: Mapped[bool] = mapped_column(default=False)
    """Whether the look was asked for after the job's end: nothing comes any more."""
    seen_at: Mapped[Instant | None]
    failure: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    """Why the latest look saw nothing."""
    asked_at: Mapped[Instant | None]
    asked_look_id: Mapped[UuidText | None]
    asked_until: Mapped[Instant | None]
    """When the answer of that look is not waited for any more; nothing while no look is under way."""

    __table_args__ = (UniqueConstraint("process_id", "path"),)


class LivePart(Base):
    """Some bytes of a live file, kept in the object store. Parts may overlap; each byte came from the resource once."""

    __tablename__ = "live_part"

    id: Mapped[UuidKey]
    """The look's."""
    file_id: Mapped[UuidText] = mapped_column(ForeignKey("live_file.id", ondelete="CASCADE"))
    epoch: Mapped[int]
    start: Mapped[int] = mapped_column(BigInteger)
    ends: Mapped[int] = mapped_column(BigInteger)
    """Not included."""
    key: Mapped[str]
    checked_bytes: Mapped[int]
    checked_sha256: Mapped[str]
    """The digest of its last ``checked_bytes``."""

    __table_args__ = (Index(None, "file_id", "epoch", "start"),)
