"""The words in which ``advance`` answers: what changes, what is published, what is recorded. Data only.

Statuses are named tuples: they are replaced several times for each event, and nothing replaces faster.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from pydantic import JsonValue

from howdah.contracts.failures import Failure
from howdah.contracts.ids import CommandId, TaskId
from howdah.contracts.states import ExperimentState, JobState, ProcessState, TaskState

Entity = Literal["experiment", "process", "task", "job"]


class TaskStatus(NamedTuple):
    """Where a task stands. ``due_at``: a retry's moment, or the deadline of the attempt under way."""

    state: TaskState = TaskState.CREATED
    attempt: int = 0
    publications: int = 0
    deferred: bool = False
    """In RETRY_WAIT: the same attempt is published again, not the next one."""
    due_at: datetime | None = None
    command_id: CommandId | None = None
    parked: str | None = None
    """In RETRY_WAIT: the login account that is away and that the task waits for; ``due_at`` is when it gives up."""
    outage_since: datetime | None = None
    """When it first had to wait for its resource: its patience counts from here."""
    excused: int = 0
    """How many failed attempts are not held against it, since the resource was away."""
    outputs: Mapping[str, JsonValue] | None = None
    failure: Failure | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


def counts_as(status: TaskStatus) -> TaskState:
    """Return as what an ended task counts for those that depend on it, and for the end of the run.

    One that was skipped on request (it says so in its outputs) counts as if it had succeeded.
    """
    waived = status.state is TaskState.SKIPPED and status.outputs is not None
    return TaskState.COMPLETED if waived else status.state


class ProcessStatus(NamedTuple):
    """Where a process stands."""

    state: ProcessState = ProcessState.CREATED
    failure: Failure | None = None
    cancel_requested_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What is known of a job; a native id, once known, stays."""

    task_id: TaskId
    generation: int
    job_name: str
    state: JobState = JobState.INTENT
    native_id: str | None = None
    reason: str = ""
    exit_code: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


_WITHOUT_RUNNING = frozenset({TaskState.SKIPPED, TaskState.CANCELED})


class Edge(NamedTuple):
    """How far the dependencies of a task are: how many are open, ended otherwise than well, never ran."""

    open: int
    spoiled: int = 0
    unrun: int = 0

    def with_open(self) -> "Edge":
        """Return the edge with one more dependency."""
        return Edge(self.open + 1, self.spoiled, self.unrun)

    def after(self, state: TaskState) -> "Edge":
        """Return the edge after one open dependency ended in ``state``."""
        return Edge(
            self.open - 1,
            self.spoiled + (state is not TaskState.COMPLETED),
            self.unrun + (state in _WITHOUT_RUNNING),
        )


class Change(NamedTuple):
    """One transition, in the order of happening."""

    entity: Entity
    id: str
    before: str | None
    after: str


class Publication(NamedTuple):
    """A command to be published."""

    task_id: TaskId
    attempt: int
    command_id: CommandId
    lane: str
    params: Mapping[str, JsonValue]
    deadline_at: datetime


class AttemptNote(NamedTuple):
    """What became known of an attempt: column → value, as the registry calls them."""

    task_id: TaskId
    attempt: int
    known: dict[str, Any]


class Blocked(NamedTuple):
    """What a parked task waits for, as it was known then: for the history and the live stream."""

    resource_id: str
    resource: str
    account: str
    since: datetime | None
    cause: Failure | None
    next_probe_at: datetime | None
    gives_up_at: datetime


class Outcome(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    RECORDED = "recorded"
    """Kept for the history; it moves nothing (an earlier attempt's, or news of what has ended)."""
    ILLEGAL = "illegal"
    """Dropped and counted: no state allows it (an unknown task, a second end, a timer that was overtaken)."""


class CancellationNote(StrEnum):
    """What the services are told about the cancellation of a process."""

    ANNOUNCE = "announce"
    WITHDRAW = "withdraw"


@dataclass(slots=True)
class Decisions:
    """The answer to one event: the new statuses, what is published, and the transitions for the history."""

    outcome: Outcome = Outcome.APPLIED
    reason: str = ""
    tasks: dict[TaskId, TaskStatus] = field(default_factory=dict)
    edges: dict[TaskId, Edge] = field(default_factory=dict)
    jobs: dict[tuple[TaskId, int], JobStatus] = field(default_factory=dict)
    ended: list[TaskState] = field(default_factory=list)
    """The final state of each task that ends by this, as it counts."""
    process: ProcessStatus | None = None
    experiment: ExperimentState | None = None
    attempts: list[AttemptNote] = field(default_factory=list)
    publications: list[Publication] = field(default_factory=list)
    asking: list[TaskId] = field(default_factory=list)
    """Submissions that are put in line: their resource has a quota or a maintenance window."""
    changes: list[Change] = field(default_factory=list)
    cancellation: CancellationNote | None = None
    blocked: Blocked | None = None
    """A task was parked by this."""
