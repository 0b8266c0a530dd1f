"""Trouble on a resource that somebody must mend is told in words that say what to do."""

import os
import subprocess
from pathlib import Path

import pytest

from howdah.compute import jobs
from howdah.compute.reach import PooledReach
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.resources import SchedulerKind
from tests.fixtures.batch import EmulatedCluster
from tests.fixtures.daemons import login_user
from tests.fixtures.sshd import SshServer
from tests.fixtures.submissions import Submission, counting

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

WITH_QUEUES = [SchedulerKind.PBS, SchedulerKind.LSF, SchedulerKind.SGE]


@pytest.mark.parametrize("cluster", WITH_QUEUES, indirect=True, ids=lambda kind: kind.value)
def test_an_unknown_queue_is_refused_in_plain_words(
    reach: PooledReach, sshd: SshServer, cluster: EmulatedCluster, work_dir: Path
) -> None:
    submission = Submission.of(work_dir, counting().model_copy(update={"queue": "nosuch"}))
    target = sshd.target(scheduler=cluster.kind, environment=cluster.environment)
    with (
        reach.connect(target, sshd.secret) as connection,
        pytest.raises(TaskError, match="There is no such queue") as caught,
    ):
        submission.submit(connection)
    assert caught.value.failure.kind is FailureKind.PERMANENT
    assert cluster.table.all() == []


def test_a_scheduler_that_is_not_on_the_path_is_told_with_what_to_do(
    reach: PooledReach, sshd: SshServer, cluster: EmulatedCluster, work_dir: Path
) -> None:
    target = sshd.target(scheduler=cluster.kind, environment={"PATH": "/usr/bin:/bin"})
    with reach.connect(target, sshd.secret) as connection:
        submission = Submission.of(work_dir)
        with pytest.raises(
            TaskError, match="set PATH, and what else they need, in the resource's environment"
        ) as caught:
            submission.submit(connection)
        assert caught.value.failure.kind is FailureKind.PERMANENT
        with pytest.raises(TaskError, match=r"gave no answer about its jobs.* set PATH"):
            jobs.query(connection, [submission.ref("1.pbs01" if cluster.kind is SchedulerKind.PBS else "1")])


@pytest.mark.parametrize("told", ["No space left on device", "Disk quota exceeded"])
def test_a_full_disk_is_told_in_plain_words(reach: PooledReach, sshd: SshServer, work_dir: Path, told: str) -> None:
    """A real full file system where this may be mounted, else the words of one."""
    full = work_dir / "full"
    full.mkdir()
    mounted = told.startswith("No space") and _mount_tiny(full)
    if not mounted:
        (work_dir / "bin").mkdir()
        fake = work_dir / "bin" / "mkdir"
        fake.write_text(f"#!/bin/sh\necho 'mkdir: cannot create directory: {told}' >&2\nexit 1\n")
        fake.chmod(0o755)
    target = sshd.target(environment={} if mounted else {"PATH": f"{work_dir}/bin:/usr/bin:/bin"})
    try:
        submission = Submission.of(full)
        with reach.connect(target, sshd.secret) as connection, pytest.raises(TaskError) as caught:
            submission.submit(connection)
        wanted = FailureKind.TRANSIENT if told.startswith("No space") else FailureKind.PERMANENT
        assert caught.value.failure.kind is wanted
        words = "A disk of the resource is full" if told.startswith("No space") else "The disk quota"
        assert words in caught.value.failure.sentence
        assert submission.times_run == 0
    finally:
        if mounted:
            subprocess.run(["umount", str(full)], check=True, timeout=30)


def _mount_tiny(path: Path) -> bool:
    """Mount a file system that is full already; tell whether that could be done."""
    user = login_user()
    options = f"size=4k,nr_inodes=20,uid={user.pw_uid},gid={user.pw_gid},mode=755"
    argv = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(argv, check=False, timeout=30, capture_output=True).returncode != 0:
        return False
    (path / "filler").write_bytes(b"x" * 4_096)
    return True
