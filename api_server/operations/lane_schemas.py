"""The bodies of the lanes' routes, as OpenAPI tells them."""

from typing import Annotated, Literal

from pydantic import Field

from api_server.http.model import ApiModel, Instant
from howdah.contracts import lanes


class LanePause(ApiModel):
    """Who paused a lane, when, and why."""

    since: Instant
    actor: str
    reason: str


class Lane(ApiModel):
    """One lane of one task type: the last ten minutes, and now, of the caller's gateway."""

    type: str
    lane: str
    paused: LanePause | None
    """While it is there nothing is handed out: what is in hand is finished, the rest waits in its order."""
    waiting: int
    oldest_at: Instant | None
    """Since when the longest waiting task has waited for a worker."""
    running: int
    retrying: int
    published: int
    ended: int
    failed: int
    wait_seconds: float | None
    wait_p95_seconds: float | None
    next: Annotated[str, Field(examples=["12 tasks wait, the first for 3 s; a worker takes them up in turn."])]


class Lanes(ApiModel):
    """Both lanes of every task type."""

    items: list[Lane]
    next_cursor: None = None


class PauseRequest(ApiModel):
    """Why nothing is to be handed out; everybody who waits is told."""

    reason: Annotated[lanes.Reason, Field(examples=["the staging server is moved"])] = ""


class LaneControl(ApiModel):
    """Whether a lane is paused, since when, and who said so."""

    type: str
    lane: str
    paused: bool
    since: Instant
    actor: str
    reason: str


class LanePartition(ApiModel):
    """A partition of a task topic, as the instance that holds it tells."""

    number: int
    lane: str
    instance_id: str | None
    """Null: no instance that is alive holds it, and what is in it waits."""
    host: str | None
    pid: int | None
    watermark: int | None
    """The lowest offset that is not finished: what a successor begins with."""
    finished_beyond: int
    """How many later ones are finished: the ledger keeps account of them."""
    gaps: int
    """In how many stretches the unfinished ones lie."""
    in_flight: int
    backlog: int
    oldest_at: Instant | None
    held: bool
    """Its lane is paused, and the instance knows."""


class LaneRebalance(ApiModel):
    """Partitions that came to an instance or left it."""

    at: Instant
    what: Literal["assigned", "revoked", "lost"]
    partitions: list[int]
    instance_id: str
    host: str
    pid: int


class LanePartitions(ApiModel):
    """The partitions of a task type's topic with those who hold them, and the latest rebalances, newest first."""

    topic: str
    items: list[LanePartition]
    rebalances: list[LaneRebalance]
    next_cursor: None = None
