"""Workflows of a gateway: a name, and the definitions that it has had. A version, once written, never changes."""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api_server.registry.base import Base, CreatedAt, Json, UuidKey, UuidText


class Workflow(Base):
    """A workflow; ``version`` is the number of its newest definition."""

    __tablename__ = "workflow"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    """Of the newest definition."""
    owner: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("gateway_id", "name"), Index(None, "gateway_id", "created_at", "id"))


class WorkflowVersion(Base):
    """One definition of a workflow: runs name it, so it stays as it is."""

    __tablename__ = "workflow_version"

    id: Mapped[UuidKey]
    workflow_id: Mapped[UuidText] = mapped_column(ForeignKey("workflow.id", ondelete="CASCADE"))
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    version: Mapped[int]
    definition: Mapped[Json]
    """``howdah.contracts.workflows.WorkflowDefinition``, as its author wrote it."""
    comment: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("workflow_id", "version"), Index(None, "workflow_id", "created_at", "id"))
