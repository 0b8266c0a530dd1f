"""What belongs to the agent of one compute resource: its topics, its groups, its account at the broker; nothing else.

An agent runs the same task services at the resource. Each topic of the platform that those services know has one here
that stands for it (``AgentTopics.standing_for``). Everything that an agent tells goes to its one ``events`` topic: the
orchestrator passes on what is about that resource, and nothing more.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from howdah.contracts import topics
from howdah.contracts.errors import ConfigurationError
from howdah.contracts.ids import ResourceId
from howdah.contracts.topics import DAY_MS, FAST, RETENTION_TASKS_MS, SLOW, Lanes, Mode, Topic

PREFIX: Final = "howdah.agents."
AGENT_LANES: Final = Lanes(sizes=((FAST, 3), (SLOW, 1)), shard_size=3)
"""One resource has nobody to be kept apart from: partitions for some replicas, and one where probes pass the rest."""
_EVENT_PARTITIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Access:
    """What an account of the broker may do: read and write exactly these topics, in groups of this prefix."""

    read: tuple[str, ...]
    write: tuple[str, ...]
    groups: str


@dataclass(frozen=True, slots=True)
class AgentTopics:
    """The topics of one resource's agent."""

    resource_id: ResourceId
    tasks: Topic
    looks: Topic
    cancellations: Topic
    jobs: Topic
    events: Topic

    @property
    def all(self) -> tuple[Topic, ...]:
        """Every one of them."""
        return (self.tasks, self.looks, self.cancellations, self.jobs, self.events)

    @property
    def user(self) -> str:
        """The agent's account at the broker."""
        return f"agent-{self.resource_id}"

    @property
    def subject(self) -> str:
        """The agent as the API server knows it: who may use the capabilities of the resource's tasks."""
        return f"agent:{self.resource_id}"

    @property
    def groups(self) -> str:
        """What the names of its consumer groups begin with."""
        return f"{PREFIX}{self.resource_id}."

    @property
    def access(self) -> Access:
        """Its rights: to be sent work, to keep its own table of jobs, to tell what came of it."""
        return Access(
            read=(self.tasks.name, self.looks.name, self.cancellations.name, self.jobs.name),
            write=(self.jobs.name, self.events.name),
            groups=self.groups,
        )

    def standing_for(self, name: str) -> str:
        """Return the agent's topic in place of the platform's topic ``name``; ConfigurationError: there is none."""
        found = self.in_place_of(name)
        if found is None:
            raise ConfigurationError(f"an agent has no topic in place of {name}")
        return found.name

    def in_place_of(self, name: str) -> Topic | None:
        """Return the same, None where what stands on the platform's topic is none of an agent's business."""
        if name.startswith(topics.TASKS_PREFIX):
            return self.tasks
        return self._told_as_events(name) or {
            topics.LOOKS.name: self.looks,
            topics.CANCELLATIONS.name: self.cancellations,
            topics.JOBS.name: self.jobs,
        }.get(name)

    def _told_as_events(self, name: str) -> Topic | None:
        told = (topics.EVENTS, topics.LOGS, topics.HEARTBEATS, topics.LOOK_ANSWERS, topics.DEAD_LETTERS)
        return self.events if name in {topic.name for topic in told} else None


@lru_cache(maxsize=1_024)
def agent_topics(resource_id: ResourceId) -> AgentTopics:
    """Return the topics of the agent of ``resource_id``."""
    writer, agent = "API half", f"the agent of {resource_id}"

    def topic(  # noqa: PLR0913, PLR0917 - a topic's row in the table of the design
        name: str, mode: Mode, key: str, partitions: int, retention_ms: int, written_by: str, read_by: str
    ) -> Topic:
        return Topic(
            name=f"{PREFIX}{resource_id}.{name}",
            mode=mode,
            key=key,
            partitions=partitions,
            retention_ms=retention_ms,
            written_by=written_by,
            read_by=read_by,
            compacted=mode is Mode.TABLE,
            extra={"segment.ms": str(DAY_MS), "min.cleanable.dirty.ratio": "0.2"} if mode is Mode.TABLE else {},
        )

    lane = "none: the partition is lane × shard"
    queue, table = Mode.WORK_QUEUE, Mode.TABLE
    return AgentTopics(
        resource_id=resource_id,
        tasks=topic("tasks", queue, lane, AGENT_LANES.partitions, RETENTION_TASKS_MS, writer, agent),
        looks=topic("looks", queue, lane, AGENT_LANES.partitions, DAY_MS, writer, agent),
        cancellations=topic("cancellations", table, "process", 1, -1, "orchestrator", agent),
        jobs=topic("jobs", table, topics.JOBS.key, 1, -1, agent, agent),
        events=topic(
            "events", Mode.ORDERED_BATCHES, "process", _EVENT_PARTITIONS, RETENTION_TASKS_MS, agent, "orchestrator"
        ),
    )
