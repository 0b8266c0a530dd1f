"""Resources that an agent works on, and the enrolments of agents.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("compute_resource", sa.Column("reach", sa.Text(), server_default="ssh", nullable=False))
    op.create_table(
        "agent",
        sa.Column("resource_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("gateway_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kafka_user", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("enrolled_by", sa.Text(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.id"], name=op.f("fk_agent_gateway_id_gateway")),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["compute_resource.id"], name=op.f("fk_agent_resource_id_compute_resource")
        ),
        sa.ForeignKeyConstraint(["token_id"], ["token.id"], name=op.f("fk_agent_token_id_token")),
        sa.PrimaryKeyConstraint("resource_id", name=op.f("pk_agent")),
    )


def downgrade() -> None:
    op.drop_table("agent")
    op.drop_column("compute_resource", "reach")
