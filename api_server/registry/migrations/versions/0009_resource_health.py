"""The health of compute resources: samples, circuits, lanes, what operators ask for; tasks that wait for a resource.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_UUID = sa.Uuid(as_uuid=False)
_INSTANT = sa.DateTime(timezone=True)
_PARKED = ["resource_id", "parked", "outage_since", "id"]


def upgrade() -> None:
    op.add_column(
        "compute_resource", sa.Column("retry", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("task", sa.Column("parked", sa.Text(), nullable=True))
    op.add_column("task", sa.Column("outage_since", _INSTANT, nullable=True))
    op.add_column("task", sa.Column("excused", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_index("ix_task_parked", "task", _PARKED, postgresql_where=sa.text("parked IS NOT NULL"))
    op.create_table(
        "resource_sample",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("gateway_id", _UUID, nullable=False),
        sa.Column("resource_id", _UUID, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("failure", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_sample")),
    )
    op.create_index(op.f("ix_resource_sample_at"), "resource_sample", ["at"])
    _create_health()
    _create_events()


def _create_health() -> None:
    op.create_table(
        "resource_health",
        sa.Column("resource_id", _UUID, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("gateway_id", _UUID, nullable=False),
        sa.Column("circuit", sa.Text(), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("cause", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("failed_probes", sa.Integer(), nullable=False),
        sa.Column("next_probe_at", _INSTANT, nullable=True),
        sa.Column("probe_id", _UUID, nullable=True),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("lane_since", _INSTANT, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("failure_share", sa.Float(), nullable=False),
        sa.Column("handlers", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        _of_resource("resource_health"),
        sa.PrimaryKeyConstraint("resource_id", "account", name=op.f("pk_resource_health")),
    )
    op.create_table(
        "resource_control",
        sa.Column("resource_id", _UUID, nullable=False),
        sa.Column("gateway_id", _UUID, nullable=False),
        sa.Column("lane", sa.Text(), nullable=True),
        sa.Column("handlers", sa.Integer(), nullable=True),
        sa.Column("probe_asked_at", _INSTANT, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        _of_resource("resource_control"),
        sa.PrimaryKeyConstraint("resource_id", name=op.f("pk_resource_control")),
    )


def _create_events() -> None:
    op.create_table(
        "resource_health_event",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("gateway_id", _UUID, nullable=False),
        sa.Column("resource_id", _UUID, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        _of_resource("resource_health_event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_health_event")),
    )
    op.create_index(
        op.f("ix_resource_health_event_resource_id_at_id"), "resource_health_event", ["resource_id", "at", "id"]
    )
    op.create_index(op.f("ix_resource_health_event_at"), "resource_health_event", ["at"])


def _of_resource(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_resource_id_compute_resource")
    return sa.ForeignKeyConstraint(["resource_id"], ["compute_resource.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    for table in ("resource_health_event", "resource_control", "resource_health", "resource_sample"):
        op.drop_table(table)
    op.drop_index("ix_task_parked", table_name="task")
    for column in ("excused", "outage_since", "parked"):
        op.drop_column("task", column)
    op.drop_column("compute_resource", "retry")
