"""The messages on the wire, but for rows of tables (``records``): commands are imperatives, events are in the past."""

from typing import Annotated, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
)

from howdah.contracts.envelope import Instant, Lane, Message, NativeId, OfProcess, Words
from howdah.contracts.failures import Failure
from howdah.contracts.ids import (
    UUID_TEXT,
    CommandId,
    EventId,
    GatewayId,
    LookId,
    ResourceId,
    TaskId,
    TaskType,
    derive_id,
)
from howdah.contracts.looks import LookKind
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.states import JobState
from howdah.contracts.task_types import BranchName

MAX_LOG_LINES = 500

# ---------------------------------------------------------------- commands


class RunTask(OfProcess):
    """Do one attempt of a task. Self-contained: the service needs no database.

    A deferral or a sweep may publish the same attempt again with another ``command_id``; a redelivery by Kafka
    carries the same one, and everything the handler emits derives its id from it.
    """

    kind: Literal["run-task"] = "run-task"
    version: Literal[1] = 1
    command_id: Annotated[CommandId, UUID_TEXT]
    task_id: Annotated[TaskId, UUID_TEXT]
    name: str
    type: TaskType
    attempt: int = Field(ge=1)
    max_attempts: int = Field(ge=1)
    lane: Lane
    params: dict[str, JsonValue]
    target: ResourceTarget | None = None
    deadline_at: Instant
    capability: str | None = Field(default=None, repr=False)
    """Opaque to the service: shown to the API server to fetch secrets and files for this task."""
    handlers: int | None = Field(default=None, ge=1)
    """For an agent, which may not read how it stands with resources: the most handlers that an operator allows."""
    callback: str | None = Field(default=None, repr=False)
    """Of a task that only starts something: what lets that say how it ended (``CALLBACKS_PATH``)."""


# ---------------------------------------------------------------- events


class Event(OfProcess):
    """A fact. The same fact told twice has the same ``event_id`` and is applied once."""

    event_id: Annotated[EventId, UUID_TEXT]


class TaskEvent(Event):
    """A fact about one attempt of one task."""

    task_id: Annotated[TaskId, UUID_TEXT]
    attempt: int = Field(ge=1)


class TaskStarted(TaskEvent):
    """A worker took the attempt up, and is still at it."""

    kind: Literal["task-started"] = "task-started"
    version: Literal[1] = 1
    worker: str
    topic: str
    partition: int
    offset: int
    lane: Lane


class Start(BaseModel):
    """What ``TaskStarted`` tells, inside the outcome of an attempt that was over before it was worth a message."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: Instant
    worker: str
    topic: str
    partition: int
    offset: int
    lane: Lane


class TaskOutcome(TaskEvent):
    """The end of an attempt. With ``start``, the start was not told before."""

    start: Start | None = None


class TaskProgressed(TaskEvent):
    """How far the attempt is; never moves a state."""

    kind: Literal["task-progressed"] = "task-progressed"
    version: Literal[1] = 1
    step: Words
    fraction: float | None = Field(default=None, ge=0, le=1)


class TaskCompleted(TaskOutcome):
    """The attempt did its work. ``outputs`` feed the bindings of later tasks."""

    kind: Literal["task-completed"] = "task-completed"
    version: Literal[1] = 1
    outputs: dict[str, JsonValue] = Field(default_factory=dict)
    branch: BranchName | None = None
    """The out-port by which it leaves, where its type declares some beside ``success``."""


class TaskFailed(TaskOutcome):
    """The attempt failed; the orchestrator decides whether another follows."""

    kind: Literal["task-failed"] = "task-failed"
    version: Literal[1] = 1
    failure: Failure


class TaskCanceled(TaskOutcome):
    """The task was stopped on request. ``confirmed`` is false when the resource could not be asked."""

    kind: Literal["task-canceled"] = "task-canceled"
    version: Literal[1] = 1
    confirmed: bool = True
    sentence: Words = ""


class TaskDeferred(TaskEvent):
    """The service handed the command back untouched; no attempt is used. Published again after the delay."""

    kind: Literal["task-deferred"] = "task-deferred"
    version: Literal[1] = 1
    reason: Words
    delay_seconds: float = Field(ge=0, le=3_600)
    command_id: Annotated[CommandId, UUID_TEXT]


class JobStatusChanged(TaskEvent):
    """The scheduler's word on the job of ``task_id`` (the submission task)."""

    kind: Literal["job-status-changed"] = "job-status-changed"
    version: Literal[1] = 1
    generation: int = Field(ge=1)
    job_name: str
    native_id: NativeId | None = None
    state: JobState
    reason: Words = ""
    exit_code: int | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None


class TimerDue(TaskEvent):
    """The moment stored with the task (a retry's, or the attempt's deadline) has passed."""

    kind: Literal["timer-due"] = "timer-due"
    version: Literal[1] = 1
    due_at: Instant


class TaskReleased(TaskEvent):
    """The resource for which the task waited is back (or was never away): it may go on.

    ``confirmed``: a probe had found the resource away, so the attempt that failed meanwhile is not held against the
    task.
    """

    kind: Literal["task-released"] = "task-released"
    version: Literal[1] = 1
    confirmed: bool = True


def event_id_for(command_id: CommandId, kind: str, step: str | int = "") -> EventId:
    """Return the id of the event that the handler of ``command_id`` emits at ``step``: stable over redeliveries."""
    return EventId(derive_id(command_id, kind, step))


# ---------------------------------------------------------------- looks


class LookAtResource(Message):
    """Look at a resource and say what is there: no task of anybody's, and no effect that anybody relies on."""

    kind: Literal["look-at-resource"] = "look-at-resource"
    version: Literal[1] = 1
    look_id: Annotated[LookId, UUID_TEXT]
    gateway_id: Annotated[GatewayId, UUID_TEXT]
    what: LookKind
    params: dict[str, JsonValue] = Field(default_factory=dict)
    target: ResourceTarget
    capability: str | None = Field(default=None, repr=False)
    deadline_at: Instant
    """Nobody waits for an answer that comes later."""


class LookAnswered(Message):
    """What a look saw, or why it saw nothing. Told again by a redelivery; the first answer counts."""

    kind: Literal["look-answered"] = "look-answered"
    version: Literal[1] = 1
    look_id: Annotated[LookId, UUID_TEXT]
    gateway_id: Annotated[GatewayId, UUID_TEXT]
    resource_id: Annotated[ResourceId, UUID_TEXT]
    what: LookKind
    answer: dict[str, JsonValue] | None = None
    """As the kind's report says: ``howdah.contracts.looks``."""
    failure: Failure | None = None


# ---------------------------------------------------------------- logs and dead letters


class LogLine(BaseModel):
    """One line that the platform says about a task."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: Instant
    text: Annotated[str, StringConstraints(max_length=4_000)]


class TaskLogged(TaskEvent):
    """Lines that a handler wrote for its user."""

    kind: Literal["task-logged"] = "task-logged"
    version: Literal[1] = 1
    lines: tuple[LogLine, ...] = Field(min_length=1, max_length=MAX_LOG_LINES)


class DeadLetter(Message):
    """A message that could not be handled, with all that is needed to look at it and to send it again."""

    kind: Literal["dead-letter"] = "dead-letter"
    version: Literal[1] = 1
    dead_letter_id: Annotated[EventId, UUID_TEXT]
    """Derived from (topic, partition, offset): told twice, stored once."""
    reason: Words
    group: str
    topic: str
    partition: int
    offset: int
    original_at: Instant | None = None
    key_base64: str | None = None
    value_base64: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)

    MAX_ORIGINAL_BYTES: ClassVar[int] = 700_000
