"""Walking the way to a resource, from its name to its scheduler, and saying which step failed and what to do."""

import socket
import time
from collections.abc import Callable, Mapping
from typing import Final

import paramiko

from howdah.compute import templates
from howdah.compute.abstract import Bounds, SecretSource
from howdah.compute.files import FileConnection
from howdah.compute.local import LocalConnection
from howdah.compute.ssh.connection import SshConnection
from howdah.compute.ssh.opening import open_transport
from howdah.compute.ssh.pool import SshPool
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.looks import Passing, ReachabilityReport, StepName, StepReport
from howdah.contracts.resources import ResourceTarget, SchedulerKind, TransportKind

_STEP_SECONDS: Final = 30.0
_WAY_IN: Final = (StepName.NAME, StepName.TCP, StepName.HOST_KEY, StepName.LOGIN)
_ADVICE: Final[dict[tuple[StepName, FailureKind | None], str]] = {
    (StepName.NAME, None): "Check the spelling of the host, and that the services' name servers know it.",
    (StepName.TCP, None): "Check host and port, that sshd runs there, and that firewalls let the services through; "
    "a host that only others reach needs jump_hosts.",
    (StepName.TCP, FailureKind.PERMANENT): "Ask the jump host's operators to allow forwarding for this account.",
    (StepName.HOST_KEY, None): "Do not go on before you know why: ask the host's operators for its fingerprint over "
    "another way. If the key is right, confirm it; the old one is no longer trusted then once you remove it.",
    (
        StepName.HOST_KEY,
        FailureKind.TRANSIENT,
    ): "Something other than sshd may listen there, or the link is bad; a host "
    "that closes every connection may block this address (fail2ban): ask its operators.",
    (StepName.HOST_KEY, FailureKind.THROTTLED): "The host takes too few connections at a time (MaxStartups): wait, or "
    "ask its operators.",
    (StepName.LOGIN, None): "Check the username; put the credential's public key into authorized_keys there, or bring "
    "the certificate, password or answers that the host asks for.",
    (StepName.LOGIN, FailureKind.INTERNAL): "The platform could not hand out the credential: look at the API server.",
    (StepName.SHELL, None): "Log in by hand with this account: the login shell or its start files must let 'sh' run.",
    (StepName.SCRATCH, None): "Name a scratch folder that the account may write to, with room and quota left.",
    (StepName.SCHEDULER, None): "Check the kind of scheduler, and that its commands are on the PATH of commands run "
    "over SSH (not only of interactive logins), or set the resource's environment.",
}
_QUESTIONS: Final[dict[SchedulerKind, tuple[str, str]]] = {
    SchedulerKind.SLURM: ("sbatch --version", "sinfo -h -o %R"),
    SchedulerKind.PBS: ("qstat --version", "qstat -Q | sed -n '3,$s/ .*//p'"),
    SchedulerKind.LSF: ("bsub -V 2>&1 | head -n 1", "bqueues -w | sed -n '2,$s/ .*//p'"),
    SchedulerKind.SGE: ("qstat -help | head -n 1", "qconf -sql"),
    SchedulerKind.HTCONDOR: ("condor_version | head -n 1", "condor_status -schedd -af Name"),
}
"""For each scheduler: who are you, and what queues are there."""


def reachability(target: ResourceTarget, secret: SecretSource, bounds: Bounds) -> ReachabilityReport:
    """Walk the way once, with a connection of its own; every step that was not reached says so."""
    walk = _Walk(target, bounds)
    if target.transport is TransportKind.LOCAL:
        walk.look_around(LocalConnection(target, bounds, {}))
    else:
        walk.by_ssh(secret)
    return walk.report()


class _Walk:
    """Keeps what was passed, and when."""

    def __init__(self, target: ResourceTarget, bounds: Bounds) -> None:
        self._target = target
        self._bounds = bounds
        self._steps: list[StepReport] = []
        self._since = time.monotonic()
        self._failure: Failure | None = None

    def report(self) -> ReachabilityReport:
        expected = [(hop.host, step) for hop in self._target.jump_hosts for step in _WAY_IN[1:]]
        if self._target.transport is TransportKind.SSH:
            expected += [(self._target.host, step) for step in _WAY_IN[1:]]
        expected += [(self._target.host, step) for step in (StepName.SHELL, StepName.SCRATCH, StepName.SCHEDULER)]
        passed = len([one for one in self._steps if one.step is not StepName.NAME])
        rest = [StepReport(step=step, host=host, passing=Passing.NOT_REACHED) for host, step in expected[passed:]]
        if self._steps and self._steps[-1].step is StepName.NAME and self._failure is not None:
            rest = [StepReport(step=step, host=host, passing=Passing.NOT_REACHED) for host, step in expected]
        return ReachabilityReport(reached=self._failure is None, steps=(*self._steps, *rest), failure=self._failure)

    def by_ssh(self, secret: SecretSource) -> None:
        """Go in by SSH, then look around."""
        first = self._target.jump_hosts[0] if self._target.jump_hosts else self._target
        if not self._named(first.host, first.port):
            return

        def opened(target: ResourceTarget, source: SecretSource, bounds: Bounds) -> paramiko.Transport:
            del self._steps[1:]  # a quick reconnect begins anew behind the name
            self._since = time.monotonic()
            return open_transport(target, source, bounds, self._passed_on)

        pool = SshPool(opener=opened)
        try:
            connection = SshConnection(self._target, secret, self._bounds, {}, pool)
            try:
                self.look_around(connection)
            finally:
                connection.close()
        except TaskError as error:
            step = _WAY_IN[1 + (len(self._steps) - 1) % len(_WAY_IN[1:])]
            self._failed(step, error, error.failure.host or self._target.host)
        finally:
            pool.close()

    def look_around(self, connection: FileConnection) -> None:
        """Try the shell, the scratch folder and the scheduler."""
        steps: tuple[tuple[StepName, Callable[[FileConnection], tuple[str, dict[str, object]]]], ...] = (
            (StepName.SHELL, self._shell),
            (StepName.SCRATCH, self._scratch),
            (StepName.SCHEDULER, self._scheduler),
        )
        for step, look in steps:
            try:
                sentence, facts = look(connection)
            except TaskError as error:
                self._failed(step, error, self._target.host)
                return
            self._passed(step, self._target.host, sentence, facts)

    def _named(self, host: str, port: int) -> bool:
        try:
            found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        except OSError as error:
            sentence = f"the name {host} can't be resolved: {error.strerror or error}"
            self._failed(StepName.NAME, TaskError.of(FailureKind.TRANSIENT, sentence, host=host), host)
            return False
        addresses = sorted(found)
        self._passed(StepName.NAME, host, f"{host} is {', '.join(addresses)}", {"addresses": addresses})
        return True

    def _passed_on(self, step: str, host: str, words: str, facts: Mapping[str, str]) -> None:
        if step == StepName.TCP:  # a second try with a fresh secret takes the place of the first
            # The words name the port: two hops of a way may be on one host.
            told = [(one.step, one.host, one.sentence) == (StepName.TCP, host, words) for one in self._steps]
            del self._steps[told.index(True) if any(told) else len(told) :]
        self._passed(StepName(step), host, words, dict(facts))

    def _shell(self, connection: FileConnection) -> tuple[str, dict[str, object]]:
        asked = 'uname -sr; printf "%s\\n" "$HOME"; id -un'
        answer = connection.run_script(asked, timeout_seconds=self._limit(), operation="shell").stdout.decode(
            "utf-8", "replace"
        )
        system, home, user, *_ = [*answer.splitlines(), "", "", ""]
        return f"{user} has a shell on {system}", {"system": system, "home": home, "user": user}

    def _scratch(self, connection: FileConnection) -> tuple[str, dict[str, object]]:
        path = connection.expand(self._target.scratch)
        script = templates.text("scratch.sh")
        result = connection.run_script(script, {"scratch": path}, timeout_seconds=self._limit(), operation="scratch")
        words = result.stderr.decode(errors="replace").strip()
        if result.exit_status != 0:
            sentence = f"the scratch folder {path} can't be used: {words[-300:] or 'no reason was given'}"
            raise TaskError.of(FailureKind.PERMANENT, sentence, host=self._target.host, operation="scratch")
        free, _, quota = result.stdout.decode(errors="replace").partition("\n")
        facts: dict[str, object] = {"path": path, "quota": quota.strip()[:1_000] or None}
        if free.isdigit():
            facts["free_bytes"] = int(free) * 1024
            return f"{path} can be written to, {int(free) / 2**20:.1f} GiB are free", facts
        return f"{path} can be written to", facts

    def _scheduler(self, connection: FileConnection) -> tuple[str, dict[str, object]]:
        kind = self._target.scheduler
        if kind not in _QUESTIONS:
            return "jobs are processes of this host: there is no scheduler to ask", {"queues": []}
        who, queues = _QUESTIONS[kind]
        script = f"({who}) || exit\necho\n({queues}) || exit"
        try:
            result = connection.run_script(script, timeout_seconds=self._limit(), operation="scheduler")
        except TaskError as error:
            if error.failure.kind is not FailureKind.TIMEOUT:
                raise
            sentence = f"{kind.value} does not answer: {error.failure.sentence}"
            raise TaskError.of(FailureKind.TIMEOUT, sentence, host=self._target.host, operation="scheduler") from None
        version, _, listed = result.stdout.decode(errors="replace").partition("\n\n")
        names = sorted(set(listed.split()))[:500]
        if result.exit_status != 0 or not names:
            words = result.stderr.decode(errors="replace").strip() or result.stdout.decode(errors="replace").strip()
            sentence = f"{kind.value} does not answer: {words[-300:] or f'exit status {result.exit_status}'}"
            raise TaskError.of(FailureKind.TRANSIENT, sentence, host=self._target.host, operation="scheduler")
        shown = ", ".join(names[:10])
        facts: dict[str, object] = {"version": version.strip()[:200], "queues": names}
        return f"{version.strip()[:100]} answers; its queues: {shown}", facts

    def _limit(self) -> float:
        return min(_STEP_SECONDS, self._target.command_timeout_seconds)

    def _passed(self, step: StepName, host: str, sentence: str, facts: dict[str, object]) -> None:
        self._add(StepReport.model_validate(self._common(step, host, Passing.PASSED, sentence) | {"facts": facts}))

    def _failed(self, step: StepName, error: TaskError, host: str) -> None:
        failure = error.failure
        advice = _ADVICE.get((step, failure.kind)) or _ADVICE[step, None]
        facts = {"kind": failure.kind.value}
        if step is StepName.HOST_KEY and failure.kind is FailureKind.HOST_KEY and failure.detail:
            facts["host_key"] = failure.detail
            advice = "Compare the fingerprint with the one that the host's operators publish, then confirm the key."
        common = self._common(step, host, Passing.FAILED, failure.sentence)
        self._failure = failure
        self._add(StepReport.model_validate(common | {"advice": advice, "facts": facts}))

    def _common(self, step: StepName, host: str, passing: Passing, sentence: str) -> dict[str, object]:
        now = time.monotonic()
        seconds, self._since = now - self._since, now
        return {"step": step, "host": host, "passing": passing, "sentence": sentence[:2_000], "seconds": seconds}

    def _add(self, report: StepReport) -> None:
        self._steps.append(report)
