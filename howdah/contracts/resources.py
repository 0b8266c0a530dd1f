"""A compute resource as a command carries it: everything a service needs to reach it, except the secret."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from howdah.contracts.failures import OUTAGE_SECONDS, RetryOverride
from howdah.contracts.ids import UUID_TEXT, CredentialId, ResourceId

RemotePath = Annotated[str, StringConstraints(pattern=r"^(/|~/)[^\x00\n\r]*$", max_length=1_000)]
"""A path on the resource, absolute or below the login user's home (``~/``)."""

HostKeyLine = Annotated[
    str, StringConstraints(max_length=2_000, pattern=r"^(@(cert-authority|revoked) )?\S+ \S+$", strip_whitespace=True)
]
"""A trusted public key, ``<type> <base64>``; with ``@cert-authority`` before it, one that signs host certificates for
this host; with ``@revoked``, one that is never trusted."""

MAX_OPERATION_SECONDS: Final = 600.0
MAX_JUMP_HOSTS: Final = 4


class TransportKind(StrEnum):
    """How a service works on a resource."""

    SSH = "ssh"
    LOCAL = "local"


class ReachKind(StrEnum):
    """Who works on a resource."""

    SSH = "ssh"
    """The platform's own services, which log in there (or are there already: ``TransportKind.LOCAL``)."""
    AGENT = "agent"
    """An agent at the resource, which fetches the tasks from topics of its own."""


class SchedulerKind(StrEnum):
    """Who runs jobs there. FORK starts them as plain child processes of the login node."""

    SLURM = "slurm"
    PBS = "pbs"
    """PBS Professional and OpenPBS; not Torque."""
    LSF = "lsf"
    SGE = "sge"
    """Grid Engine: Sun, Open, Univa (Altair), Son of."""
    HTCONDOR = "htcondor"
    FORK = "fork"


ResourceWord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]


class GridEngineNames(BaseModel):
    """What a Grid Engine's administrator called things, which have no standard names. Other schedulers ignore it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parallel_environment: ResourceWord = "smp"
    """The parallel environment of jobs that use several slots of one node."""
    multi_node_environment: ResourceWord | None = None
    """The one of jobs on several nodes; where there is none, such jobs are refused before launch."""
    memory_resource: ResourceWord = "h_vmem"
    """The consumable in which memory is asked for, per slot."""
    gpu_resource: ResourceWord = "gpu"


STANDARD_NAMES: Final = GridEngineNames()


class JumpHost(BaseModel):
    """A host on the way: logged in to with its own account, credential and keys, and asked to pass the bytes on."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    host: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9._:-]+$")]
    port: int = Field(default=22, ge=1, le=65_535)
    username: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9._][A-Za-z0-9._@-]*$")]
    credential_id: Annotated[CredentialId, UUID_TEXT]
    host_keys: tuple[HostKeyLine, ...] = Field(default=(), max_length=20)


class ResourceTarget(BaseModel):
    """Where and as whom to work: one login account of one compute resource."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    resource_id: Annotated[ResourceId, UUID_TEXT]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    reach: ReachKind = ReachKind.SSH
    transport: TransportKind = TransportKind.SSH
    scheduler: SchedulerKind = SchedulerKind.FORK
    host: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9._:-]+$")] = "localhost"
    port: int = Field(default=22, ge=1, le=65_535)
    username: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9._][A-Za-z0-9._@-]*$")] | None = None
    credential_id: Annotated[CredentialId, UUID_TEXT] | None = None
    host_keys: tuple[Annotated[str, StringConstraints(max_length=2_000)], ...] = ()
    """What the host may show (``HostKeyLine``). A host that shows another key is refused; with none at all, any host is
    until a person has confirmed its key."""
    jump_hosts: tuple[JumpHost, ...] = Field(default=(), max_length=MAX_JUMP_HOSTS)
    """The way there, in order; empty for a host that is reached directly."""
    scratch: RemotePath = "~/howdah"
    connect_timeout_seconds: float = Field(default=20.0, gt=0, le=MAX_OPERATION_SECONDS)
    command_timeout_seconds: float = Field(default=60.0, gt=0, le=MAX_OPERATION_SECONDS)
    submit_timeout_seconds: float = Field(default=60.0, gt=0, le=MAX_OPERATION_SECONDS)
    environment: dict[str, str] = Field(default_factory=dict, max_length=100)
    """Set before every scheduler command (``SLURM_CONF`` and the like)."""
    grid_engine: GridEngineNames = STANDARD_NAMES
    retry: RetryOverride | None = None
    """What it says about retries, where that differs from the task types' own."""

    @model_validator(mode="after")
    def _ssh_knows_whom_to_trust(self) -> "ResourceTarget":
        if self.reach is ReachKind.AGENT and self.transport is not TransportKind.LOCAL:
            raise ValueError("transport: an agent works where it runs, so its transport is local")
        if self.transport is TransportKind.SSH:
            missing = [name for name in ("username", "credential_id") if not getattr(self, name)]
            if missing:
                raise ValueError(f"{missing[0]}: needed to reach {self.host} by SSH")
        return self

    @property
    def credential_ids(self) -> tuple[CredentialId, ...]:
        """Every credential that the way there takes."""
        own = (self.credential_id,) if self.credential_id else ()
        return (*own, *(hop.credential_id for hop in self.jump_hosts))

    @property
    def account(self) -> str:
        """``user@host:port``: what a connection pool, a monitor's query or a circuit is kept for."""
        return f"{self.username or 'local'}@{self.host}:{self.port}"

    @property
    def outage_seconds(self) -> float:
        """How long tasks wait for it while it is away; 0: they do not."""
        said = None if self.retry is None else self.retry.outage_seconds
        return OUTAGE_SECONDS if said is None else said
