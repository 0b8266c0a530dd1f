"""Files of a run: where a job writes them on its resource, and what of them was brought back."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydantic import ValidationError

from api_server.experiments import service
from api_server.objects.outputs import checked_key
from api_server.problems import NotFoundError
from api_server.registry.repositories import run_reads
from api_server.registry.repositories.rows import Row
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.params import JOB_MONITORING, OUTPUT_STAGING
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.states import JobState, ProcessState, TaskState, is_terminal


class LogStream(StrEnum):
    """What a job prints."""

    STDOUT = "stdout"
    STDERR = "stderr"


_DEFAULTS: Final = {LogStream.STDOUT: "stdout.txt", LogStream.STDERR: "stderr.txt"}
_STARTED: Final = frozenset({JobState.ACTIVE, JobState.SUSPENDED})


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was brought back whole."""

    key: str
    size_bytes: int
    sha256: str
    name: str


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a run's work directory."""

    gateway_id: str
    process_id: str
    work_dir: str
    path: str
    target: ResourceTarget | None
    """Where to look; None when the run has no resource that can be looked at."""
    job_state: JobState | None
    submitted: bool
    """Whether the scheduler has the job: before, there is no file."""
    ended: bool
    """Whether nothing writes to it any more."""
    stored: Stored | None

    @property
    def started(self) -> bool:
        """Whether the job is known to run."""
        return self.job_state in _STARTED


def stream_of(work: UnitOfWork, gateway_id: str, task_id: str, stream: LogStream) -> Source:
    """Return where the job that the task submits, follows, or works for prints; NotFoundError where there is none."""
    task = service.get_task(work, gateway_id, task_id)
    job = _submission(work, gateway_id, task)
    path = str(job["params"]["job"].get(stream.value, _DEFAULTS[stream]))
    return _source(work, gateway_id, job, path)


def file_of(work: UnitOfWork, gateway_id: str, process_id: str, path: str) -> Source:
    """Return a file of the work directory of a process's first job; NotFoundError where it has none."""
    jobs = run_reads.submissions(work.session, gateway_id, process_id)
    if not jobs:
        raise NotFoundError("The run has no job whose files could be looked at.", slug="no-job")
    return _source(work, gateway_id, jobs[0], path)


def _submission(work: UnitOfWork, gateway_id: str, task: Row) -> Row:
    jobs = run_reads.submissions(work.session, gateway_id, task["process_id"])
    if not jobs:
        raise NotFoundError(
            f"The task {task['name']!r} belongs to a run without a job: nothing is printed.", slug="no-job"
        )
    wanted = task["id"]
    if task["type"] == JOB_MONITORING:
        wanted = task["spec"]["params"].get("submission_task_id")
    return next((job for job in jobs if job["id"] == wanted), jobs[0])


def _source(work: UnitOfWork, gateway_id: str, job: Row, path: str) -> Source:
    state = JobState(job["job_state"]) if job["job_state"] else None
    ended = is_terminal(ProcessState(job["process_state"])) or (state is not None and is_terminal(state))
    return Source(
        gateway_id=gateway_id,
        process_id=job["process_id"],
        work_dir=job["params"]["work_dir"],
        path=path,
        target=_target(job["target"]),
        job_state=state,
        submitted=job["native_id"] is not None,
        ended=ended,
        stored=_stored(work, gateway_id, job["process_id"], path),
    )


def _target(value: Any) -> ResourceTarget | None:  # noqa: ANN401 - what stands in the registry
    try:
        return ResourceTarget.model_validate(value)
    except ValidationError:
        return None


def _stored(work: UnitOfWork, gateway_id: str, process_id: str, path: str) -> Stored | None:
    for task in run_reads.output_tasks(work.session, gateway_id, process_id, OUTPUT_STAGING):
        staged = task["outputs"] or {}
        if task["state"] == TaskState.COMPLETED and task["params"].get("source") == path and staged.get("uri"):
            if not staged.get("present", True):
                continue
            key = checked_key(gateway_id, staged["uri"])
            return Stored(key, staged["size_bytes"], staged["sha256"], path.rsplit("/", 1)[-1])
    return None
