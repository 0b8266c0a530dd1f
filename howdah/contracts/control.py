"""What the local stack's supervisor is asked over its control socket, and what it answers.

One request a connection: a line of JSON there, a line of JSON back. Only the user who started the stack can connect.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

ChildName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class _Control(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ChildState(StrEnum):
    """How a child of the supervisor is."""

    WAITING = "waiting"
    """Not started yet, or died and waits for its back-off to pass."""
    STARTING = "starting"
    READY = "ready"
    STOPPED = "stopped"


class GetStatus(_Control):
    """Asks how everything is; answered by ``StackStatus``."""

    kind: Literal["get-status"] = "get-status"


class RestartChild(_Control):
    """Asks to stop one child in order and start it again; answered by ``Accepted`` or ``Refused``."""

    kind: Literal["restart-child"] = "restart-child"
    name: ChildName


class StopStack(_Control):
    """Asks to stop everything; answered by ``Accepted``, and the socket goes away when all is stopped."""

    kind: Literal["stop-stack"] = "stop-stack"


class ChildStatus(_Control):
    """One child, as it is now."""

    name: ChildName
    state: ChildState
    pid: int | None = None
    since: AwareDatetime
    """When it entered this state."""
    restarts: int = Field(default=0, ge=0)
    trouble: str | None = None
    """Why it is not ready, in words; None when it is."""
    log: str = ""
    """The path of its log."""
    health_port: int | None = None


class StackStatus(_Control):
    """All children in starting order, and where the stack is reached."""

    kind: Literal["stack-status"] = "stack-status"
    directory: str
    supervisor_pid: int
    children: tuple[ChildStatus, ...]
    api_url: str | None = None
    kafka_bootstrap: str | None = None


class Accepted(_Control):
    """The request is being carried out."""

    kind: Literal["accepted"] = "accepted"


class Refused(_Control):
    """The request can't be carried out; the sentence says why."""

    kind: Literal["refused"] = "refused"
    sentence: str


Request = Annotated[GetStatus | RestartChild | StopStack, Field(discriminator="kind")]
Answer = Annotated[StackStatus | Accepted | Refused, Field(discriminator="kind")]

REQUESTS: TypeAdapter[GetStatus | RestartChild | StopStack] = TypeAdapter(Request)
ANSWERS: TypeAdapter[StackStatus | Accepted | Refused] = TypeAdapter(Answer)
MAX_LINE_BYTES = 1_000_000
