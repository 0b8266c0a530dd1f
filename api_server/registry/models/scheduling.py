"""Experiments that start by themselves: schedules, and what became of each of their moments."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api_server.registry.base import Base, CreatedAt, Instant, Json, UuidKey, UuidText


class Schedule(Base):
    """When to launch which experiment. ``next_at`` is its first moment that nobody has handled."""

    __tablename__ = "schedule"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    owner: Mapped[str]
    """Whose experiments they are."""
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    cron: Mapped[str]
    time_zone: Mapped[str]
    catch_up: Mapped[str]
    catch_up_limit: Mapped[int]
    overlap: Mapped[str]
    experiment: Mapped[Json]
    """The request that is launched."""
    paused: Mapped[bool] = mapped_column(default=False)
    next_at: Mapped[Instant | None]
    """NULL while it is paused, or when no further moment comes."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    __table_args__ = (
        UniqueConstraint("gateway_id", "name"),
        Index("ix_schedule_due", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )


class ScheduleRun(Base):
    """What became of a moment of a schedule. One row for each: whoever handles it twice is refused."""

    __tablename__ = "schedule_run"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText]
    schedule_id: Mapped[UuidText] = mapped_column(ForeignKey("schedule.id", ondelete="CASCADE"))
    due_at: Mapped[Instant]
    outcome: Mapped[str]
    """``launched``, ``waiting``, ``left-out`` or ``refused``."""
    number: Mapped[int] = mapped_column(default=1)
    """How many moments it stands for: missed ones share a row, that of the latest."""
    reason: Mapped[str] = mapped_column(default="")
    experiment_id: Mapped[UuidText | None] = mapped_column(ForeignKey("experiment.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        UniqueConstraint("schedule_id", "due_at"),
        Index("ix_schedule_run_experiment_id", "experiment_id", postgresql_where=text("experiment_id IS NOT NULL")),
        Index("ix_schedule_run_waiting", "schedule_id", postgresql_where=text("outcome = 'waiting'")),
    )
