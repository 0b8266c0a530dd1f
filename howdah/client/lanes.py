"""Lanes of task types: what waits in them, who holds their partitions. Platform administrators pause them."""

from datetime import datetime

from pydantic import Field

from howdah.client.connection import Connection
from howdah.client.models import Answer

_PATH = "/lanes"


class LanePause(Answer):
    """Who paused a lane, when, and why."""

    since: datetime
    actor: str
    reason: str = ""


class Lane(Answer):
    """One lane of one task type: what the gateway has in it."""

    type: str
    lane: str
    paused: LanePause | None = None
    waiting: int = 0
    oldest_at: datetime | None = None
    running: int = 0
    retrying: int = 0
    next: str = ""


class Lanes(Answer):
    """Both lanes of every task type."""

    items: list[Lane]


class LaneControl(Answer):
    """Whether a lane is paused, since when, and who said so."""

    type: str
    lane: str
    paused: bool
    since: datetime
    actor: str
    reason: str = ""


class LanePartition(Answer):
    """A partition, its ledger, and the instance that holds it (none: what is in it waits)."""

    number: int
    lane: str
    instance_id: str | None = None
    host: str | None = None
    pid: int | None = None
    watermark: int | None = None
    finished_beyond: int = 0
    gaps: int = 0
    in_flight: int = 0
    backlog: int = 0
    oldest_at: datetime | None = None
    held: bool = False


class LaneRebalance(Answer):
    """Partitions that came to an instance or left it."""

    at: datetime
    what: str
    partitions: list[int]
    host: str
    pid: int


class LanePartitions(Answer):
    """The partitions of a type's topic, and the latest rebalances."""

    topic: str
    items: list[LanePartition]
    rebalances: list[LaneRebalance] = Field(default_factory=list)


class LaneCalls:
    """Looks at lanes (scope experiments:read; their partitions: operations:read), pauses and resumes them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> Lanes:
        """Return both lanes of every task type."""
        return self._connection.get(_PATH, Lanes)

    def partitions(self, task_type: str) -> LanePartitions:
        """Return who holds which partition of a type's topic."""
        return self._connection.get(f"{_PATH}/{task_type}/partitions", LanePartitions)

    def pause(self, task_type: str, lane: str, reason: str = "") -> LaneControl:
        """Let nothing of the lane be taken up until it is resumed; everybody who waits is told the reason."""
        return self._connection.post(f"{_PATH}/{task_type}/{lane}/pause", {"reason": reason}, LaneControl)

    def resume(self, task_type: str, lane: str) -> LaneControl:
        """Go on with a lane that is paused."""
        return self._connection.post(f"{_PATH}/{task_type}/{lane}/resume", {}, LaneControl)
