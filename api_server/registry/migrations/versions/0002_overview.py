"""What the console's overviews count quickly: failures of late, what was relaunched, attempts of the last hour.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_experiment_failed",
        "experiment",
        ["gateway_id", "ended_at"],
        postgresql_where=sa.text("state = 'FAILED'"),
    )
    op.create_index(
        "ix_experiment_cloned_from", "experiment", ["cloned_from"], postgresql_where=sa.text("cloned_from IS NOT NULL")
    )
    op.create_index("ix_attempt_published", "attempt", ["published_at"], postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_attempt_published", table_name="attempt")
    op.drop_index("ix_experiment_cloned_from", table_name="experiment")
    op.drop_index("ix_experiment_failed", table_name="experiment")
