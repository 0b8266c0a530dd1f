"""Where files are besides the platform's own store, and what files there are: storage resources, data products."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import Text

from api_server.registry.base import Base, CreatedAt, Json, UuidKey, UuidText


class StorageResource(Base):
    """A place from which inputs are read: a host, a bucket, a web server, a folder that the operator has registered."""

    __tablename__ = "storage_resource"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    root: Mapped[str]
    """The folder (sftp), the bucket (s3), the address (http), the registered folder's name (file)."""
    host: Mapped[str | None]
    port: Mapped[int] = mapped_column(default=22)
    username: Mapped[str | None]
    """The account (sftp), or the access key id (s3)."""
    credential_id: Mapped[UuidText | None] = mapped_column(ForeignKey("credential.id"))
    host_keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    endpoint_url: Mapped[str | None]
    region: Mapped[str | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("gateway_id", "name"),)


class DataProduct(Base):
    """A file that is known by what it is, wherever its replicas are."""

    __tablename__ = "data_product"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    owner: Mapped[str]
    name: Mapped[str]
    """What the file is called."""
    description: Mapped[str] = mapped_column(default="")
    content_type: Mapped[str]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    labels: Mapped[Json] = mapped_column(default=dict)
    experiment_id: Mapped[UuidText | None]
    """The experiment that made it, which may be deleted by now."""
    output_name: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    replicas: Mapped[list["DataReplica"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="DataReplica.created_at, DataReplica.id"
    )

    __table_args__ = (
        Index(None, "gateway_id", "created_at", "id"),
        Index("ix_data_product_labels", "labels", postgresql_using="gin"),
        Index(None, "experiment_id"),
    )


class DataReplica(Base):
    """One place where a product's bytes are: an object of the platform's store, or a path on a storage resource."""

    __tablename__ = "data_replica"

    id: Mapped[UuidKey]
    product_id: Mapped[UuidText] = mapped_column(ForeignKey("data_product.id", ondelete="CASCADE"))
    key: Mapped[str | None]
    storage_id: Mapped[UuidText | None] = mapped_column(ForeignKey("storage_resource.id"))
    path: Mapped[str | None]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("(key IS NULL) <> (storage_id IS NULL)", name="one_place"),
        Index(None, "product_id"),
        Index(None, "storage_id"),
        Index(None, "key"),
    )
