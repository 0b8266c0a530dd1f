"""One remote job per task, counted by Slurm's own completion file, whatever is cut, raced, killed or forgotten."""

import functools
import os
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from howdah.compute import jobs
from howdah.compute.abstract import Connection, JobRef
from howdah.compute.cancellation import cancel_job
from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import new_id
from howdah.contracts.resources import ResourceTarget, SchedulerKind
from howdah.contracts.states import JobState
from tests.failure.compute.cut_link import submit_over_a_cut_link, submitted_or_why_not
from tests.fixtures.daemons import owned_directory, shared_directory
from tests.fixtures.proxy import FaultProxy
from tests.fixtures.slurm import SlurmCluster
from tests.fixtures.sshd import SshServer
from tests.fixtures.submissions import Submission, await_end, counting
from tests.fixtures.waiting import await_value, holds_within

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

TASKS = 16
RACERS = 4
SEED = 7


@pytest.fixture
def target(sshd: SshServer, slurm: SlurmCluster) -> ResourceTarget:
    return sshd.target(scheduler=SchedulerKind.SLURM, environment=slurm.environment, connect_timeout_seconds=5.0)


@pytest.fixture
def connection(reach: PooledReach, sshd: SshServer, target: ResourceTarget) -> Iterator[Connection]:
    with reach.connect(target, sshd.secret) as made:
        yield made


@pytest.fixture
def impatient(reach: PooledReach, sshd: SshServer, target: ResourceTarget) -> Iterator[Connection]:
    """A connection whose submit command has a short time limit: a claim is old after thrice as long."""
    with reach.connect(target.model_copy(update={"submit_timeout_seconds": 10.0}), sshd.secret) as made:
        yield made


def _count(slurm: SlurmCluster, submissions: list[Submission]) -> Counter[str]:
    names = {submission.params.job_name for submission in submissions}
    await_value(lambda: not names & set(slurm.live_jobs()) or None, "an empty queue", 120)
    return Counter(job.name for job in slurm.completed_jobs() if job.name in names)


def test_submissions_over_a_link_that_is_cut_make_one_job_each(
    sshd: SshServer, slurm: SlurmCluster, target: ResourceTarget, proxy: FaultProxy
) -> None:
    submissions = [Submission.of(owned_directory(sshd.work_root / f"cut-{new_id()}")) for _ in range(TASKS)]
    native_ids, attempts = submit_over_a_cut_link(submissions, target, sshd, proxy, calm=(0.05, 0.35))
    assert attempts > TASKS, "nothing was cut: the test has shown nothing"
    assert len(set(native_ids)) == TASKS
    assert set(_count(slurm, submissions).values()) == {1}
    assert [submission.times_run for submission in submissions] == [1] * TASKS


def test_racing_submitters_make_one_job(sshd: SshServer, slurm: SlurmCluster, target: ResourceTarget) -> None:
    submissions = [Submission.of(owned_directory(sshd.work_root / f"race-{new_id()}")) for _ in range(4)]
    for submission in submissions:
        gate = threading.Barrier(RACERS)

        def race(attempt: int, submission: Submission = submission, gate: threading.Barrier = gate) -> str:
            with PooledReach() as reach, reach.connect(target, sshd.secret) as connection:
                gate.wait(30)
                return submission.submit(connection, attempt).native_id

        with ThreadPoolExecutor(RACERS) as pool:
            assert len(set(pool.map(race, range(1, RACERS + 1)))) == 1
    assert _count(slurm, submissions) == {submission.params.job_name: 1 for submission in submissions}


def test_a_racing_cancel_never_leaves_a_job_that_nobody_knows(
    sshd: SshServer, slurm: SlurmCluster, target: ResourceTarget
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - a test's own dice
    for _ in range(6):
        submission = Submission.of(owned_directory(sshd.work_root / f"cancel-{new_id()}"), counting(seconds=60))
        pause = chance.uniform(0.0, 0.12)
        with ThreadPoolExecutor(1) as pool:
            submitted = pool.submit(submitted_or_why_not, submission, target, sshd)
            threading.Event().wait(pause)
            with PooledReach() as reach, reach.connect(target, sshd.secret) as connection:
                outcome = cancel_job(connection, submission.ref(), wait_seconds=30)
            assert submitted.result(60) in {"submitted", FailureKind.CANCELED}
        assert (outcome.confirmed, outcome.state) == (True, JobState.CANCELED)
        _count(slurm, [submission])


def _plain_job(connection: Connection, submission: Submission, script: Path) -> str:
    """Submit past the protocol: what an attempt that died between sbatch and the record leaves."""
    argv = ["sbatch", "--parsable", f"--job-name={submission.params.job_name}", "--output=/dev/null", str(script)]
    result = connection.run(argv)
    assert result.exit_status == 0, result.stderr
    return result.stdout.decode().strip()


def _dead_claim(submission: Submission, seconds_old: int, owner: str = "elsewhere:1:x 1 nonce 0") -> None:
    claim = submission.directory / "claim.1"
    for path in (submission.work_dir / ".howdah", submission.directory, claim):
        owned_directory(path)
    (claim / "owner").write_text(owner + "\n")
    then = time.time() - seconds_old
    os.utime(claim, (then, then))


def test_a_job_whose_id_was_not_recorded_is_found_by_name(
    connection: Connection, slurm: SlurmCluster, work_dir: Path
) -> None:
    submission = Submission.of(work_dir)
    _dead_claim(submission, seconds_old=1)
    script = work_dir / "plain.sh"
    script.write_text("#!/bin/sh\nsleep 1\n")
    native_id = _plain_job(connection, submission, script)
    job = submission.submit(connection, attempt=2)
    assert (job.native_id, job.adopted) == (native_id, True)
    assert _count(slurm, [submission]).total() == 1


def test_a_young_claim_is_not_taken_over(connection: Connection, slurm: SlurmCluster, work_dir: Path) -> None:
    submission = Submission.of(work_dir)
    _dead_claim(submission, seconds_old=60)
    with pytest.raises(TaskError, match="will be reconciled") as caught:
        submission.submit(connection, attempt=2)
    assert caught.value.failure.kind is FailureKind.TRANSIENT
    assert _count(slurm, [submission]).total() == 0


def test_an_old_claim_without_a_job_is_taken_over_once(
    sshd: SshServer, slurm: SlurmCluster, target: ResourceTarget, work_dir: Path
) -> None:
    submission = Submission.of(work_dir)
    _dead_claim(submission, seconds_old=40)
    quick = target.model_copy(update={"submit_timeout_seconds": 10.0})

    def take(attempt: int) -> str:
        with PooledReach() as reach, reach.connect(quick, sshd.secret) as connection:
            return submission.submit(connection, attempt).native_id

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(take, (2, 3, 4)))) == 1
    assert _count(slurm, [submission]).total() == 1
    assert submission.times_run == 1


@pytest.mark.parametrize(
    ("seconds_old", "owner"),
    [
        pytest.param(400, "elsewhere:1:x 1 nonce 0", id="the scheduler may have forgotten and nobody keeps accounts"),
        pytest.param(40, "elsewhere:1:x 9 nonce 0", id="the claim is of a newer attempt"),
    ],
)
def test_a_claim_is_not_taken_over_when_nobody_can_know(
    impatient: Connection, slurm: SlurmCluster, work_dir: Path, seconds_old: int, owner: str
) -> None:
    submission = Submission.of(work_dir)
    _dead_claim(submission, seconds_old, owner)
    with pytest.raises(TaskError, match="will be reconciled"):
        submission.submit(impatient, attempt=2)
    assert _count(slurm, [submission]).total() == 0


def test_a_second_job_that_slipped_through_does_not_run_the_application(
    connection: Connection, slurm: SlurmCluster, work_dir: Path
) -> None:
    submission = Submission.of(work_dir, counting(seconds=1))
    first = submission.submit(connection)
    await_value(lambda: submission.times_run or None, "the application's start")
    second = _plain_job(connection, submission, submission.script)
    seen = await_end(connection, submission.ref(second))  # as if the wrong id had been recorded
    assert (seen.state, seen.native_id) == (JobState.COMPLETE, first.native_id)
    assert _count(slurm, [submission]).total() == 2
    assert submission.times_run == 1


def test_a_canceled_submission_stays_canceled_even_if_its_job_comes_late(
    connection: Connection, work_dir: Path, slurm: SlurmCluster
) -> None:
    submission = Submission.of(work_dir)
    job = submission.submit(connection)
    await_end(connection, submission.ref(job.native_id))
    assert cancel_job(connection, submission.ref(job.native_id)).state is JobState.COMPLETE
    late = Submission.of(work_dir)
    cancel_job(connection, late.ref())
    script = work_dir / "late.sh"
    text = submission.script.read_text()
    script.write_text(text.replace(str(submission.directory), str(late.directory)))
    native_id = _plain_job(connection, late, script)
    _count(slurm, [late])
    assert jobs.query(connection, [late.ref(native_id)])[late.ref(native_id)].state is JobState.CANCELED
    assert late.times_run == 1  # the first submission's, in the same directory


@pytest.fixture
def own_slurm() -> Iterator[SlurmCluster]:
    directory = shared_directory("howdah-own-slurm")
    cluster = SlurmCluster(directory)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(directory)


def test_a_cluster_that_is_away_and_forgets_loses_no_truth(
    reach: PooledReach, sshd: SshServer, own_slurm: SlurmCluster, work_dir: Path
) -> None:
    target = sshd.target(scheduler=SchedulerKind.SLURM, environment=own_slurm.environment)
    first = Submission.of(work_dir, counting(exit_code=5))
    with reach.connect(target, sshd.secret) as connection:
        ref = first.ref(first.submit(connection).native_id)
        await_end(connection, ref)

        own_slurm.kill_controller()
        second = Submission.of(work_dir)
        with pytest.raises(TaskError, match="Unable to contact slurm controller") as caught:
            second.submit(connection)
        assert caught.value.failure.kind is FailureKind.TRANSIENT
        with pytest.raises(TaskError, match="gave no answer about its jobs") as caught:
            jobs.query(connection, [ref])
        assert caught.value.failure.kind is FailureKind.TRANSIENT

        own_slurm.start_controller()
        job = second.submit(connection, attempt=2)
        assert not job.adopted
        await_end(connection, second.ref(job.native_id))

        own_slurm.forget()
        seen = jobs.query(connection, [ref])[ref]
        assert (seen.state, seen.exit_code) == (JobState.FAILED, 5)
        assert first.submit(connection, attempt=2).native_id == ref.native_id
        (first.directory / "ended").unlink()
        assert jobs.query(connection, [ref])[ref].state is None


def test_a_job_that_slurm_requeues_and_suspends_is_followed_and_runs_again_only_where_it_may(
    connection: Connection, slurm: SlurmCluster, work_dir: Path
) -> None:
    """Requeued by hand, as a preemption does it."""
    again = counting(seconds=5.0).model_copy(update={"requeue": True})
    bears_it = Submission.of(owned_directory(work_dir / "bears"), again)
    does_not = Submission.of(owned_directory(work_dir / "does-not"), counting(seconds=5.0))
    refs = [one.ref(one.submit(connection).native_id) for one in (bears_it, does_not)]

    def in_state(ref: JobRef, state: JobState) -> bool:
        return jobs.query(connection, [ref])[ref].state is state

    for ref in refs:
        assert holds_within(functools.partial(in_state, ref, JobState.ACTIVE), 30)
    slurm.ask("scontrol", "suspend", str(refs[0].native_id))
    assert holds_within(lambda: in_state(refs[0], JobState.SUSPENDED), 30), "a suspended job"
    slurm.ask("scontrol", "resume", str(refs[0].native_id))
    assert holds_within(lambda: in_state(refs[0], JobState.ACTIVE), 30), "a resumed job"
    slurm.ask("scontrol", "requeue", str(refs[0].native_id))
    assert holds_within(lambda: in_state(refs[0], JobState.QUEUED), 30), "a requeued job"
    slurm.ask("scontrol", "update", f"JobId={refs[0].native_id}", "StartTime=now")  # Slurm lets it wait two minutes
    assert await_end(connection, refs[0]).state is JobState.COMPLETE
    assert await_end(connection, refs[1]).state is JobState.COMPLETE
    assert (bears_it.times_run, does_not.times_run) == (2, 1)
