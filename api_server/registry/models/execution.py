"""What runs: experiments, their processes, tasks with attempts, jobs, and the events that moved them.

After the launch only the orchestrator writes processes, tasks, attempts, jobs and events; ``process.version`` fences
off a replica that lost its partition.
"""

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Float, UserDefinedType

from api_server.registry.base import Base, CreatedAt, Instant, Json, JsonList, UuidKey, UuidText


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id, as text on the Python side."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type's name in DDL."""
        return "xid8"


_KEPT = text("archived_at IS NULL")


class Experiment(Base):
    """What a scientist launches. Its state follows its latest process."""

    __tablename__ = "experiment"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    owner: Mapped[str]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    kind: Mapped[str]
    """``application``, ``tasks`` or ``workflow``."""
    spec: Mapped[Json]
    """The validated request: application, inputs and requirements, or the tasks themselves."""
    interface_id: Mapped[UuidText | None] = mapped_column(ForeignKey("application_interface.id"))
    resource_id: Mapped[UuidText | None] = mapped_column(ForeignKey("compute_resource.id"))
    workflow_id: Mapped[UuidText | None] = mapped_column(ForeignKey("workflow.id"))
    workflow_version: Mapped[int | None]
    cloned_from: Mapped[UuidText | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    archived_at: Mapped[Instant | None]
    """Put away: lists leave it out."""
    state: Mapped[str]
    failure: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    process_id: Mapped[UuidText | None]
    """The latest process."""
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    launched_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]

    __table_args__ = (
        Index("ix_experiment_page", "gateway_id", "created_at", "id", postgresql_where=_KEPT),
        Index("ix_experiment_state_page", "gateway_id", "state", "created_at", "id", postgresql_where=_KEPT),
        Index(
            "ix_experiment_archived",
            "gateway_id",
            "created_at",
            "id",
            postgresql_where=text("archived_at IS NOT NULL"),
        ),
        Index("ix_experiment_tags", "tags", postgresql_using="gin", postgresql_where=text("tags <> '{}'")),
        Index("ix_experiment_failed", "gateway_id", "ended_at", postgresql_where=text("state = 'FAILED'")),
        Index(
            "ix_experiment_workflow_page",
            *("workflow_id", "created_at", "id"),
            postgresql_where=text("workflow_id IS NOT NULL"),
        ),
        Index("ix_experiment_cloned_from", "cloned_from", postgresql_where=text("cloned_from IS NOT NULL")),
    )


class Process(Base):
    """One run of an experiment. Locked before anything below it is written."""

    __tablename__ = "process"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText] = mapped_column(ForeignKey("gateway.id"))
    experiment_id: Mapped[UuidText] = mapped_column(ForeignKey("experiment.id", ondelete="CASCADE"))
    number: Mapped[int]
    state: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    targets: Mapped[Json]
    """Resource id → ``ResourceTarget`` as it stood at the launch: a run keeps its view of the resource."""
    trace: Mapped[str | None]
    continues: Mapped[UuidText | None]
    """The run whose finished tasks this one has adopted, and in whose work directory it goes on."""
    settles_as: Mapped[str | None]
    """What the experiment is when this process is COMPLETED; NULL: COMPLETED. Outputs that are fetched once more do not
    make a failed experiment a success."""
    deadline_at: Mapped[Instant | None]
    """By when it must have ended; what has not is stopped."""
    failure: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    cancel_requested_at: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    ended_at: Mapped[Instant | None]

    __table_args__ = (
        UniqueConstraint("experiment_id", "number"),
        Index(
            "ix_process_deadline", "deadline_at", postgresql_where=text("deadline_at IS NOT NULL AND ended_at IS NULL")
        ),
    )


class Task(Base):
    """One node of a process's DAG with the state of its latest attempt."""

    __tablename__ = "task"

    id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText]
    experiment_id: Mapped[UuidText]
    process_id: Mapped[UuidText] = mapped_column(ForeignKey("process.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]
    type: Mapped[str]
    spec: Mapped[Json]
    """The ``TaskSpec``."""
    adopted_from: Mapped[UuidText | None]
    """The finished task of an earlier run that this one is."""
    resource_id: Mapped[UuidText | None]
    state: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=0)
    publications: Mapped[int] = mapped_column(default=0)
    """How often a command was published, deferrals included: makes each command's id."""
    command_id: Mapped[UuidText | None]
    """The latest command's."""
    deferred: Mapped[bool] = mapped_column(default=False)
    """RETRY_WAIT: the service handed the command back; the same attempt is published again."""
    due_at: Mapped[Instant | None]
    """RETRY_WAIT: when the next attempt is published. SCHEDULED, EXECUTING: the attempt's deadline. Parked: when it
    gives up."""
    parked: Mapped[str | None]
    """RETRY_WAIT: the login account that is away and that the task waits for."""
    outage_since: Mapped[Instant | None]
    """When it first had to wait for its resource."""
    excused: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """How many of its failed attempts are not held against it."""
    outputs: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    port: Mapped[str | None]
    """The out-port by which it left, where that is one that it declares."""
    failure: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    started_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]

    __table_args__ = (
        UniqueConstraint("process_id", "position"),
        Index("ix_task_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
        Index(
            "ix_task_parked", "resource_id", "parked", "outage_since", "id", postgresql_where=text("parked IS NOT NULL")
        ),
    )


class Attempt(Base):
    """One try at a task: where it was published, who took it up, how it ended."""

    __tablename__ = "attempt"

    task_id: Mapped[UuidText] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    command_id: Mapped[UuidText]
    lane: Mapped[str]
    state: Mapped[str]
    worker: Mapped[str | None]
    partition: Mapped[int | None]
    offset: Mapped[int | None] = mapped_column(BigInteger)
    step: Mapped[str | None]
    fraction: Mapped[float | None] = mapped_column(Float)
    failure: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    published_at: Mapped[Instant]
    started_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]

    # A block range index: attempts are made in the order of time, and it costs next to nothing to write.
    __table_args__ = (Index("ix_attempt_published", "published_at", postgresql_using="brin"),)


class Job(Base):
    """A job of a resource's scheduler. A known native id is never forgotten."""

    __tablename__ = "job"

    task_id: Mapped[UuidText] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"), primary_key=True)
    generation: Mapped[int] = mapped_column(primary_key=True)
    gateway_id: Mapped[UuidText]
    experiment_id: Mapped[UuidText]
    process_id: Mapped[UuidText]
    resource_id: Mapped[UuidText | None]
    job_name: Mapped[str]
    native_id: Mapped[str | None]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    exit_code: Mapped[int | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    started_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]

    __table_args__ = (
        Index("ix_job_page", "gateway_id", "created_at", "task_id"),
        Index("ix_job_experiment", "experiment_id"),
        Index("ix_job_process", "process_id"),
        Index(
            "ix_job_live",
            "gateway_id",
            "resource_id",
            postgresql_where=text("state NOT IN ('CANCELED', 'COMPLETE', 'COMPLETED', 'FAILED', 'SKIPPED')"),
        ),
    )


class Event(Base):
    """One applied event with all the transitions that it caused: the history of a run and the live feed in one.

    The feed reads rows ordered by (txid, id) below ``pg_snapshot_xmin``, so that a late commit is never skipped.
    """

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    txid: Mapped[str] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    event_id: Mapped[UuidText] = mapped_column(unique=True)
    gateway_id: Mapped[UuidText]
    experiment_id: Mapped[UuidText] = mapped_column(ForeignKey("experiment.id", ondelete="CASCADE"))
    seq: Mapped[int] = mapped_column(BigInteger)
    process_id: Mapped[UuidText | None]
    process_number: Mapped[int | None]
    task_id: Mapped[UuidText | None]
    attempt: Mapped[int | None]
    kind: Mapped[str]
    actor: Mapped[str]
    payload: Mapped[Json]
    changes: Mapped[JsonList]
    """``[{"entity": "task", "id": …, "from": "SCHEDULED", "to": "EXECUTING"}, …]`` in the order of happening."""
    at: Mapped[Instant]

    __table_args__ = (UniqueConstraint("experiment_id", "seq"), Index("ix_event_feed", "txid", "id"))


class TaskLog(Base):
    """Lines that a handler wrote for its user."""

    __tablename__ = "task_log"

    event_id: Mapped[UuidKey]
    gateway_id: Mapped[UuidText]
    task_id: Mapped[UuidText]
    attempt: Mapped[int]
    at: Mapped[Instant]
    lines: Mapped[JsonList]

    __table_args__ = (Index(None, "task_id", "at"),)
