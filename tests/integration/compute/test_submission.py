"""The submission protocol, cancel and monitoring on every scheduler, over real SSH."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from howdah.compute import jobs
from howdah.compute.abstract import Connection, JobRef
from howdah.compute.cancellation import cancel_job
from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import TaskId, new_id
from howdah.contracts.resources import SchedulerKind
from howdah.contracts.states import JobState
from tests.fixtures.batch import BatchSystem
from tests.fixtures.slurm import SlurmCluster
from tests.fixtures.sshd import SshServer
from tests.fixtures.submissions import Submission, await_end, counting
from tests.fixtures.waiting import await_value

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


@pytest.fixture
def connection(reach: PooledReach, sshd: SshServer, batch_system: BatchSystem) -> Iterator[Connection]:
    target = sshd.target(scheduler=batch_system.kind, environment=batch_system.environment)
    with reach.connect(target, sshd.secret) as made:
        yield made


def test_a_job_runs_and_tells_its_end(connection: Connection, work_dir: Path) -> None:
    submission = Submission.of(work_dir, counting(exit_code=3))
    job = submission.submit(connection)
    seen = await_end(connection, submission.ref(job.native_id))
    assert (job.adopted, seen.state, seen.exit_code) == (False, JobState.FAILED, 3)
    assert "exit code 3" in seen.reason
    assert seen.started_at is not None
    assert seen.ended_at is not None
    assert abs(seen.ended_at.timestamp() - time.time()) < 120
    assert submission.times_run == 1


def test_submitting_again_finds_the_same_job(connection: Connection, work_dir: Path) -> None:
    submission = Submission.of(work_dir)
    first = submission.submit(connection, attempt=1)
    again = [submission.submit(connection, attempt=attempt) for attempt in (1, 2, 3)]
    assert {job.native_id for job in again} == {first.native_id}
    assert all(job.adopted for job in again)
    assert await_end(connection, submission.ref(first.native_id)).state is JobState.COMPLETE
    assert submission.submit(connection, attempt=4).native_id == first.native_id
    assert submission.times_run == 1


def test_a_next_generation_runs_again(connection: Connection, work_dir: Path) -> None:
    submission = Submission.of(work_dir)
    await_end(connection, submission.ref(submission.submit(connection).native_id))
    changes = {"generation": 2, "job_name": submission.params.job_name + "-2"}
    following = Submission(work_dir, submission.task_id, submission.params.model_copy(update=changes))
    job = following.submit(connection)
    assert not job.adopted
    await_end(connection, following.ref(job.native_id))
    assert submission.times_run == 2


def test_one_round_trip_tells_of_many_jobs(connection: Connection, work_dir: Path) -> None:
    refs: list[JobRef] = []
    for number in range(4):
        directory = work_dir / str(number)
        connection.make_directories([str(directory)])
        submission = Submission.of(directory, counting(exit_code=number))
        refs.append(submission.ref(submission.submit(connection).native_id))
    never = JobRef(str(work_dir), TaskId(new_id()), 1, "never", "999999")
    for ref in refs:
        await_end(connection, ref)
    seen = jobs.query(connection, [*refs, never])
    assert [seen[ref].exit_code for ref in refs] == [0, 1, 2, 3]
    assert seen[never].state is None


def test_a_running_job_is_canceled(connection: Connection, work_dir: Path) -> None:
    submission = Submission.of(work_dir, counting(seconds=60))
    ref = submission.ref(submission.submit(connection).native_id)
    await_value(lambda: submission.times_run or None, "the application's start")
    assert jobs.query(connection, [ref])[ref].state is JobState.ACTIVE
    outcome = cancel_job(connection, ref, wait_seconds=30)
    assert (outcome.confirmed, outcome.state) == (True, JobState.CANCELED)
    assert await_end(connection, ref).state is JobState.CANCELED


def test_a_cancel_before_the_submission_keeps_it_from_happening(connection: Connection, work_dir: Path) -> None:
    submission = Submission.of(work_dir)
    outcome = cancel_job(connection, submission.ref())
    assert (outcome.confirmed, outcome.state, outcome.native_id) == (True, JobState.CANCELED, None)
    with pytest.raises(TaskError) as caught:
        submission.submit(connection)
    assert caught.value.failure.kind is FailureKind.CANCELED
    assert cancel_job(connection, submission.ref()).confirmed
    assert submission.times_run == 0


def test_a_cancel_after_the_end_tells_how_it_ended(connection: Connection, work_dir: Path) -> None:
    submission = Submission.of(work_dir)
    ref = submission.ref(submission.submit(connection).native_id)
    await_end(connection, ref)
    outcome = cancel_job(connection, ref)
    assert (outcome.confirmed, outcome.state) == (True, JobState.COMPLETE)
    assert await_end(connection, ref).state is JobState.COMPLETE


def test_a_cancel_that_does_not_know_the_id_finds_it(connection: Connection, work_dir: Path) -> None:
    submission = Submission.of(work_dir, counting(seconds=60))
    job = submission.submit(connection)
    outcome = cancel_job(connection, submission.ref(), wait_seconds=30)
    assert (outcome.confirmed, outcome.native_id) == (True, job.native_id)


def test_without_a_work_directory_nothing_is_submitted(connection: Connection, work_dir: Path) -> None:
    submission = Submission.of(work_dir / "not there")
    with pytest.raises(TaskError, match="does not exist") as caught:
        submission.submit(connection)
    assert caught.value.failure.kind is FailureKind.PERMANENT


def test_only_the_files_of_the_job_are_left(connection: Connection, work_dir: Path) -> None:
    submission = Submission.of(work_dir)
    await_end(connection, submission.ref(submission.submit(connection).native_id))
    left = {entry.name for entry in (work_dir / ".howdah").iterdir()}
    assert left == {submission.directory.name}
    assert {entry.name for entry in work_dir.iterdir()} == {".howdah", "ran", "stdout.txt", "stderr.txt"}


def test_a_refusal_tells_sbatchs_words_and_leaves_room_for_another_attempt(
    reach: PooledReach, sshd: SshServer, slurm: SlurmCluster, work_dir: Path
) -> None:
    target = sshd.target(scheduler=SchedulerKind.SLURM, environment=slurm.environment)
    submission = Submission.of(work_dir, counting().model_copy(update={"queue": "nosuch"}))
    with reach.connect(target, sshd.secret) as connection:
        with pytest.raises(TaskError, match="refused the job: Invalid partition name specified") as caught:
            submission.submit(connection)
        assert caught.value.failure.kind is FailureKind.PERMANENT
        mended = Submission(work_dir, submission.task_id, submission.params.model_copy(update={"job": counting()}))
        job = mended.submit(connection, attempt=2)
        assert await_end(connection, submission.ref(job.native_id)).state is JobState.COMPLETE
