"""Every Kafka topic of the platform: name, key, mode, partitions, retention, owner. The only place that knows them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from howdah.contracts.params import BUILT_IN

DAY_MS: Final = 86_400_000
RETENTION_TASKS_MS: Final = 30 * DAY_MS
"""Far beyond the longest deadline of a handler: a message is never deleted before it was handled."""
OFFSETS_RETENTION_MINUTES: Final = 365 * 24 * 60
"""For the broker: a stack that slept must not forget its ledger."""


class Mode(StrEnum):
    """How a topic is read; see ``howdah.messaging``."""

    WORK_QUEUE = "work queue with ledger"
    ORDERED_BATCHES = "ordered batches"
    TABLE = "compacted table"
    BROADCAST = "broadcast"


@dataclass(frozen=True, slots=True)
class Lanes:
    """How the partitions of a task topic are divided: lane → number of partitions, in order."""

    sizes: tuple[tuple[str, int], ...] = (("fast", 8), ("slow", 4))
    shard_size: int = 3
    """How many partitions of a lane one resource is spread over."""

    @property
    def partitions(self) -> int:
        """Return the number of partitions of all lanes together."""
        return sum(size for _, size in self.sizes)

    def span(self, lane: str) -> range:
        """Return the partitions of ``lane``; ValueError names the lanes there are."""
        first = 0
        for name, size in self.sizes:
            if name == lane:
                return range(first, first + size)
            first += size
        raise ValueError(f"lane {lane!r} is unknown; there are {', '.join(name for name, _ in self.sizes)}")

    def lane_of(self, partition: int) -> str:
        """Return the lane that ``partition`` belongs to; ValueError when it belongs to none."""
        for name, _ in self.sizes:
            if partition in self.span(name):
                return name
        raise ValueError(f"partition {partition} is in no lane; there are {self.partitions} partitions")


FAST: Final = "fast"
SLOW: Final = "slow"
LANES: Final = Lanes()


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: what the administration creates and everybody else refers to."""

    name: str
    mode: Mode
    key: str
    partitions: int
    retention_ms: int
    written_by: str
    read_by: str
    compacted: bool = False
    extra: dict[str, str] = field(default_factory=dict, hash=False)

    def config(self) -> dict[str, str]:
        """Return the broker's topic settings."""
        policy = {"cleanup.policy": "compact"} if self.compacted else {"retention.ms": str(self.retention_ms)}
        return {**policy, "max.message.bytes": "1048588", **self.extra}


TASKS_PREFIX: Final = "howdah.tasks."


def tasks(task_type: str) -> Topic:
    """Return the task topic of a type, built-in or a user's own."""
    return Topic(
        name=f"{TASKS_PREFIX}{task_type}",
        mode=Mode.WORK_QUEUE,
        key="none: the partition is lane × shard of the resource",
        partitions=LANES.partitions,
        retention_ms=RETENTION_TASKS_MS,
        written_by="API half",
        read_by=f"the {task_type} service",
    )


EVENTS: Final = Topic(
    name="howdah.events",
    mode=Mode.ORDERED_BATCHES,
    key="process",
    partitions=6,
    retention_ms=RETENTION_TASKS_MS,
    written_by="services; API half (requests, timers)",
    read_by="orchestrator",
)
JOBS: Final = Topic(
    name="howdah.jobs",
    mode=Mode.TABLE,
    key="resource/task/generation, partitioned by resource",
    partitions=12,
    retention_ms=-1,
    written_by="job-submission, job-monitoring",
    read_by="job-monitoring, divided among replicas",
    compacted=True,
    extra={"segment.ms": str(DAY_MS), "min.cleanable.dirty.ratio": "0.2"},
)
CANCELLATIONS: Final = Topic(
    name="howdah.cancellations",
    mode=Mode.TABLE,
    key="process",
    partitions=4,
    retention_ms=-1,
    written_by="orchestrator",
    read_by="every service replica",
    compacted=True,
    extra={"segment.ms": str(DAY_MS), "min.cleanable.dirty.ratio": "0.2"},
)
RESOURCES: Final = Topic(
    name="howdah.resources",
    mode=Mode.TABLE,
    key="resource/login account; lane/task type/lane",
    partitions=4,
    retention_ms=-1,
    written_by="the orchestrator's lease holder",
    read_by="every service replica, API half",
    compacted=True,
    extra={"segment.ms": str(DAY_MS), "min.cleanable.dirty.ratio": "0.2"},
)
HEARTBEATS: Final = Topic(
    name="howdah.heartbeats",
    mode=Mode.BROADCAST,
    key="instance",
    partitions=1,
    retention_ms=DAY_MS,
    written_by="services",
    read_by="API half",
)
LOGS: Final = Topic(
    name="howdah.logs",
    mode=Mode.ORDERED_BATCHES,
    key="task",
    partitions=4,
    retention_ms=7 * DAY_MS,
    written_by="services",
    read_by="API half",
)
DEAD_LETTERS: Final = Topic(
    name="howdah.dead-letters",
    mode=Mode.ORDERED_BATCHES,
    key="the original key",
    partitions=4,
    retention_ms=RETENTION_TASKS_MS,
    written_by="all",
    read_by="orchestrator → registry",
)

LOOKS: Final = Topic(
    name="howdah.looks",
    mode=Mode.WORK_QUEUE,
    key="none: the partition is lane × shard of the resource",
    partitions=LANES.partitions,
    retention_ms=DAY_MS,
    written_by="API half",
    read_by="resource-look",
)
LOOK_ANSWERS: Final = Topic(
    name="howdah.look-answers",
    mode=Mode.ORDERED_BATCHES,
    key="resource",
    partitions=4,
    retention_ms=DAY_MS,
    written_by="resource-look",
    read_by="orchestrator → registry",
)

SHARED: Final = (EVENTS, JOBS, CANCELLATIONS, RESOURCES, HEARTBEATS, LOGS, DEAD_LETTERS, LOOKS, LOOK_ANSWERS)


def platform_topics(own_task_types: tuple[str, ...] = ()) -> tuple[Topic, ...]:
    """Return all topics of an installation: the shared ones, the built-in task types', the users' own types'."""
    return (*SHARED, *(tasks(task_type) for task_type in (*BUILT_IN, *own_task_types)))
