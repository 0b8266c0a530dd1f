"""The sign of life of a microservice instance, broadcast every few seconds."""

from typing import Annotated, Literal

from pydantic import Field

from howdah.contracts.envelope import Instant, Message, Words
from howdah.contracts.ids import UUID_TEXT, InstanceId


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
