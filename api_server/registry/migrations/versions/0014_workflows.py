"""Workflows: definitions with their versions, which run is of which, and the out-port by which a task left.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_UUID = sa.Uuid(as_uuid=False)
_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "workflow",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("gateway_id", _UUID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.id"], name=op.f("fk_workflow_gateway_id_gateway")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow")),
        sa.UniqueConstraint("gateway_id", "name", name=op.f("uq_workflow_gateway_id_name")),
    )
    op.create_index(op.f("ix_workflow_gateway_id_created_at_id"), "workflow", ["gateway_id", "created_at", "id"])
    op.create_table(
        "workflow_version",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("workflow_id", _UUID, nullable=False),
        sa.Column("gateway_id", _UUID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", postgresql.JSONB(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.id"], name=op.f("fk_workflow_version_gateway_id_gateway")),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflow.id"],
            name=op.f("fk_workflow_version_workflow_id_workflow"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_version")),
        sa.UniqueConstraint("workflow_id", "version", name=op.f("uq_workflow_version_workflow_id_version")),
    )
    op.create_index(
        op.f("ix_workflow_version_workflow_id_created_at_id"), "workflow_version", ["workflow_id", "created_at", "id"]
    )
    op.add_column("experiment", sa.Column("workflow_id", _UUID, nullable=True))
    op.add_column("experiment", sa.Column("workflow_version", sa.Integer(), nullable=True))
    op.create_foreign_key(op.f("fk_experiment_workflow_id_workflow"), "experiment", "workflow", ["workflow_id"], ["id"])
    op.create_index(
        "ix_experiment_workflow_page",
        "experiment",
        ["workflow_id", "created_at", "id"],
        postgresql_where=sa.text("workflow_id IS NOT NULL"),
    )
    op.add_column("task", sa.Column("port", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("task", "port")
    op.drop_index("ix_experiment_workflow_page", "experiment")
    op.drop_constraint(op.f("fk_experiment_workflow_id_workflow"), "experiment")
    op.drop_column("experiment", "workflow_version")
    op.drop_column("experiment", "workflow_id")
    op.drop_table("workflow_version")
    op.drop_table("workflow")
