"""What every message has, and the kinds of text and time that they are made of.

The envelope is flat: ``kind`` and ``version`` say what it is, ``trace`` is a W3C traceparent, ``at`` an aware UTC
instant in microseconds. New optional fields keep the version (readers ignore what they do not know); anything else
raises it.
"""

from datetime import UTC
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

from howdah.contracts.ids import UUID_TEXT, ExperimentId, GatewayId, ProcessId

MAX_MESSAGE_BYTES = 1_000_000

Instant = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]
TraceParent = Annotated[str, StringConstraints(pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]
Words = Annotated[str, StringConstraints(max_length=2_000)]
NativeId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Lane = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,16}$")]


class Message(BaseModel):
    """What every message has."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: str
    version: int
    at: Instant
    trace: TraceParent | None = None


class OfProcess(Message):
    """Belongs to a process: keyed by it, so that its order is kept."""

    gateway_id: Annotated[GatewayId, UUID_TEXT]
    experiment_id: Annotated[ExperimentId, UUID_TEXT]
    process_id: Annotated[ProcessId, UUID_TEXT]
