"""The sign of life of a microservice instance, broadcast every few seconds."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from howdah.contracts.envelope import Instant, Message, Words
from howdah.contracts.ids import UUID_TEXT, InstanceId

MAX_PARTITIONS: Final = 200
"""Of one queue; what an instance holds beyond that is not told."""
MAX_REBALANCES: Final = 10


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PartitionReport(_Told):
    """How it stands with a partition that the instance holds."""

    number: int = Field(ge=0)
    watermark: int = Field(ge=0)
    """The lowest offset that is not finished."""
    finished_beyond: int = Field(ge=0)
    """Finished offsets above the watermark: the ledger keeps account of them."""
    gaps: int = Field(ge=0)
    """In how many stretches the unfinished offsets below the highest finished one lie: 0 where all ended in order."""
    in_flight: int = Field(ge=0)
    backlog: int = Field(ge=0)
    """Unfinished messages, those in flight among them."""
    oldest_at: Instant | None = None
    """When the oldest unfinished message that the instance has read was written."""
    held: bool = False
    """Its lane is paused: nothing is handed out."""


class Rebalance(_Told):
    """Partitions that came or went."""

    at: Instant
    what: Literal["assigned", "revoked", "lost"]
    partitions: tuple[int, ...] = Field(max_length=MAX_PARTITIONS)


class QueueReport(_Told):
    """How it stands with one topic that the instance consumes."""

    topic: str
    partitions: tuple[PartitionReport, ...] = Field(default=(), max_length=MAX_PARTITIONS)
    rebalances: tuple[Rebalance, ...] = Field(default=(), max_length=MAX_REBALANCES)
    """The latest ones, the oldest of them first."""


class Heartbeat(Message):
    """A microservice instance is alive."""

    kind: Literal["heartbeat"] = "heartbeat"
    version: Literal[1] = 1
    instance_id: Annotated[InstanceId, UUID_TEXT]
    service: str
    release: str
    host: str
    pid: int
    started_at: Instant
    in_flight: int = Field(ge=0)
    stopping: bool = False
    last_error: Words | None = None
    queues: tuple[QueueReport, ...] = Field(default=(), max_length=100)
