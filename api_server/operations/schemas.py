"""The bodies of the operations' routes, as OpenAPI tells them."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, JsonValue, StringConstraints

from api_server.http.model import ApiModel, Id, Instant
from howdah.contracts.envelope import MAX_MESSAGE_BYTES

MAX_REDRIVEN = 500
Note = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]


class DeadLetterState(StrEnum):
    """What was done with a dead letter."""

    NEW = "NEW"
    REDRIVEN = "REDRIVEN"
    DISCARDED = "DISCARDED"


class DeadLetter(ApiModel):
    """A message that nobody could handle."""

    id: str
    gateway_id: str | None
    """Null when the ids in the message could not be read."""
    experiment_id: str | None
    process_id: str | None
    task_id: str | None
    attempt: int | None
    at: Instant
    reason: Annotated[str, Field(examples=["not JSON in UTF-8: it starts with b'\\x00\\x01'"])]
    group: str
    topic: str
    partition: int
    offset: int
    state: DeadLetterState
    handled_by: str | None
    handled_at: Instant | None
    note: str
    size_bytes: int | None
    next: str


class DeadLetterCluster(ApiModel):
    """Dead letters of one topic whose reasons begin alike."""

    topic: str
    reason: str
    """The part of the reason before its first colon."""
    count: int
    first_at: Instant
    last_at: Instant


class DeadLetterClusters(ApiModel):
    """All of them, the largest first."""

    items: list[DeadLetterCluster]
    next_cursor: None = None


class DeadLetterInFull(DeadLetter):
    """The same with the original message; ``value`` is there when it is JSON.

    A command's capability is left out of ``value``, and ``value_base64`` is null then.
    """

    key_base64: str | None
    value_base64: Annotated[str | None, Field(max_length=2 * MAX_MESSAGE_BYTES)]
    value: JsonValue
    headers: dict[str, Any]


class Handling(ApiModel):
    """A word on why."""

    note: Annotated[Note, Field(examples=["the service is fixed"])] = ""


class RedriveRequest(ApiModel):
    """Which dead letters to send again: those that are NEW and fit all that is given."""

    topic: Annotated[str | None, Field(max_length=249, examples=["howdah.tasks.command"])] = None
    reason: Annotated[str | None, Field(max_length=500)] = None
    """A part of the reason, in any case."""
    experiment_id: Id | None = None
    limit: int = Field(default=100, ge=1, le=MAX_REDRIVEN)
    """The most that are sent in one call, the newest first."""
    dry_run: bool = False
    """Only tell what would happen."""
    note: Note = ""


class Refused(ApiModel):
    """A dead letter that was not sent again, and why."""

    id: str
    detail: str


class RedriveResult(ApiModel):
    """What was sent again, or with ``dry_run`` would be."""

    dry_run: bool
    redriven: list[str]
    refused: list[Refused]
    more: bool
    """Whether more fit than the limit allowed."""


class AuditRecord(ApiModel):
    """Who changed or revealed what."""

    id: str
    at: Instant
    actor: str
    action: str
    object_type: str
    object_id: str
    details: dict[str, Any]


class ServiceInstance(ApiModel):
    """A microservice instance, as its heartbeats tell."""

    instance_id: str
    service: str
    release: str
    host: str
    pid: int
    started_at: Instant
    last_heard_at: Instant
    alive: bool
    stopping: bool
    in_flight: int
    last_error: str | None
    next: str


class ServiceInstances(ApiModel):
    """All instances that were heard of lately."""

    items: list[ServiceInstance]
    next_cursor: None = None
