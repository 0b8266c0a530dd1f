"""Parameters and outputs of the built-in task types: ``plan`` writes them, the services read them.

A work directory belongs to a process. Files in it are named relative to it and never leave it.
"""

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from howdah.contracts.containers import Container
from howdah.contracts.ids import UUID_TEXT, TaskId
from howdah.contracts.native import NativeDirectives
from howdah.contracts.paths import RelativePath
from howdah.contracts.resources import RemotePath
from howdah.contracts.storage import Delivery, Origin

ENV_SETUP = "env-setup"
INPUT_STAGING = "input-staging"
JOB_SUBMISSION = "job-submission"
JOB_MONITORING = "job-monitoring"
OUTPUT_STAGING = "output-staging"
ENV_CLEANUP = "env-cleanup"
COMMAND = "command"

BUILT_IN: tuple[str, ...] = (
    ENV_SETUP,
    INPUT_STAGING,
    JOB_SUBMISSION,
    JOB_MONITORING,
    OUTPUT_STAGING,
    ENV_CLEANUP,
    COMMAND,
)

OF_JOBS: Final = frozenset({JOB_SUBMISSION, JOB_MONITORING})
"""The tasks that make a job and follow it: they alone know whether there is one, and end it on request."""

MAX_FILE_BYTES = 1 << 40


ObjectUri = Annotated[str, StringConstraints(max_length=1_200, pattern=r"^howdah://objects/[A-Za-z0-9._~/+=@,-]+$")]
"""An object in the platform's object store."""
OBJECTS: Final = "howdah://objects/"
SourceText = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)]
ArgumentText = Annotated[str, StringConstraints(max_length=32_768, pattern=r"^[^\x00]*$")]
ReservationName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@#-]{1,128}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Params(BaseModel):
    """Strict on purpose: a misspelt parameter is an error of the planner, to be told, not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EnvSetupParams(_Params):
    """Make the process's work directory with everything below it that later tasks rely on."""

    work_dir: RemotePath
    subdirectories: tuple[RelativePath, ...] = ()


class InputStagingParams(_Params):
    """Bring one input file into the work directory."""

    work_dir: RemotePath
    source: SourceText
    """An object of the platform's store; with ``origin``, what people call that."""
    origin: Origin | None = None
    """Where it is read, when not in the platform's store."""
    target: RelativePath
    size_bytes: int | None = Field(default=None, ge=0, le=MAX_FILE_BYTES)
    sha256: Sha256 | None = None
    """Checked after the transfer, and used to skip a transfer that was done already."""
    max_bytes: int = Field(default=MAX_FILE_BYTES, ge=0, le=MAX_FILE_BYTES)
    executable: bool = False

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> Self:
        if self.origin is None and not self.source.startswith(OBJECTS):
            raise ValueError(f"source: must begin with {OBJECTS} where there is no origin")
        return self


class JobSpec(_Params):
    """The job: what runs and what it asks of the scheduler. Absent limits leave the choice to the queue."""

    executable: ArgumentText
    arguments: tuple[ArgumentText, ...] = ()
    environment: dict[EnvironmentName, ArgumentText] = Field(default_factory=dict)
    modules: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/+-]{1,200}$")], ...] = ()
    pre_commands: tuple[ArgumentText, ...] = ()
    """Lines of shell that the deployment's author wrote, run before the application in the work directory."""
    post_commands: tuple[ArgumentText, ...] = ()
    queue: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")] | None = None
    account: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")] | None = None
    reservation: ReservationName | None = None
    qos: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")] | None = None
    nodes: int = Field(default=1, ge=1, le=100_000)
    tasks_per_node: int = Field(default=1, ge=1, le=10_000)
    cpus_per_task: int = Field(default=1, ge=1, le=10_000)
    gpus_per_node: int | None = Field(default=None, ge=1, le=1_000)
    memory_mb: int | None = Field(default=None, ge=1, le=100_000_000)
    """For each node."""
    wall_time_minutes: int | None = Field(default=None, ge=1, le=400 * 24 * 60)
    requeue: bool = False
    """Whether the application bears being started again by the scheduler."""
    native: NativeDirectives = ()
    """What only the scheduler at hand knows, in its own words; checked by ``howdah.contracts.native``."""
    container: Container | None = None
    """The image in which the application runs; commands before and after it run outside."""
    stdout: RelativePath = "stdout.txt"
    stderr: RelativePath = "stderr.txt"


class EarlierSubmission(_Params):
    """A submission of an earlier run of the experiment, in the same work directory."""

    task_id: Annotated[TaskId, UUID_TEXT]
    generation: int = Field(ge=1, le=1_000_000)
    job_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]


class JobSubmissionParams(_Params):
    """Submit the job, once: the claim is kept in ``work_dir`` under (task, generation)."""

    work_dir: RemotePath
    job: JobSpec
    job_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
    """Unique to (submission task, generation); stable over attempts and redeliveries."""
    generation: int = Field(default=1, ge=1, le=1_000_000)
    monitoring_task_id: Annotated[TaskId, UUID_TEXT]
    claim_task_id: Annotated[TaskId, UUID_TEXT] | None = None
    """Whose claim it is, where a run goes on with the submission of an earlier one: what that one may have submitted
    is adopted. Absent: the task's own."""
    earlier_attempts: int = Field(default=0, ge=0, le=1_000_000)
    """How many attempts the claim has seen in earlier runs: its attempts are counted on from there."""
    supersedes: EarlierSubmission | None = None
    """The generation before this one: it is made sure that its job does not run before another is submitted."""


class JobMonitoringParams(_Params):
    """Follow the job of ``submission_task_id`` until it ends."""

    work_dir: RemotePath
    job_name: str
    generation: int = Field(default=1, ge=1)
    submission_task_id: Annotated[TaskId, UUID_TEXT]
    claim_task_id: Annotated[TaskId, UUID_TEXT] | None = None
    """As in the submission's parameters."""
    native_id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """Bound to the output of the submission."""
    stderr: RelativePath = "stderr.txt"
    """The job's error output, whose tail explains a failure; as in its ``JobSpec``."""


class OutputForm(StrEnum):
    """What an output is on the resource, and in what form it is brought back."""

    FILE = "file"
    FILES = "files"
    """All regular files that fit a pattern, each as an object of its own."""
    DIRECTORY = "directory"
    """As one tar file."""
    WORK_DIRECTORY = "work-directory"
    """All of it, as one tar file."""


MAX_OUTPUT_FILES: Final = 1_000
MAX_DELIVERIES: Final = 20
"""To how many places one output may be delivered."""


class OutputStagingParams(_Params):
    """Bring one output from the work directory into the object store."""

    work_dir: RemotePath
    source: RelativePath
    """A file, a pattern or a directory, as ``form`` says; ignored for the work directory itself."""
    target: ObjectUri
    """Where it is put; for several files what their URIs begin with: ``<target>/<number>``."""
    name: str
    """The output's name in the application interface."""
    form: OutputForm = OutputForm.FILE
    max_files: int = Field(default=100, ge=1, le=MAX_OUTPUT_FILES)
    required: bool = True
    """A required output that is missing is a permanent failure; an optional one is reported as absent."""
    max_bytes: int = Field(default=MAX_FILE_BYTES, ge=0, le=MAX_FILE_BYTES)
    deliveries: tuple[Delivery, ...] = Field(default=(), max_length=MAX_DELIVERIES, exclude_if=lambda all_: not all_)
    """Not written where there are none: what releases before deliveries read, too."""


class EnvCleanupParams(_Params):
    """Remove what the process left on the resource, or keep it."""

    work_dir: RemotePath
    remove: bool = True


class CommandParams(_Params):
    """Run one command on the resource and keep its output: an argument vector, never shell text."""

    argv: tuple[ArgumentText, ...] = Field(min_length=1, max_length=1_000)
    work_dir: RemotePath | None = None
    environment: dict[EnvironmentName, ArgumentText] = Field(default_factory=dict)
    timeout_seconds: float = Field(default=300.0, gt=0, le=86_400)
    idempotent: bool = False
    """Whether it may simply be run again when nobody knows whether it had run."""


class StagedPart(_Params):
    """One of several files that one task brought."""

    path: str
    """Relative to the work directory."""
    uri: str
    size_bytes: int = Field(ge=0)
    sha256: Sha256


class StagedFile(_Params):
    """The output of both staging tasks, as ``TaskCompleted.outputs``."""

    uri: str
    size_bytes: int = Field(ge=0)
    """Of several files, all of them."""
    sha256: Sha256
    """Of several files, the digest of their digests in order, one a line."""
    present: bool = True
    form: OutputForm = OutputForm.FILE
    files: tuple[StagedPart, ...] = ()
    """What there is where the output is several files."""
    delivered: tuple[str, ...] = Field(default=(), exclude_if=lambda all_: not all_)
    """Where it was put besides, as its deliveries call it."""


class SubmittedJob(_Params):
    """The output of job-submission, as ``TaskCompleted.outputs``."""

    native_id: str
    adopted: bool = False
    """True when an earlier attempt had submitted it and this one only found it."""
