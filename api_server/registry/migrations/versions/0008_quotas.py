"""Quotas of live jobs, maintenance windows, and the line in front of them.

Revision ID: 0008
Revises: 0007
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UUID = sa.Uuid(as_uuid=False)
_INSTANT = sa.DateTime(timezone=True)


def _stamps() -> "list[sa.Column[Any]]":
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "quota",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("gateway_id", _UUID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("max_live_jobs", sa.Integer(), nullable=False),
        sa.Column("resource_id", _UUID, nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("each_user", sa.Boolean(), nullable=False),
        *_stamps(),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.id"], name=op.f("fk_quota_gateway_id_gateway")),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["compute_resource.id"],
            name=op.f("fk_quota_resource_id_compute_resource"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota")),
        sa.UniqueConstraint("gateway_id", "name", name=op.f("uq_quota_gateway_id_name")),
    )
    op.create_table(
        "maintenance_window",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("gateway_id", _UUID, nullable=False),
        sa.Column("resource_id", _UUID, nullable=False),
        sa.Column("starts_at", _INSTANT, nullable=False),
        sa.Column("ends_at", _INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_stamps(),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.id"], name=op.f("fk_maintenance_window_gateway_id_gateway")),
        sa.ForeignKeyConstraint(
            ["resource_id"],
            ["compute_resource.id"],
            name=op.f("fk_maintenance_window_resource_id_compute_resource"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_window")),
    )
    op.create_index("ix_maintenance_window_ends_at", "maintenance_window", ["ends_at"])
    op.create_table(
        "admission",
        sa.Column("task_id", _UUID, nullable=False),
        sa.Column("monitor_id", _UUID, nullable=True),
        sa.Column("gateway_id", _UUID, nullable=False),
        sa.Column("experiment_id", _UUID, nullable=False),
        sa.Column("process_id", _UUID, nullable=False),
        sa.Column("resource_id", _UUID, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("wall_time_minutes", sa.Integer(), nullable=True),
        sa.Column("asked_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("granted_at", _INSTANT, nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_admission_task_id_task"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_admission")),
    )
    op.create_index("ix_admission_process_id", "admission", ["process_id"])
    op.create_index("ix_admission_waiting", "admission", ["asked_at"], postgresql_where=sa.text("granted_at IS NULL"))


def downgrade() -> None:
    op.drop_table("admission")
    op.drop_table("maintenance_window")
    op.drop_table("quota")
