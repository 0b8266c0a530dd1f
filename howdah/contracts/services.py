"""Microservices as an operator steers them: what runs in how many instances, and what a custom one is made of.

Words only. Whatever runs the services (Kubernetes, the local stack's supervisor) answers in these.
"""

import re
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from howdah.contracts.ids import TaskType

MAX_REPLICAS: Final = 50
MAX_EVENTS: Final = 200
MAX_VARIABLES: Final = 50
MAX_REVISIONS: Final = 10
"""How many revisions of a service are kept to roll back to."""

ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=50)]
"""Also the service's consumer group; short enough for the names that are derived from it."""
ModuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$", max_length=200)]
ImageName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*(@sha256:[0-9a-f]{64})?$", max_length=500)
]
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,99}")
_OURS: Final = "HOWDAH_"


def _are_variables(variables: dict[str, str]) -> dict[str, str]:
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"{name[:100]!r} is no variable name: use capitals, digits and underscores")
        if name.startswith(_OURS):
            raise ValueError(f"{name} is the platform's to set; use names that do not begin with {_OURS}")
        if "\x00" in value:
            raise ValueError(f"{name} must not contain U+0000")
    return variables


class _Word(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ServiceKind(StrEnum):
    """Whose a service is, and so what may be done with it."""

    PLATFORM = "platform"
    """API server and orchestrator: may be restarted, never scaled or removed from here."""
    BUILT_IN = "built-in"
    """The task services that come with the platform: may be scaled too."""
    CUSTOM = "custom"
    """A task service of a user's own: deployed, rolled back and removed here."""


class InstanceState(StrEnum):
    """How one instance of a service is."""

    WAITING = "waiting"
    """Not started: no room yet, or it died and waits for its back-off to pass."""
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


class ServiceDeployment(_Word):
    """A custom task service. ``image`` is where its program is on Kubernetes, ``directory`` on a local stack."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "example": {
                "task_type": "word-count",
                "module": "word_count",
                "image": "registry.example.org/word-count:1.2",
                "release": "1.2",
                "replicas": 2,
                "environment": {"WORDS_MIN_LENGTH": "3"},
            }
        },
    )
    task_type: TaskType
    """Which tasks it works on: those of ``howdah.tasks.<type>``."""
    module: ModuleName
    """What is run: ``python -m MODULE``."""
    image: ImageName | None = None
    directory: Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f]*$", max_length=1_000)] | None = None
    """The absolute path of the folder that holds the module."""
    release: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=60)] = "1"
    replicas: int = Field(default=1, ge=0, le=MAX_REPLICAS)
    environment: Annotated[
        dict[str, Annotated[str, StringConstraints(max_length=10_000)]],
        Field(max_length=MAX_VARIABLES),
        AfterValidator(_are_variables),
    ] = Field(default_factory=dict)
    """Further variables; nothing secret, since whoever may look at services sees them."""
    cpu_millicores: int = Field(default=500, ge=10, le=64_000)
    """The most processor time of an instance, in thousandths of a core; a local stack does not enforce it."""
    memory_mb: int = Field(default=512, ge=64, le=262_144)
    """The most memory of an instance; a local stack does not enforce it."""


class ServiceInstance(_Word):
    """One running copy of a service."""

    name: str
    state: InstanceState
    since: AwareDatetime | None = None
    restarts: int = Field(default=0, ge=0)
    trouble: str | None = None
    """Why it is not ready, in words; None when it is."""
    revision: str = ""
    """Which revision of the service it runs."""
    where: str = ""
    """The node, or the process id on a local stack."""


class ServiceEvent(_Word):
    """Something that happened to a service or an instance of it."""

    at: AwareDatetime
    about: str
    """The instance's name, or the service's own."""
    reason: str
    message: str
    warning: bool = False
    count: int = Field(default=1, ge=1)


class ServiceStatus(_Word):
    """One service as it is now."""

    name: ServiceName
    kind: ServiceKind
    replicas: int = Field(ge=0)
    """How many instances are wanted."""
    ready: int = Field(ge=0)
    up_to_date: int = Field(ge=0)
    """How many instances run the present revision."""
    release: str = ""
    """What is deployed: a release, or an image's tag."""
    revision: str = ""
    can_roll_back: bool = False
    deployment: ServiceDeployment | None = None
    """Of a custom service: what it was deployed as."""
    backlog: int | None = None
    """Unfinished messages of its topic, by the ledger; None for what has no queue, or when Kafka did not tell."""
    trouble: str | None = None
    """Why fewer instances are ready than wanted, in words."""


class ServiceReport(ServiceStatus):
    """One service with its instances and what happened to them lately, the latest first."""

    instances: tuple[ServiceInstance, ...] = ()
    events: Annotated[tuple[ServiceEvent, ...], Field(max_length=MAX_EVENTS)] = ()
