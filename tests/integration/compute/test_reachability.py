"""The walk to a resource: each step can fail, the report says which one did and what to do."""

import socket
from collections.abc import Callable, Mapping

import pytest

from howdah.compute.abstract import UNBOUNDED, SecretSource
from howdah.compute.reachability import reachability
from howdah.contracts.exchange import SshKeySecret
from howdah.contracts.failures import FailureKind
from howdah.contracts.looks import Passing, ReachabilityReport, StepName, StepReport
from howdah.contracts.resources import ResourceTarget, SchedulerKind, TransportKind
from tests.fixtures.daemons import free_port
from tests.fixtures.slurm import SlurmCluster
from tests.fixtures.sshd import SshServer

MakeSshd = Callable[[Mapping[str, str]], SshServer]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

ALL = list(StepName)


def _walk(target: ResourceTarget, secret: SecretSource) -> ReachabilityReport:
    return reachability(target, secret, UNBOUNDED)


def _failed(report: ReachabilityReport, step: StepName) -> StepReport:
    """Check that exactly this step failed, those before it passed and those after were not reached."""
    assert not report.reached
    assert [one.step for one in report.steps] == ALL
    at = ALL.index(step)
    expected = [Passing.PASSED] * at + [Passing.FAILED] + [Passing.NOT_REACHED] * (len(ALL) - at - 1)
    assert [one.passing for one in report.steps] == expected, report
    assert report.steps[at].advice
    assert report.failure is not None
    return report.steps[at]


def test_a_way_that_is_clear_is_walked_to_its_end(sshd: SshServer, slurm: SlurmCluster) -> None:
    target = sshd.target(scheduler=SchedulerKind.SLURM, environment=slurm.environment)
    report = _walk(target, sshd.secret)
    assert report.reached, report
    assert [one.step for one in report.steps] == ALL
    facts = {one.step: one.facts for one in report.steps}
    assert facts[StepName.HOST_KEY]["host_key"] == sshd.host_key_line
    assert facts[StepName.SHELL]["user"] == sshd.user
    assert isinstance(free := facts[StepName.SCRATCH]["free_bytes"], int)
    assert free > 0
    assert facts[StepName.SCHEDULER]["queues"] == ["debug"]
    assert "slurm" in str(facts[StepName.SCHEDULER]["version"])
    assert all(one.seconds > 0 for one in report.steps)


def test_a_name_that_nobody_knows(sshd: SshServer) -> None:
    step = _failed(_walk(sshd.target(host="no-such-host.invalid"), sshd.secret), StepName.NAME)
    assert "can't be resolved" in step.sentence


def test_a_port_where_nobody_listens(sshd: SshServer) -> None:
    step = _failed(_walk(sshd.target(port=free_port()), sshd.secret), StepName.TCP)
    assert "refused" in step.sentence
    assert "jump_hosts" in step.advice


def test_a_host_that_says_nothing(sshd: SshServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = sshd.target(port=silent.getsockname()[1], connect_timeout_seconds=1)
        step = _failed(_walk(target, sshd.secret), StepName.HOST_KEY)
    assert step.facts["kind"] == FailureKind.TRANSIENT


def test_a_foreign_host_key_and_one_that_nobody_confirmed(sshd: SshServer, make_sshd: MakeSshd) -> None:
    foreign = sshd.target(host_keys=(make_sshd({}).host_key_line,))
    assert "host_key" not in _failed(_walk(foreign, sshd.secret), StepName.HOST_KEY).facts
    step = _failed(_walk(sshd.target(host_keys=()), sshd.secret), StepName.HOST_KEY)
    assert step.facts["host_key"] == sshd.host_key_line
    assert "confirm" in step.advice


def test_a_credential_that_is_refused(sshd: SshServer, make_sshd: MakeSshd) -> None:
    step = _failed(_walk(sshd.target(), make_sshd({}).secret), StepName.LOGIN)
    assert "authorized_keys" in step.advice


def test_an_account_without_a_shell(make_sshd: MakeSshd) -> None:
    server = make_sshd({"ForceCommand": "echo This account is not available; exit 1"})
    assert "not available" in _failed(_walk(server.target(), server.secret), StepName.SHELL).sentence


@pytest.mark.parametrize("scratch", ["/proc/howdah", "/etc/passwd/howdah"])
def test_a_scratch_folder_that_can_not_be_used(sshd: SshServer, scratch: str) -> None:
    assert scratch in _failed(_walk(sshd.target(scratch=scratch), sshd.secret), StepName.SCRATCH).sentence


def test_a_scheduler_that_is_not_there_or_does_not_answer(sshd: SshServer, slurm: SlurmCluster) -> None:
    absent = sshd.target(scheduler=SchedulerKind.LSF)
    assert "PATH" in _failed(_walk(absent, sshd.secret), StepName.SCHEDULER).advice
    lost = {**slurm.environment, "SLURM_CONF": "/nonexistent/slurm.conf"}
    down = sshd.target(scheduler=SchedulerKind.SLURM, environment=lost, command_timeout_seconds=2)
    assert "slurm does not answer" in _failed(_walk(down, sshd.secret), StepName.SCHEDULER).sentence


def test_the_steps_of_every_hop_are_told(make_sshd: MakeSshd) -> None:
    middle, end = make_sshd({}), make_sshd({})

    def secret(*, credential_id: str | None = None, fresh: bool = False) -> SshKeySecret:  # noqa: ARG001
        return (middle if credential_id else end).secret()

    target = end.target(jump_hosts=(middle.jump_host(),))
    hop = [StepName.TCP, StepName.HOST_KEY, StepName.LOGIN]
    report = _walk(target, secret)
    assert report.reached
    assert [one.step for one in report.steps] == [StepName.NAME, *hop, *ALL[1:]]
    report = _walk(target.model_copy(update={"port": free_port()}), secret)
    assert [one.passing for one in report.steps][:5] == [Passing.PASSED] * 4 + [Passing.FAILED]
    assert report.steps[4].step is StepName.TCP


def test_a_local_resource_has_no_way_to_walk(sshd: SshServer) -> None:
    report = _walk(sshd.target(transport=TransportKind.LOCAL), sshd.secret)
    assert report.reached
    assert [one.step for one in report.steps] == [StepName.SHELL, StepName.SCRATCH, StepName.SCHEDULER]
