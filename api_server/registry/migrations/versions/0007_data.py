"""Storage resources, and data products with their replicas.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "storage_resource",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("gateway_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("credential_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("host_keys", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("endpoint_url", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.id"], name=op.f("fk_storage_resource_gateway_id_gateway")),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credential.id"], name=op.f("fk_storage_resource_credential_id_credential")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storage_resource")),
        sa.UniqueConstraint("gateway_id", "name", name=op.f("uq_storage_resource_gateway_id_name")),
    )
    op.create_table(
        "data_product",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("gateway_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("labels", postgresql.JSONB(), nullable=False),
        sa.Column("experiment_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("output_name", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(["gateway_id"], ["gateway.id"], name=op.f("fk_data_product_gateway_id_gateway")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_product")),
    )
    op.create_index(
        op.f("ix_data_product_gateway_id_created_at_id"), "data_product", ["gateway_id", "created_at", "id"]
    )
    op.create_index("ix_data_product_labels", "data_product", ["labels"], postgresql_using="gin")
    op.create_index(op.f("ix_data_product_experiment_id"), "data_product", ["experiment_id"])
    op.create_table(
        "data_replica",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("product_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("storage_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.CheckConstraint("(key IS NULL) <> (storage_id IS NULL)", name=op.f("ck_data_replica_one_place")),
        sa.ForeignKeyConstraint(
            ["product_id"],
            ["data_product.id"],
            name=op.f("fk_data_replica_product_id_data_product"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["storage_id"], ["storage_resource.id"], name=op.f("fk_data_replica_storage_id_storage_resource")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_replica")),
    )
    for column in ("product_id", "storage_id", "key"):
        op.create_index(op.f(f"ix_data_replica_{column}"), "data_replica", [column])


def downgrade() -> None:
    op.drop_table("data_replica")
    op.drop_table("data_product")
    op.drop_table("storage_resource")
