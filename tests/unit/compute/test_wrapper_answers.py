"""What the submission makes of the wrapper's answers: of good ones, of broken ones, and of trouble in plain words."""

from collections.abc import Mapping
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from howdah.compute.abstract import CommandResult, Connection, JobRef
from howdah.compute.cancellation import cancel_job
from howdah.compute.submission import submit
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import TaskId, new_id
from howdah.contracts.params import JobSpec, JobSubmissionParams
from howdah.contracts.resources import ResourceTarget, SchedulerKind, TransportKind
from howdah.contracts.states import JobState

TASK = TaskId(new_id())


class Answering:
    """A connection that gives one answer to every script."""

    def __init__(self, kind: SchedulerKind, stdout: str, stderr: str = "", status: int = 0) -> None:
        self.target = ResourceTarget.model_validate(
            {"resource_id": new_id(), "name": "x", "transport": TransportKind.LOCAL, "scheduler": kind, "host": "login"}
        )
        self._result = CommandResult(
            status, stdout.encode(errors="replace"), stderr.encode(errors="replace"), False, 0.1
        )
        self.scripts: list[Mapping[str, str]] = []

    def expand(self, remote_path: str) -> str:
        return remote_path

    def run_script(self, script: str, variables: Mapping[str, str] | None = None, **_: object) -> CommandResult:
        assert script
        self.scripts.append(variables or {})
        return self._result


def _submit(connection: Answering, job: JobSpec | None = None) -> tuple[str, bool] | TaskError:
    params = JobSubmissionParams(
        work_dir="/work", job=job or JobSpec(executable="x"), job_name="howdah-1", monitoring_task_id=TaskId(new_id())
    )
    try:
        made = submit(cast("Connection", connection), params, task_id=TASK, attempt=1)
    except TaskError as error:
        return error
    return made.native_id, made.adopted


@pytest.mark.parametrize(
    ("kind", "stdout", "stderr", "failure", "words"),
    [
        (SchedulerKind.SLURM, "refused 1", "sbatch: error: Batch job submission failed: Invalid qos specification",
         FailureKind.PERMANENT, "correct the job's qos"),
        (SchedulerKind.SLURM, "refused 1", "sbatch: error: QOSMaxSubmitJobPerUserLimit", FailureKind.THROTTLED,
         "tried again when there may be"),
        (SchedulerKind.SLURM, "refused 127", "sh: 1: sbatch: not found", FailureKind.PERMANENT, "set PATH"),
        (SchedulerKind.PBS, "refused 1", "qsub: Unknown queue", FailureKind.PERMANENT, "There is no such queue"),
        (SchedulerKind.PBS, "refused 1", "qsub: would exceed queue generic's per-user limit of jobs in 'Q' state",
         FailureKind.THROTTLED, "limit of jobs"),
        (SchedulerKind.PBS, "refused 1", "qsub: Job violates queue and/or server resource limits",
         FailureKind.PERMANENT, "asks for more than the queue allows"),
        (SchedulerKind.LSF, "refused 255", "nosuch: No such queue. Job not submitted.", FailureKind.PERMANENT,
         "There is no such queue"),
        (SchedulerKind.LSF, "refused 255", "User <ada>: Pending job threshold reached. Job not submitted.",
         FailureKind.THROTTLED, "limit of jobs"),
        (SchedulerKind.SGE, "refused 1", 'Unable to run job: unknown resource "gpu".\nExiting.', FailureKind.PERMANENT,
         "grid_engine of the resource"),
        (SchedulerKind.SGE, "refused 1", "error: commlib error: got select error (Connection refused)",
         FailureKind.TRANSIENT, "qmaster can't be reached"),
        (SchedulerKind.HTCONDOR, "refused 1", "ERROR: Can't find address of local schedd", FailureKind.TRANSIENT,
         "schedd can't be reached"),
        (SchedulerKind.HTCONDOR, "refused 1", "ERROR: Failed to parse command file (line 3).", FailureKind.PERMANENT,
         "native directives"),
        (SchedulerKind.FORK, "failed the claim can't be made", "mkdir: cannot create directory: Disk quota exceeded",
         FailureKind.PERMANENT, "remove files or raise the quota"),
        (SchedulerKind.FORK, "failed the claim can't be made", "mkdir: cannot create: No space left on device",
         FailureKind.TRANSIENT, "A disk of the resource is full"),
        (SchedulerKind.FORK, "", "sh: Cannot fork", FailureKind.TRANSIENT, "no memory or processes to spare"),
        (SchedulerKind.SLURM, "unknown the submit command ended with status 124", "", FailureKind.TRANSIENT,
         "it will be reconciled"),
    ],
)  # fmt: skip
def test_trouble_is_told_in_plain_words(
    kind: SchedulerKind, stdout: str, stderr: str, failure: FailureKind, words: str
) -> None:
    error = _submit(Answering(kind, stdout + "\n", stderr))
    assert isinstance(error, TaskError)
    assert (error.failure.kind, words in error.failure.sentence) == (failure, True), error.failure.sentence
    assert error.failure.detail in {stderr, None}


@given(
    st.sampled_from(list(SchedulerKind)),
    st.sampled_from(["submitted", "adopted", "refused", "unknown", "failed", "canceled", "none", "asked", ""]),
    st.text(max_size=60),
    st.text(max_size=60),
    st.integers(0, 255),
)
@settings(max_examples=300, deadline=None)
def test_broken_answers_never_make_a_job(kind: SchedulerKind, verb: str, rest: str, stderr: str, status: int) -> None:
    outcome = _submit(Answering(kind, f"{verb} {rest}", stderr, status))
    if isinstance(outcome, tuple):
        assert verb in {"submitted", "adopted"}
        assert outcome == (rest.encode(errors="replace").decode().strip(), verb == "adopted")
        assert outcome[0].isascii()
    else:
        assert outcome.failure.sentence
        # Only where the wrapper says that it made no job may the task be given up.
        assert outcome.failure.kind is not FailureKind.PERMANENT or verb in {"refused", "failed"} or status in {66, 70}


@given(st.sampled_from(list(SchedulerKind)), st.text(max_size=80), st.text(max_size=60), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_broken_answers_never_confirm_a_cancel(kind: SchedulerKind, stdout: str, stderr: str, status: int) -> None:
    connection = Answering(kind, stdout, stderr, status)
    try:
        outcome = cancel_job(cast("Connection", connection), JobRef("/work", TASK, 1, "howdah-1"), wait_seconds=0.0)
    except TaskError as error:
        assert error.failure.kind in {FailureKind.TRANSIENT, FailureKind.PERMANENT}  # noqa: PT017 - or it returned
        return
    verb = stdout.strip().partition(" ")[0]
    assert verb in {"none", "unknown"}
    assert outcome.confirmed is (verb == "none")
    assert outcome.state in {JobState.CANCELED, JobState.UNKNOWN}


def test_what_a_scheduler_can_not_do_is_refused_before_anything_runs() -> None:
    connection = Answering(SchedulerKind.SGE, "submitted 1")
    error = _submit(connection, JobSpec(executable="x", nodes=2))
    assert isinstance(error, TaskError)
    assert "parallel environment" in error.failure.sentence
    error = _submit(connection, JobSpec(executable="x", native=("-N other",)))
    assert isinstance(error, TaskError)
    assert (error.failure.kind, connection.scripts) == (FailureKind.PERMANENT, [])
