"""What the local stack's supervisor is asked over its control socket, and what it answers.

One request a connection: a line of JSON there, a line of JSON back. Only the user who started the stack can connect.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from howdah.contracts.services import MAX_REPLICAS, ServiceDeployment, ServiceName, ServiceReport

ChildName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class _Control(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ChildState(StrEnum):
    """How a child of the supervisor is."""

    WAITING = "waiting"
    """Not started yet, or died and waits for its back-off to pass."""
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"


class GetStatus(_Control):
    """Asks how everything is; answered by ``StackStatus``."""

    kind: Literal["get-status"] = "get-status"


class RestartChild(_Control):
    """Asks to stop one child in order and start it again; answered by ``Accepted`` or ``Refused``."""

    kind: Literal["restart-child"] = "restart-child"
    name: ChildName


class GetServices(_Control):
    """Asks how the services are, or the one with this name; answered by ``Services``."""

    kind: Literal["get-services"] = "get-services"
    name: ServiceName | None = None


class ScaleService(_Control):
    """Asks for this many instances of a task service; answered by ``Accepted`` or ``Refused``."""

    kind: Literal["scale-service"] = "scale-service"
    name: ServiceName
    replicas: int = Field(ge=0, le=MAX_REPLICAS)


class RestartService(_Control):
    """Asks to replace a service's instances one after the other."""

    kind: Literal["restart-service"] = "restart-service"
    name: ServiceName


class DeployService(_Control):
    """Asks to run a custom service as described, from now on and after every start of the stack."""

    kind: Literal["deploy-service"] = "deploy-service"
    name: ServiceName
    deployment: ServiceDeployment


class RollBackService(_Control):
    """Asks to go back to a custom service's revision before the present one."""

    kind: Literal["roll-back-service"] = "roll-back-service"
    name: ServiceName


class RemoveService(_Control):
    """Asks to stop a custom service and forget it."""

    kind: Literal["remove-service"] = "remove-service"
    name: ServiceName


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


class Services(_Control):
    """The services that were asked for, by name."""

    kind: Literal["services"] = "services"
    services: tuple[ServiceReport, ...]


class RefusalReason(StrEnum):
    """Why a request can't be carried out."""

    UNKNOWN = "unknown"
    """There is no such child or service."""
    CONFLICT = "conflict"
    """There is, but this can't be done with it as it is."""
    INVALID = "invalid"
    """The request is wrong: the sentence names the field."""


class Accepted(_Control):
    """The request is being carried out."""

    kind: Literal["accepted"] = "accepted"


class Refused(_Control):
    """The request can't be carried out; the sentence says why."""

    kind: Literal["refused"] = "refused"
    sentence: str
    reason: RefusalReason = RefusalReason.INVALID


ServiceWish = ScaleService | RestartService | DeployService | RollBackService | RemoveService
"""What changes which services run."""
AnyRequest = GetStatus | RestartChild | StopStack | GetServices | ServiceWish
AnyAnswer = StackStatus | Services | Accepted | Refused

REQUESTS: TypeAdapter[AnyRequest] = TypeAdapter(Annotated[AnyRequest, Field(discriminator="kind")])
ANSWERS: TypeAdapter[AnyAnswer] = TypeAdapter(Annotated[AnyAnswer, Field(discriminator="kind")])
MAX_LINE_BYTES = 1_000_000
