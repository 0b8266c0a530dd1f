"""One remote job per task on every emulated scheduler, counted in its own table, over a link that is cut at random."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from howdah.compute.cancellation import cancel_job
from howdah.compute.reach import PooledReach
from howdah.compute.schedulers import scheduler_of
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import new_id
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.states import JobState
from tests.failure.compute.cut_link import submit_over_a_cut_link, submitted_or_why_not
from tests.fixtures.batch import EmulatedCluster
from tests.fixtures.daemons import owned_directory
from tests.fixtures.proxy import FaultProxy
from tests.fixtures.sshd import SshServer
from tests.fixtures.submissions import Submission, counting
from tests.fixtures.waiting import await_value

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

TASKS = 8
LOST_REPLIES = 3
SEED = 11


@pytest.fixture
def target(sshd: SshServer, cluster: EmulatedCluster) -> ResourceTarget:
    return sshd.target(scheduler=cluster.kind, environment=cluster.environment, connect_timeout_seconds=5.0)


def _names(cluster: EmulatedCluster, submissions: list[Submission]) -> list[str]:
    scheduler = scheduler_of(cluster.kind)
    return [scheduler.name_of(submission.params.job_name) for submission in submissions]


def test_submissions_over_a_link_that_is_cut_make_one_job_each(
    sshd: SshServer, cluster: EmulatedCluster, target: ResourceTarget, proxy: FaultProxy
) -> None:
    submissions = [Submission.of(owned_directory(sshd.work_root / f"cut-{new_id()}")) for _ in range(TASKS)]
    cluster.set(lose_replies=LOST_REPLIES, reply_seconds=0.1)
    native_ids, _ = submit_over_a_cut_link(submissions, target, sshd, proxy, calm=(0.1, 0.6))
    assert cluster.table.setting("lose_replies") == 0, "no reply was lost: the test has shown nothing"
    assert len(set(native_ids)) == TASKS
    names = _names(cluster, submissions)
    await_value(lambda: all(job["state"] == "ended" for job in cluster.table.all()), "an empty queue", 120)
    assert Counter(cluster.submitted(names)) == dict.fromkeys(names, 1)
    assert [submission.times_run for submission in submissions] == [1] * TASKS


def test_a_racing_cancel_never_leaves_a_job_that_nobody_knows(
    sshd: SshServer, cluster: EmulatedCluster, target: ResourceTarget
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - a test's own dice
    for _ in range(4):
        submission = Submission.of(owned_directory(sshd.work_root / f"cancel-{new_id()}"), counting(seconds=60))
        pause = chance.uniform(0.0, 0.3)
        with ThreadPoolExecutor(1) as pool:
            submitted = pool.submit(submitted_or_why_not, submission, target, sshd)
            threading.Event().wait(pause)
            with PooledReach() as reach, reach.connect(target, sshd.secret) as connection:
                outcome = cancel_job(connection, submission.ref(), wait_seconds=30)
            assert submitted.result(60) in {"submitted", FailureKind.CANCELED}
        assert (outcome.confirmed, outcome.state) == (True, JobState.CANCELED)
        await_value(lambda: all(job["state"] == "ended" for job in cluster.table.all()), "an empty queue", 60)
        assert len(cluster.submitted(_names(cluster, [submission]))) <= 1
