"""The live jobs of a resource, for the choice between several.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_job_live",
        "job",
        ["gateway_id", "resource_id"],
        postgresql_where=sa.text("state NOT IN ('CANCELED', 'COMPLETE', 'COMPLETED', 'FAILED', 'SKIPPED')"),
    )


def downgrade() -> None:
    op.drop_index("ix_job_live", table_name="job")
