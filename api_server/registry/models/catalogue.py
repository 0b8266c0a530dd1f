"""What a gateway can run and where: compute resources with queues, applications, stored objects."""

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import Text

from api_server.registry.base import Base, CreatedAt, Instant, Json, JsonList, UuidKey, UuidText


class ComputeResource(Base):
    """A machine that runs jobs, and the login account that the gateway uses there."""

    __tablename__ = "compute_resource"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    reach: Mapped[str] = mapped_column(server_default="ssh")
    """Who works there: ``howdah.contracts.resources.ReachKind``."""
    transport: Mapped[str]
    scheduler: Mapped[str]
    host: Mapped[str]
    port: Mapped[int]
    username: Mapped[str | None]
    credential_id: Mapped[UuidText | None] = mapped_column(ForeignKey("credential.id"))
    host_keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    jump_hosts: Mapped[JsonList]
    """The way there: ``host``, ``port``, ``username``, ``credential_id``, ``host_keys`` of each hop."""
    scratch: Mapped[str]
    environment: Mapped[Json]
    timeouts: Mapped[Json]
    """``connect_seconds``, ``command_seconds``, ``submit_seconds``."""
    grid_engine: Mapped[Json]
    """Where the scheduler is Grid Engine: what its administrator called things."""
    retry: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    """What it says about retries (``RetryOverride``)."""
    enabled: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    queues: Mapped[list["BatchQueue"]] = relationship(
        lazy="raise", cascade="all, delete-orphan", order_by="BatchQueue.name", passive_deletes=True
    )

    __table_args__ = (UniqueConstraint("gateway_id", "name"),)


class Agent(Base):
    """The enrolment of a resource's agent: its account at the brokers, its token at the API server. No secret."""

    __tablename__ = "agent"

    resource_id: Mapped[UuidText] = mapped_column(ForeignKey("compute_resource.id"), primary_key=True)
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    kafka_user: Mapped[str]
    token_id: Mapped[UuidText] = mapped_column(ForeignKey("token.id"))
    enrolled_by: Mapped[str]
    enrolled_at: Mapped[CreatedAt]
    rotated_at: Mapped[Instant | None]
    """When its secrets were made anew, if they were."""


class ResourceLook(Base):
    """A look at a resource that somebody asked for, and what came of it. ``answered_at`` is NULL while it goes on."""

    __tablename__ = "resource_look"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    resource_id: Mapped[UuidText] = mapped_column(ForeignKey("compute_resource.id", ondelete="CASCADE"))
    what: Mapped[str]
    params: Mapped[Json]
    requested_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    due_at: Mapped[Instant]
    """When nobody waits for the answer any more."""
    answered_at: Mapped[Instant | None]
    answer: Mapped[Json | None]

    __table_args__ = (
        Index(None, "resource_id", "created_at", "id"),
        Index(None, "created_at"),
    )


class BatchQueue(Base):
    """A queue (partition) of a resource's scheduler and its limits; an absent limit is not known."""

    __tablename__ = "batch_queue"

    resource_id: Mapped[UuidText] = mapped_column(
        ForeignKey("compute_resource.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)
    is_default: Mapped[bool] = mapped_column(default=False)
    max_nodes: Mapped[int | None]
    max_cpus_per_node: Mapped[int | None]
    max_gpus_per_node: Mapped[int | None]
    max_memory_mb: Mapped[int | None]
    max_wall_time_minutes: Mapped[int | None]


class ApplicationModule(Base):
    """A piece of scientific software, whatever it is installed on."""

    __tablename__ = "application_module"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    name: Mapped[str]
    release: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("gateway_id", "name", "release"),)


class ApplicationInterface(Base):
    """What an application takes and gives: typed inputs and outputs, the same on every resource."""

    __tablename__ = "application_interface"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    module_id: Mapped[UuidText] = mapped_column(ForeignKey("application_module.id"))
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    inputs: Mapped[JsonList]
    outputs: Mapped[JsonList]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("gateway_id", "name"),)


class ApplicationDeployment(Base):
    """An application installed on a resource: how it is started there and what it asks for by default."""

    __tablename__ = "application_deployment"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    module_id: Mapped[UuidText] = mapped_column(ForeignKey("application_module.id"))
    resource_id: Mapped[UuidText] = mapped_column(ForeignKey("compute_resource.id"))
    executable: Mapped[str]
    modules: Mapped[list[str]] = mapped_column(ARRAY(Text))
    environment: Mapped[Json]
    pre_commands: Mapped[list[str]] = mapped_column(ARRAY(Text))
    post_commands: Mapped[list[str]] = mapped_column(ARRAY(Text))
    defaults: Mapped[Json]
    """Defaults of the job's requirements: ``api_server.dag.application.Requirements``."""
    native: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Directives in the scheduler's own words."""
    container: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    """The image in which the executable runs, and how."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("module_id", "resource_id"), Index(None, "gateway_id", "created_at", "id"))


class StoredObject(Base):
    """A file that a user uploaded or a task stored: its bytes are in the object store under ``key``."""

    __tablename__ = "stored_object"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    content_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    deleted_at: Mapped[Instant | None]

    __table_args__ = (Index(None, "gateway_id", "created_at", "id"),)


class TaskType(Base):
    """A registered task type. It belongs to the installation, not to a gateway: so does its topic."""

    __tablename__ = "task_type"

    id: Mapped[UuidKey]
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[Json]
    """``howdah.contracts.task_types.TaskTypeDescription``."""
    version: Mapped[int] = mapped_column(default=1)
    registered_by: Mapped[str]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
