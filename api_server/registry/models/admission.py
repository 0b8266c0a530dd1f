"""Who may run how much, and when a resource is to be empty; the jobs that stand in line for it."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from api_server.registry.base import Base, CreatedAt, Instant, UuidKey, UuidText


class Quota(Base):
    """At most so many live jobs of a gateway; each of resource, queue and owner narrows it."""

    __tablename__ = "quota"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    name: Mapped[str]
    max_live_jobs: Mapped[int]
    resource_id: Mapped[UuidText | None] = mapped_column(ForeignKey("compute_resource.id", ondelete="CASCADE"))
    queue: Mapped[str | None]
    owner: Mapped[str | None]
    each_user: Mapped[bool] = mapped_column(default=False)
    """Counted for each user apart."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("gateway_id", "name"),)


class MaintenanceWindow(Base):
    """When a resource is to be empty: jobs whose wall time reaches into it are not started."""

    __tablename__ = "maintenance_window"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    resource_id: Mapped[UuidText] = mapped_column(ForeignKey("compute_resource.id", ondelete="CASCADE"))
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    reason: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    __table_args__ = (Index(None, "ends_at"),)


class Admission(Base):
    """A job that stands in line, or was let in and is not over. Gone when its job is."""

    __tablename__ = "admission"

    task_id: Mapped[UuidText] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), primary_key=True)
    """The submission."""
    monitor_id: Mapped[UuidText | None]
    """The monitoring of its job: when that is over, so is the job."""
    gateway_id: Mapped[UuidText]
    experiment_id: Mapped[UuidText]
    process_id: Mapped[UuidText]
    resource_id: Mapped[UuidText]
    owner: Mapped[str]
    queue: Mapped[str | None]
    wall_time_minutes: Mapped[int | None]
    asked_at: Mapped[CreatedAt]
    granted_at: Mapped[Instant | None]
    """NULL: in line."""
    position: Mapped[int | None]
    reason: Mapped[str] = mapped_column(default="", server_default=text("''"))

    __table_args__ = (
        Index("ix_admission_process_id", "process_id"),
        Index("ix_admission_waiting", "asked_at", postgresql_where=text("granted_at IS NULL")),
    )
