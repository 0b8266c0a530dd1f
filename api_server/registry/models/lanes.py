"""Lanes that operators hold. Written by the API server; the orchestrator's lease holder tells the services."""

from sqlalchemy.orm import Mapped, mapped_column

from api_server.registry.base import Base, Instant


class LaneControl(Base):
    """One lane of one task type that was ever paused. It belongs to the installation, as the topics do."""

    __tablename__ = "lane_control"

    type: Mapped[str] = mapped_column(primary_key=True)
    lane: Mapped[str] = mapped_column(primary_key=True)
    paused: Mapped[bool]
    since: Mapped[Instant]
    """When it was paused, or resumed. What was published before a resumption has its whole time again from then on."""
    actor: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
