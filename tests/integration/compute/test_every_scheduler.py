"""What a job goes through on every scheduler, over real SSH: all states, races, lost replies, queues that forget.

Slurm and plain processes are real. PBS, LSF, Grid Engine and HTCondor are emulated (``tests/fixtures/emulators``):
their commands run the jobs for real and print the formats of the real ones.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from howdah.compute import jobs
from howdah.compute.abstract import Connection
from howdah.compute.cancellation import cancel_job
from howdah.compute.reach import PooledReach
from howdah.compute.schedulers import scheduler_of
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.params import JobSpec
from howdah.contracts.resources import ResourceTarget, SchedulerKind
from howdah.contracts.states import JobState
from tests.fixtures.batch import EMULATED, BatchSystem, EmulatedCluster
from tests.fixtures.sshd import SshServer
from tests.fixtures.submissions import Submission, await_end, counting
from tests.fixtures.waiting import await_value

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

RACERS = 4


def _target(sshd: SshServer, system: BatchSystem, **changes: object) -> ResourceTarget:
    return sshd.target(scheduler=system.kind, environment=system.environment, **changes)


def _made(system: BatchSystem, submission: Submission) -> int:
    """Count the jobs of a submission by the system's own record."""
    name = scheduler_of(system.kind).name_of(submission.params.job_name)
    return len(system.submitted([name]))


def test_racing_submitters_make_one_job(batch_system: BatchSystem, sshd: SshServer, work_dir: Path) -> None:
    target, submission, gate = _target(sshd, batch_system), Submission.of(work_dir), threading.Barrier(RACERS)

    def race(attempt: int) -> str:
        with PooledReach() as reach, reach.connect(target, sshd.secret) as connection:
            gate.wait(60)
            return submission.submit(connection, attempt).native_id

    with ThreadPoolExecutor(RACERS) as pool:
        [native_id] = set(pool.map(race, range(1, RACERS + 1)))
    with PooledReach() as reach, reach.connect(target, sshd.secret) as connection:
        assert await_end(connection, submission.ref(native_id)).state is JobState.COMPLETE
    assert _made(batch_system, submission) == 1
    assert submission.times_run == 1


def test_everything_that_a_job_may_ask_for_is_taken(
    batch_system: BatchSystem, reach: PooledReach, sshd: SshServer, work_dir: Path
) -> None:
    without_queues = {SchedulerKind.FORK, SchedulerKind.HTCONDOR}
    job = JobSpec(
        executable="sh",
        arguments=("-c", 'printf %s "$GREETING" >greeting'),
        environment={"GREETING": 'it\'s "$HOME" & more'},
        pre_commands=("umask >mask",),
        queue=None if batch_system.kind in without_queues else "debug",
        tasks_per_node=2,
        wall_time_minutes=90,
        memory_mb=200,
    )
    submission = Submission.of(work_dir, job)
    with reach.connect(_target(sshd, batch_system), sshd.secret) as connection:
        seen = await_end(connection, submission.ref(submission.submit(connection).native_id))
    assert (seen.state, seen.exit_code) == (JobState.COMPLETE, 0)
    assert (work_dir / "greeting").read_text() == 'it\'s "$HOME" & more'


# ---------------------------------------------------------------- with faults: the emulated ones


@pytest.fixture
def connection(reach: PooledReach, sshd: SshServer, cluster: EmulatedCluster) -> Iterator[Connection]:
    with reach.connect(_target(sshd, cluster, submit_timeout_seconds=20.0), sshd.secret) as made:
        yield made


def test_a_job_is_followed_through_all_states(connection: Connection, cluster: EmulatedCluster, work_dir: Path) -> None:
    cluster.set(queue_seconds=3600)
    submission = Submission.of(
        work_dir, JobSpec(executable="sh", arguments=("-c", "until [ -e go ]; do sleep 0.1; done"))
    )
    ref = submission.ref(submission.submit(connection).native_id)
    [number] = [job["id"] for job in cluster.table.all()]

    def state() -> JobState | None:
        return jobs.query(connection, [ref])[ref].state

    assert state() is JobState.QUEUED
    cluster.set(queue_seconds=0)
    await_value(lambda: state() is JobState.ACTIVE, "a running job")
    cluster.table.want(number, "suspend")
    await_value(lambda: state() is JobState.SUSPENDED, "a suspended job")
    cluster.table.want(number, "resume")
    await_value(lambda: state() is JobState.ACTIVE, "a job that goes on")
    seen = jobs.query(connection, [ref])[ref]
    assert seen.reason.startswith("The job runs")
    assert seen.started_at is not None
    assert abs(datetime.now(UTC) - seen.started_at) < timedelta(minutes=5)
    (work_dir / "go").touch()
    assert await_end(connection, ref).state is JobState.COMPLETE


def test_a_held_job_says_so(connection: Connection, cluster: EmulatedCluster, work_dir: Path) -> None:
    cluster.set(queue_seconds=3600)
    submission = Submission.of(work_dir)
    ref = submission.ref(submission.submit(connection).native_id)
    [number] = [job["id"] for job in cluster.table.all()]
    cluster.table.change(number, state="held")
    seen = jobs.query(connection, [ref])[ref]
    assert seen.state is JobState.QUEUED
    assert "held" in seen.reason
    outcome = cancel_job(connection, ref, wait_seconds=20)
    assert (outcome.confirmed, outcome.state) == (True, JobState.CANCELED)
    assert submission.times_run == 0


def test_a_lost_reply_does_not_make_a_second_job(
    connection: Connection, cluster: EmulatedCluster, work_dir: Path
) -> None:
    cluster.set(lose_replies=1, queue_seconds=2)
    submission = Submission.of(work_dir)
    job = submission.submit(connection)  # found by its name
    assert job.adopted
    assert await_end(connection, submission.ref(job.native_id)).state is JobState.COMPLETE
    assert _made(cluster, submission) == 1
    assert submission.times_run == 1


def test_a_job_that_the_queue_does_not_show_yet_is_not_submitted_again(
    connection: Connection, cluster: EmulatedCluster, work_dir: Path
) -> None:
    """The reply is lost and the queue is blind to new jobs: nobody knows, until it can be seen."""
    cluster.set(lose_replies=1, queue_seconds=6, blind_seconds=3)
    submission = Submission.of(work_dir)
    with pytest.raises(TaskError, match="it will be reconciled") as caught:
        submission.submit(connection)
    assert caught.value.failure.kind is FailureKind.TRANSIENT
    attempts = iter(range(2, 1000))

    def adopted() -> str | None:
        try:
            return submission.submit(connection, next(attempts)).native_id
        except TaskError as error:
            assert error.failure.kind is FailureKind.TRANSIENT  # noqa: PT017 - one of many attempts
            return None

    native_id = await_value(adopted, "the job to be found")
    assert await_end(connection, submission.ref(native_id)).state is JobState.COMPLETE
    assert (_made(cluster, submission), submission.times_run) == (1, 1)


def test_a_request_that_never_arrived_is_not_taken_for_a_job(
    reach: PooledReach, sshd: SshServer, cluster: EmulatedCluster, work_dir: Path
) -> None:
    cluster.set(lose_requests=1)
    submission = Submission.of(work_dir)
    with reach.connect(_target(sshd, cluster, submit_timeout_seconds=1.0), sshd.secret) as connection:
        with pytest.raises(TaskError, match="it will be reconciled"):
            submission.submit(connection)
        attempts = iter(range(2, 1000))

        def taken_over() -> str | None:
            try:
                return submission.submit(connection, next(attempts)).native_id
            except TaskError:
                return None

        # Once the claim is old, queue and accounting answered, and there is no job: it is taken over.
        native_id = await_value(taken_over, "the claim to be taken over")
        await_end(connection, submission.ref(native_id))
    assert (_made(cluster, submission), submission.times_run) == (1, 1)


def test_what_the_queue_forgot_the_accounting_or_the_job_itself_tells(
    connection: Connection, cluster: EmulatedCluster, work_dir: Path
) -> None:
    submission = Submission.of(work_dir, counting(exit_code=7))
    ref = submission.ref(submission.submit(connection).native_id)
    await_end(connection, ref)
    cluster.set(forget_seconds=0)
    seen = jobs.query(connection, [ref])[ref]
    assert (seen.state, seen.exit_code) == (JobState.FAILED, 7)
    (submission.directory / "ended").unlink()
    seen = jobs.query(connection, [ref])[ref]
    if cluster.kind is not SchedulerKind.PBS:  # whose history is part of its queue
        assert (seen.state, seen.exit_code) == (JobState.FAILED, 7)
    cluster.set(no_accounting=True)
    assert jobs.query(connection, [ref])[ref].state is None
    assert submission.submit(connection, attempt=2).native_id == ref.native_id


@pytest.mark.parametrize("history", [True, False], ids=["with accounting", "without accounting"])
def test_a_job_that_is_killed_from_outside_is_told_as_canceled(
    connection: Connection, cluster: EmulatedCluster, work_dir: Path, history: bool
) -> None:
    cluster.set(no_accounting=not history)
    submission = Submission.of(work_dir, counting(seconds=120))
    ref = submission.ref(submission.submit(connection).native_id)
    await_value(lambda: submission.times_run or None, "the application's start")
    outcome = cancel_job(connection, ref, wait_seconds=30)
    assert (outcome.confirmed, outcome.state) == (True, JobState.CANCELED)
    await_value(lambda: all(job["state"] == "ended" for job in cluster.table.all()), "the job's end")
    seen = jobs.query(connection, [ref])[ref]
    assert seen.state in {JobState.CANCELED, None} if not history else seen.state is JobState.CANCELED


def test_a_scheduler_that_is_down_is_no_answer_about_any_job(
    connection: Connection, cluster: EmulatedCluster, work_dir: Path
) -> None:
    submission = Submission.of(work_dir, counting(seconds=120))
    ref = submission.ref(submission.submit(connection).native_id)
    await_value(lambda: submission.times_run or None, "the application's start")
    cluster.set(down=True)
    with pytest.raises(TaskError, match="gave no answer about its jobs") as caught:
        jobs.query(connection, [ref])
    assert caught.value.failure.kind is FailureKind.TRANSIENT
    other = Submission.of(work_dir)
    with pytest.raises(TaskError, match="can't be reached from the login node") as caught:
        other.submit(connection)
    assert caught.value.failure.kind is FailureKind.TRANSIENT
    cluster.set(down=False)
    assert not other.submit(connection, attempt=2).adopted
    assert cancel_job(connection, ref, wait_seconds=30).confirmed
    assert _made(cluster, other) == 1


def test_a_scheduler_that_hangs_leaves_one_job(
    reach: PooledReach, sshd: SshServer, cluster: EmulatedCluster, work_dir: Path
) -> None:
    """The submit command makes the job and does not come back within its time limit."""
    cluster.set(reply_seconds=600, queue_seconds=4)
    submission = Submission.of(work_dir)
    with reach.connect(_target(sshd, cluster, submit_timeout_seconds=2.0), sshd.secret) as connection:
        job = submission.submit(connection)
        assert job.adopted
        assert await_end(connection, submission.ref(job.native_id)).state is JobState.COMPLETE
    assert (_made(cluster, submission), submission.times_run) == (1, 1)


def test_a_requeued_job_that_bears_it_runs_again(
    connection: Connection, cluster: EmulatedCluster, work_dir: Path
) -> None:
    job = JobSpec(
        executable="sh",
        arguments=("-c", "echo ran >>ran; [ $(wc -l <ran) -gt 1 ] || sleep 60"),
        requeue=True,
    )
    submission = Submission.of(work_dir, job)
    ref = submission.ref(submission.submit(connection).native_id)
    await_value(lambda: submission.times_run or None, "the application's start")
    [number] = [job["id"] for job in cluster.table.all()]
    cluster.table.want(number, "requeue")
    assert await_end(connection, ref).state is JobState.COMPLETE
    assert submission.times_run == 2


def test_a_requeued_job_that_does_not_bear_it_ends_as_interrupted(
    connection: Connection, cluster: EmulatedCluster, work_dir: Path
) -> None:
    submission = Submission.of(work_dir, counting(seconds=60))
    ref = submission.ref(submission.submit(connection).native_id)
    await_value(lambda: submission.times_run or None, "the application's start")
    [number] = [job["id"] for job in cluster.table.all()]
    cluster.table.want(number, "requeue")
    seen = await_end(connection, ref)
    assert seen.state is JobState.FAILED
    assert "does not bear being started again" in seen.reason
    assert submission.times_run == 1


# HTCondor's jobs keep their wall time themselves, as plain processes do: tests/unit/compute/test_scripts.py.
@pytest.mark.parametrize("cluster", [one for one in EMULATED if one is not SchedulerKind.HTCONDOR], indirect=True)
def test_a_job_over_its_wall_time_says_so(connection: Connection, cluster: EmulatedCluster, work_dir: Path) -> None:
    cluster.set(pace=60)
    job = counting(seconds=120).model_copy(update={"wall_time_minutes": 1})
    submission = Submission.of(work_dir, job)
    seen = await_end(connection, submission.ref(submission.submit(connection).native_id))
    assert seen.state is JobState.FAILED
    assert "wall time" in seen.reason
