"""The words in which ``advance`` answers: what changes, what is published, what is recorded. Data only.

Statuses are named tuples: they are replaced several times for each event, and nothing replaces faster.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple

from pydantic import JsonValue

from howdah.contracts.failures import Failure
from howdah.contracts.flow import FailureMeans, leads
from howdah.contracts.ids import CommandId, TaskId
from howdah.contracts.states import ExperimentState, JobState, ProcessState, TaskState, is_terminal
from howdah.contracts.tasks import TaskSpec
from howdah.contracts.workflows import FAILURE, SUCCESS

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
    port: str | None = None
    """The out-port by which it left, where that is one that it declares."""
    outputs: Mapping[str, JsonValue] | None = None
    failure: Failure | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def under_way(self) -> bool:
        """Whether an attempt was published and has not ended."""
        return self.state in {TaskState.SCHEDULED, TaskState.EXECUTING}

    @property
    def next_attempt(self) -> int:
        """The number of the attempt that is published next: a deferred one keeps its own."""
        return self.attempt if self.deferred else self.attempt + 1


def counts_as(status: TaskStatus) -> TaskState:
    """Return as what an ended task counts for those that depend on it, and for the end of the run.

    One that was skipped on request (it says so in its outputs) counts as if it had succeeded.
    """
    waived = status.state is TaskState.SKIPPED and status.outputs is not None
    return TaskState.COMPLETED if waived else status.state


def left_by(status: TaskStatus) -> str | None:
    """Return the out-port by which an ended task left; None when it was left out or stopped."""
    match counts_as(status):
        case TaskState.COMPLETED:
            return status.port or SUCCESS
        case TaskState.FAILED:
            return FAILURE
        case _:
            return None


def weighs_as(spec: TaskSpec, status: TaskStatus) -> TaskState:
    """Return as what an ended task counts for the end of the run: a failure that concerns others is none of it."""
    state = counts_as(status)
    borne = state is TaskState.FAILED and spec.way.failure_means is not FailureMeans.RUN
    return TaskState.COMPLETED if borne else state


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
    """How far the dependencies of a task are: how many are open, ended otherwise than well, never ran, led here."""

    open: int
    spoiled: int = 0
    unrun: int = 0
    taken: int = 0
    """Of the task's routes, those whose task left by a port that leads here."""

    def after(self, spec: TaskSpec, needed: TaskId, status: TaskStatus) -> "Edge":
        """Return the edge of ``spec`` after one open dependency has ended in ``status``."""
        state = counts_as(status)
        ports = spec.way.routes.get(needed)
        return Edge(
            self.open - 1,
            self.spoiled + (state is not TaskState.COMPLETED),
            self.unrun + (state in _WITHOUT_RUNNING),
            self.taken + (ports is not None and leads(ports, left_by(status))),
        )


_HAS_MADE_IT: Final = TaskStatus(TaskState.COMPLETED)


def edge_of(spec: TaskSpec, status_of: Callable[[TaskId], TaskStatus]) -> Edge:
    """Return how far the dependencies of ``spec`` are; for the fan-out that made it, it need not wait."""
    edge, maker = Edge(open=len(spec.depends_on)), spec.way.made_by
    for needed in spec.depends_on:
        status = _HAS_MADE_IT if needed == maker else status_of(needed)
        if is_terminal(status.state):
            edge = edge.after(spec, needed, status)
    return edge


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
    """The final state of each task that ends by this, as it counts for the end of the run."""
    added: list[TaskSpec] = field(default_factory=list)
    """Tasks of items that a fan-out has found."""
    timers: list[TaskId] = field(default_factory=list)
    """Tasks whose ``due_at`` has come with this: they are told so at once, as a timer would tell them."""
    respecified: dict[TaskId, TaskSpec] = field(default_factory=dict)
    """Tasks that depend on more than before."""
    slots: Counter[TaskId] = field(default_factory=Counter)
    """Pool → how many more of its slots are taken than before; may be negative."""
    holders: dict[TaskId, bool] = field(default_factory=dict)
    """Task → whether it holds a slot from now on."""
    lined_up: list[tuple[TaskId, TaskId]] = field(default_factory=list)
    """(pool, task) of those that wait for a slot from now on."""
    called: Counter[TaskId] = field(default_factory=Counter)
    """Pool → how many of those that waited longest do so no more."""
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
