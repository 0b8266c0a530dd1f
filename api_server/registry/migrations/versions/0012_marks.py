"""What people write upon experiments: tags, and whether one is put away. The lists leave out what is put away.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_PAGES = {
    "ix_experiment_page": ["gateway_id", "created_at", "id"],
    "ix_experiment_state_page": ["gateway_id", "state", "created_at", "id"],
}
_KEPT = sa.text("archived_at IS NULL")


def upgrade() -> None:
    op.add_column(
        "experiment",
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("experiment", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    for name, columns in _PAGES.items():
        op.drop_index(name, table_name="experiment")
        op.create_index(name, "experiment", columns, postgresql_where=_KEPT)
    op.create_index(
        "ix_experiment_archived",
        "experiment",
        ["gateway_id", "created_at", "id"],
        postgresql_where=sa.text("archived_at IS NOT NULL"),
    )
    op.create_index(
        "ix_experiment_tags", "experiment", ["tags"], postgresql_using="gin", postgresql_where=sa.text("tags <> '{}'")
    )


def downgrade() -> None:
    op.drop_index("ix_experiment_tags", table_name="experiment")
    op.drop_index("ix_experiment_archived", table_name="experiment")
    for name, columns in _PAGES.items():
        op.drop_index(name, table_name="experiment")
        op.create_index(name, "experiment", columns)
    op.drop_column("experiment", "archived_at")
    op.drop_column("experiment", "tags")
