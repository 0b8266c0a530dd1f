"""What is said and shown about compute resources."""

from collections import Counter
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from api_server.compute_resources.host_keys import HostKey, keys_in_known_hosts
from api_server.http.model import ApiModel, Description, Id, Instant, Name
from howdah.contracts.failures import RetryOverride
from howdah.contracts.params import ArgumentText, EnvironmentName
from howdah.contracts.resources import (
    MAX_JUMP_HOSTS,
    MAX_OPERATION_SECONDS,
    STANDARD_NAMES,
    GridEngineNames,
    ReachKind,
    RemotePath,
    SchedulerKind,
    TransportKind,
)


def _is_plain(path: str) -> str:
    if ".." in path.split("/") or not path.isprintable() or not path.strip("/~"):
        raise ValueError("must be a folder such as /scratch/me or ~/howdah, without '..' and control characters")
    return path.rstrip("/")


Scratch = Annotated[RemotePath, AfterValidator(_is_plain)]
HostName = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9:][A-Za-z0-9._:-]*$")]
UserName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9._][A-Za-z0-9._@-]*$")]
QueueName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
KnownHosts = Annotated[str, StringConstraints(min_length=1, max_length=200_000)]
Seconds = Annotated[float, Field(gt=0, le=MAX_OPERATION_SECONDS, allow_inf_nan=False)]


class Timeouts(ApiModel):
    """How long the services wait for the resource."""

    connect_seconds: Seconds = 20.0
    command_seconds: Seconds = 60.0
    submit_seconds: Seconds = 60.0


class Queue(ApiModel):
    """A queue (partition) of the scheduler; an absent limit is not known and not checked."""

    name: QueueName
    is_default: bool = False
    max_nodes: int | None = Field(default=None, ge=1, le=1_000_000)
    max_cpus_per_node: int | None = Field(default=None, ge=1, le=100_000)
    max_gpus_per_node: int | None = Field(default=None, ge=0, le=1_000)
    """0: the queue has none."""
    max_memory_mb: int | None = Field(default=None, ge=1, le=1_000_000_000)
    max_wall_time_minutes: int | None = Field(default=None, ge=1, le=400 * 24 * 60)


class Jump(ApiModel):
    """A host on the way, logged in to with its own account and credential."""

    host: HostName
    port: int = Field(default=22, ge=1, le=65_535)
    username: UserName
    credential_id: Id
    host_keys: tuple[HostKey, ...] = Field(min_length=1, max_length=20)


class ResourceBody(ApiModel):
    """A compute resource as an administrator of the gateway describes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "cluster",
                "description": "The department's cluster",
                "transport": "ssh",
                "scheduler": "slurm",
                "host": "login.cluster.example.org",
                "port": 22,
                "username": "gateway",
                "credential_id": "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11",
                "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8vOuWD4n/aPgkNzLdGbOHBBxtqHbaCnhgZNP4cHYbW"],
                "scratch": "/scratch/gateway",
                "queues": [{"name": "debug", "is_default": True, "max_nodes": 4, "max_wall_time_minutes": 60}],
            }
        },
    )
    name: Name
    description: Description = ""
    reach: ReachKind = ReachKind.SSH
    """``agent``: an agent at the resource fetches the tasks; it needs no host, account or credential here."""
    transport: TransportKind = TransportKind.SSH
    """``local`` works on the machine of the services themselves: platform administrators only."""
    scheduler: SchedulerKind
    host: HostName = "localhost"
    port: int = Field(default=22, ge=1, le=65_535)
    username: UserName | None = None
    credential_id: Id | None = None
    host_keys: tuple[HostKey, ...] = Field(default=(), max_length=20)
    """Pinned: a host that shows another key is refused. Lines of known_hosts, ``@cert-authority`` and ``@revoked`` too.

    Without any, nothing is sent to the host until a key that it showed to a test was confirmed."""
    known_hosts: KnownHosts | None = None
    """A known_hosts file, in place of ``host_keys``: what it says about this host is pinned."""
    jump_hosts: tuple[Jump, ...] = Field(default=(), max_length=MAX_JUMP_HOSTS)
    """The way there, in order; empty when the services reach the host directly."""
    scratch: Scratch = "~/howdah"
    environment: dict[EnvironmentName, ArgumentText] = Field(default_factory=dict, max_length=100)
    timeouts: Timeouts = Timeouts()
    grid_engine: GridEngineNames = STANDARD_NAMES
    """What a Grid Engine's administrator called things; other schedulers ignore it."""
    retry: RetryOverride = RetryOverride()
    """What is different about retries there; what is left out stays as the task types say."""
    enabled: bool = True
    queues: tuple[Queue, ...] = Field(default=(), max_length=500)

    @model_validator(mode="before")
    @classmethod
    def _an_agent_is_there(cls, given: Any) -> Any:  # noqa: ANN401 - whatever was sent
        """Where an agent works the transport goes without saying."""
        if isinstance(given, dict) and given.get("reach") == ReachKind.AGENT:
            return {"transport": TransportKind.LOCAL.value, **given}
        return given

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.reach is ReachKind.AGENT:
            self._check_agent()
        needed = ("username", "credential_id") if self.transport is TransportKind.SSH else ()
        if missing := [name for name in needed if not getattr(self, name)]:
            raise ValueError(f"{missing[0]}: needed to reach {self.host} by SSH")
        if self.jump_hosts and self.transport is not TransportKind.SSH:
            raise ValueError("jump_hosts: they lead to a host that is reached by SSH")
        if self.known_hosts is not None:
            self._read_known_hosts(self.known_hosts)
        if twice := [name for name, times in Counter(queue.name for queue in self.queues).items() if times > 1]:
            raise ValueError(f"queues: the name {twice[0]!r} is used more than once")
        if sum(queue.is_default for queue in self.queues) > 1:
            raise ValueError("queues: more than one is the default; mark one")
        return self

    def _check_agent(self) -> None:
        if self.transport is not TransportKind.LOCAL:
            raise ValueError("transport: an agent works where it runs: leave it out, or say local")
        if beyond := [
            name for name in ("username", "credential_id", "host_keys", "known_hosts") if getattr(self, name)
        ]:
            raise ValueError(f"{beyond[0]}: would be ignored: an agent logs in nowhere, it works as who started it")

    def _read_known_hosts(self, text: str) -> None:
        if self.host_keys:
            raise ValueError("known_hosts: give either it or host_keys, and not both")
        try:
            lines = keys_in_known_hosts(text, self.host, self.port)
        except ValueError as error:
            raise ValueError(f"known_hosts: {error}") from None
        # The model is frozen for its users; here it is still in the making.
        object.__setattr__(self, "host_keys", lines)
        object.__setattr__(self, "known_hosts", None)


class ResourceShown(ApiModel):
    """A compute resource."""

    id: Id
    name: str
    description: str
    reach: ReachKind
    transport: TransportKind
    scheduler: SchedulerKind
    host: str
    port: int
    username: str | None
    credential_id: Id | None
    host_keys: list[str]
    jump_hosts: list[Jump]
    scratch: str
    environment: dict[str, str]
    timeouts: Timeouts
    grid_engine: GridEngineNames
    retry: RetryOverride
    enabled: bool
    queues: list[Queue]
    version: int
    created_at: Instant
    updated_at: Instant
