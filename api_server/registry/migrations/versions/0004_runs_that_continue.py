"""Runs that go on from earlier ones: what a process continues, whose finished task a task is, which run an event is of.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("process", sa.Column("continues", sa.Uuid(as_uuid=False), nullable=True))
    op.add_column("process", sa.Column("settles_as", sa.Text(), nullable=True))
    op.add_column("task", sa.Column("adopted_from", sa.Uuid(as_uuid=False), nullable=True))
    op.add_column("event", sa.Column("process_number", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("event", "process_number")
    op.drop_column("task", "adopted_from")
    op.drop_column("process", "settles_as")
    op.drop_column("process", "continues")
