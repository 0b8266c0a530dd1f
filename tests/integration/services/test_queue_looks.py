"""The queues of a resource as a look finds them: real Slurm, through real sshd."""

from typing import NoReturn

import pytest

from howdah.compute.abstract import UNBOUNDED, Reach
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.looks import QueueReport
from howdah.contracts.resources import ResourceTarget, SchedulerKind
from howdah.tasks.files import Chunks
from howdah.tasks.looks import Look
from services.resource_look.queues import look_at_queues
from tests.fixtures.slurm import SlurmCluster
from tests.fixtures.sshd import SshServer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def _store(_: str, __: Chunks, ___: int) -> NoReturn:
    raise AssertionError("nothing is stored")


def _looked(reach: Reach, sshd: SshServer, target: ResourceTarget) -> QueueReport:
    return look_at_queues(Look(target, sshd.secret, UNBOUNDED, {}, lambda: reach, _store))


def test_free_cores_and_whoever_waits_are_seen_and_those_on_hold_are_not(
    reach: Reach, sshd: SshServer, slurm: SlurmCluster
) -> None:
    target = sshd.target(scheduler=SchedulerKind.SLURM, environment=slurm.environment)
    [before] = _looked(reach, sshd, target).queues
    assert before.name == "debug"
    assert before.starts_jobs
    assert before.free_cores is not None
    held = slurm.ask("sbatch", "--parsable", "--hold", "--output=/dev/null", "--wrap=true").strip()
    later = slurm.ask("sbatch", "--parsable", "--begin=now+1hour", "--output=/dev/null", "--wrap=true").strip()
    try:
        [after] = _looked(reach, sshd, target).queues
        assert after.pending == before.pending
    finally:
        slurm.ask("scancel", held, later)


def test_a_scheduler_that_does_not_answer_is_no_empty_queue(reach: Reach, sshd: SshServer, slurm: SlurmCluster) -> None:
    lost = {**slurm.environment, "SLURM_CONF": "/nonexistent/slurm.conf"}
    with pytest.raises(TaskError) as told:
        _looked(reach, sshd, sshd.target(scheduler=SchedulerKind.SLURM, environment=lost))
    assert told.value.failure.kind is FailureKind.TRANSIENT
