"""Looking at a resource: what can be looked at, and what comes of it. A look changes nothing that anybody relies on."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from howdah.contracts.failures import Failure
from howdah.contracts.ids import UUID_TEXT, TaskId
from howdah.contracts.params import MAX_FILE_BYTES, JobSubmissionParams, ObjectUri, Sha256
from howdah.contracts.paths import RelativePath
from howdah.contracts.resources import RemotePath, SchedulerKind

RESOURCE_LOOK = "resource-look"
"""The service that looks, and the name that its grants bear."""
LOOK_SECONDS = 120.0
"""How long a look may take from the request to its answer."""


class LookKind(StrEnum):
    """What is looked at. A new kind needs a handler in ``services.resource_look`` and nothing else on the way."""

    REACHABILITY = "reachability"
    """Everything from the name to the scheduler, step by step: ``ReachabilityReport``."""
    FILE = "file"
    """Some bytes of a file in a process's work directory, kept in the object store: ``FilePart``."""
    OUTPUT = "output"
    """A whole file in a process's work directory, as it stands: ``OutputSnapshot``."""
    SCRIPT = "script"
    """The batch script of a job, as it would be submitted; nobody logs in for it: ``BatchScript``."""
    QUEUES = "queues"
    """How full the scheduler's queues are, with everybody's jobs: ``QueueReport``."""


class StepName(StrEnum):
    """The steps of the way to a resource, in their order."""

    NAME = "name"
    TCP = "tcp"
    HOST_KEY = "host-key"
    LOGIN = "login"
    SHELL = "shell"
    SCRATCH = "scratch"
    SCHEDULER = "scheduler"


class Passing(StrEnum):
    """How a step went."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not reached"


class StepReport(BaseModel):
    """One step on one host of the way."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    step: StepName
    host: str
    passing: Passing
    sentence: Annotated[str, StringConstraints(max_length=2_000)] = ""
    """What was found, or what went wrong."""
    advice: Annotated[str, StringConstraints(max_length=1_000)] = ""
    """What to do about a step that failed."""
    seconds: float = Field(default=0.0, ge=0)
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    """What a program may want: ``host_key``, ``fingerprint``, ``free_bytes``, ``version``, ``queues`` …"""


class ReachabilityReport(BaseModel):
    """The way to a resource, walked once."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    reached: bool
    """Whether every step passed: jobs can run there."""
    steps: tuple[StepReport, ...]
    failure: Failure | None = None
    """What the first step that failed would be for a task."""


MAX_PART_BYTES: Final = 4 << 20
"""What one look at a file brings at most: it is held in memory on its way."""
CHECKED_BYTES: Final = 64
"""How many bytes before a part tell whether the file went on as it was, or began anew."""


class PartRequest(BaseModel):
    """Which bytes of a file are wanted, as ``LookAtResource.params``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    work_dir: RemotePath
    path: RelativePath
    start: int = Field(ge=-MAX_FILE_BYTES, le=MAX_FILE_BYTES)
    """A negative one counts from the end, but begins no earlier than ``known_bytes``."""
    known_bytes: int = Field(default=0, ge=0, le=MAX_FILE_BYTES)
    limit: int = Field(ge=1, le=MAX_PART_BYTES)
    target: ObjectUri
    """Where the bytes are put; written only when there are some."""
    checked_bytes: int = Field(default=0, ge=0, le=CHECKED_BYTES)
    """So many bytes before ``start`` (or ``known_bytes``) must still have the digest ``checked_sha256``."""
    checked_sha256: Sha256 | None = None


class FilePart(BaseModel):
    """What a look at a file saw and brought."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    present: bool
    size_bytes: int = Field(default=0, ge=0)
    """Of the whole file, at that moment."""
    start: int = Field(default=0, ge=0)
    length: int = Field(default=0, ge=0)
    """Of the part that was brought; zero when there was nothing."""
    continued: bool = True
    """False when the file is not the one that the bytes before came from: it was truncated or written anew."""
    checked_bytes: int = Field(default=0, ge=0)
    checked_sha256: Sha256 | None = None
    """Of the part's last ``checked_bytes``, to be asked for with the next."""


MAX_SNAPSHOT_BYTES: Final = 1 << 30
"""What an output may have that is fetched while the run goes on."""


class SnapshotRequest(BaseModel):
    """Which file is wanted whole, as ``LookAtResource.params``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    work_dir: RemotePath
    path: RelativePath
    target: ObjectUri
    max_bytes: int = Field(default=MAX_SNAPSHOT_BYTES, ge=0, le=MAX_SNAPSHOT_BYTES)


class OutputSnapshot(BaseModel):
    """A file as it stood at a moment, brought whole."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    present: bool
    size_bytes: int = Field(default=0, ge=0)
    sha256: Sha256 | None = None


MAX_SCRIPT_CHARS: Final = 200_000
"""What is shown of a script at most."""


class ScriptRequest(BaseModel):
    """Whose script is wanted, as ``LookAtResource.params``."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    task_id: Annotated[TaskId, UUID_TEXT]
    submission: JobSubmissionParams


class BatchScript(BaseModel):
    """A job's batch script with the options beside which it is submitted. A ``~`` is the login user's home."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: Annotated[str, StringConstraints(max_length=MAX_SCRIPT_CHARS)]
    truncated: bool = False
    options: tuple[str, ...] = ()
    """Of the scheduler's submit command, in their order; empty where the script itself says all."""


class QueueState(BaseModel):
    """A queue at one moment, with everybody's jobs that the account may see."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    starts_jobs: bool
    """False while it is down, stopped or drained."""
    pending: int = Field(ge=0)
    """Jobs that wait for their turn; not those that somebody holds, or that wait for another job or a date."""
    running: int = Field(ge=0)
    free_cores: int | None = Field(default=None, ge=0)
    """None where the scheduler's list does not tell."""


MAX_QUEUES: Final = 500
READ_QUEUES: Final = frozenset({SchedulerKind.SLURM, SchedulerKind.PBS, SchedulerKind.LSF})
"""Whose queues can be looked at. Processes of a login node (fork) wait for nobody."""


class QueueReport(BaseModel):
    """The queues of a resource."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    queues: Annotated[tuple[QueueState, ...], Field(max_length=MAX_QUEUES)]
