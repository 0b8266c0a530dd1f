"""The rows of compacted tables: what is so until a newer row, or a tombstone, says otherwise."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from howdah.contracts.envelope import Instant, NativeId, OfProcess, Words
from howdah.contracts.ids import UUID_TEXT, CommandId, TaskId
from howdah.contracts.paths import RelativePath
from howdah.contracts.resources import RemotePath, ResourceTarget
from howdah.contracts.states import JobState


class JobRecord(OfProcess):
    """A live job, followed by the monitor. Keyed by ``key()``; partitioned by resource; a tombstone ends it."""

    kind: Literal["job-record"] = "job-record"
    version: Literal[1] = 1
    task_id: Annotated[TaskId, UUID_TEXT]
    """The submission task."""
    claim_task_id: Annotated[TaskId, UUID_TEXT] | None = None
    """Under whose id the claim stands on the resource, where that is an earlier run's task."""
    attempt: int = Field(ge=1)
    generation: int = Field(ge=1)
    job_name: str
    native_id: NativeId | None = None
    """None: nobody knows whether there is such a job; only a reaper looks for it."""
    work_dir: RemotePath
    target: ResourceTarget
    capability: str | None = Field(default=None, repr=False)
    monitoring_task_id: Annotated[TaskId, UUID_TEXT]
    monitoring_attempt: int | None = None
    """The attempt that awaits the terminal event; None until the monitoring task was published."""
    monitoring_command_id: Annotated[CommandId, UUID_TEXT] | None = None
    state: JobState = JobState.SUBMITTED
    missing_since: Instant | None = None
    """When the scheduler first did not know the job: the grace runs from here, over rebalances."""
    revision: int = Field(default=0, ge=0)
    """Counts the monitor's changes of ``state`` and ``missing_since``: the greater one is the later word."""
    stderr: RelativePath = "stderr.txt"
    """Where the job writes its errors: the tail explains a failure."""
    cancel_since: Instant | None = None
    """When the process's cancellation was asked for: the job is to end, also once the cancellation is forgotten."""
    reaping: bool = False
    """The process ended as canceled without the resource's word: nobody waits, only the cancel goes on."""

    @model_validator(mode="after")
    def _is_followed_by_its_id(self) -> "JobRecord":
        if self.native_id is None and not self.reaping:
            raise ValueError("native_id: only a job that is reaped may be without")
        return self

    def key(self) -> str:
        """Return the compaction key: one row for each job."""
        return f"{self.target.resource_id}/{self.task_id}/{self.generation}"


class Cancellation(OfProcess):
    """The process is to stop: every service replica knows it. Keyed by process; a tombstone once it ended."""

    kind: Literal["cancellation"] = "cancellation"
    version: Literal[1] = 1
    reason: Words = ""
