"""A resource that refuses, hangs or cuts: its tasks fail as the design says, and a healthy one keeps its pace.

Nobody waits for it (``outage_seconds`` is 0): what becomes of those who do is the proof ``outage``.

Both resources are the same sshd; the sick one is reached through a proxy that can refuse, swallow and cut.
"""

import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from howdah.client import Client
from howdah.contracts.failures import FailureKind
from tests.failure.proof.gateway import launched
from tests.failure.proof.ground import Ground, Line, Scale
from tests.failure.proof.verdicts import ask_witness, open_experiments
from tests.fixtures.proxy import FaultProxy
from tests.fixtures.waiting import holds_within

_RETRY: dict[str, object] = {"max_attempts": 3, "initial_delay_seconds": 0.5, "max_delay_seconds": 2.0}
_EXPECTED = {FailureKind.TRANSIENT, FailureKind.TIMEOUT, FailureKind.THROTTLED}


@dataclass(frozen=True)
class FaultSize:
    """How many experiments meet each fault, and how many run on the healthy resource meanwhile."""

    sick: int
    healthy: int
    timeout_seconds: float = 4.0
    """When an operation on a resource is given up; who waits behind a sick one waits at least as long."""
    patience_seconds: float = 180.0


FULL = FaultSize(sick=40, healthy=60)
SMALL = FaultSize(sick=6, healthy=10)


def ssh_faults(ground: Ground, size: FaultSize) -> list[Line]:
    """Run the three faults and the recovery, one after another on one platform; a line each."""
    ground.begin(Scale(0))
    with FaultProxy(ground.sshd.port) as proxy, ground.client() as client:
        sick = resource(client, ground, "sick", proxy.port, size.timeout_seconds)
        healthy = resource(client, ground, "healthy", ground.sshd.port, size.timeout_seconds)
        ward = _Ward(ground, client, proxy, sick, healthy)
        calm = ward.pace("calm", size.healthy)
        return [*(_fault(ward, size, fault, calm) for fault in ("refuse", "hang", "cut")), _recovery(ward, size)]


@dataclass(frozen=True)
class _Ward:
    """A sick resource, a healthy one, and what runs on them."""

    ground: Ground
    client: Client
    proxy: FaultProxy
    sick: str
    healthy: str

    def launch_sick(self, proof: str, count: int, retry: dict[str, object]) -> list[str]:
        return [launched(self.client, command(self.sick, f"{proof}-{number}", retry)) for number in range(count)]

    def ended(self, experiments: Sequence[str], seconds: float) -> bool:
        return holds_within(lambda: not open_experiments(self.ground, experiments), seconds)

    def pace(self, name: str, count: int) -> list[float]:
        """Run commands one after another; return the seconds that each took from launch to COMPLETED."""
        seconds = []
        for number in range(count):
            begin = time.perf_counter()
            experiment = launched(self.client, command(self.healthy, f"pace-{name}-{number}", _RETRY))
            assert self.ended([experiment], 60)
            seconds.append(time.perf_counter() - begin)
            assert self.client.experiments.get(experiment).state == "COMPLETED"
        return seconds


def _fault(ward: _Ward, size: FaultSize, fault: str, calm: Sequence[float]) -> Line:
    proof = f"ssh-{fault}"
    switch(ward.proxy, fault)
    experiments = ward.launch_sick(proof, size.sick, _RETRY)
    during = ward.pace(fault, size.healthy)
    ended = ward.ended(experiments, size.patience_seconds)
    switch(ward.proxy, "none")
    wrong = [one for one in experiments if not _failed_as_designed(ward.client, one)]
    return {
        "proof": proof,
        "all_ended": ended,
        "not_as_designed": len(wrong),
        "healthy_experiments": len(during),
        "healthy_delayed": sum(seconds > size.timeout_seconds for seconds in during),
        "healthy_p50_ms": round(1_000 * statistics.median(during)),
        "healthy_max_ms": round(1_000 * max(during)),
        "healthy_p50_ms_before": round(1_000 * statistics.median(calm)),
        "healthy_max_ms_before": round(1_000 * max(calm)),
        **ask_witness(ward.ground, proof, experiments),
    }


def _recovery(ward: _Ward, size: FaultSize) -> Line:
    """The link comes back before the retries are used up: the experiments complete."""
    proof, patient = "ssh-recovery", {**_RETRY, "max_attempts": 10}
    switch(ward.proxy, "refuse")
    experiments = ward.launch_sick(proof, size.sick, patient)
    back = threading.Timer(3.0, switch, (ward.proxy, "none"))
    back.start()
    ended = ward.ended(experiments, size.patience_seconds)
    back.join()
    retried = sum(next(ward.client.experiments.tasks(one)).attempt > 1 for one in experiments)
    verdict = ask_witness(ward.ground, proof, experiments)
    not_completed = verdict["experiments"] - verdict["completed"]
    return {"proof": proof, "all_ended": ended, "retried": retried, "not_as_designed": not_completed, **verdict}


def switch(proxy: FaultProxy, fault: str) -> None:
    """Let the proxy ``refuse``, ``hang``, ``cut``, or do ``none`` of it."""
    proxy.accepting = fault != "refuse"
    proxy.black_hole = fault == "hang"
    proxy.cut_after_bytes = 2_500 if fault == "cut" else None
    proxy.cut()


def resource(  # noqa: PLR0917 - the parts of a resource
    client: Client, ground: Ground, name: str, port: int, timeout: float, outage_seconds: float = 0
) -> str:
    """Make a resource of the ground's sshd, behind ``port``; tasks wait ``outage_seconds`` for it."""
    like = client.resources.find("slurm")
    assert like is not None
    body = {
        "name": name,
        "transport": "ssh",
        "scheduler": "fork",
        "host": "127.0.0.1",
        "port": port,
        "username": ground.sshd.user,
        "credential_id": like.credential_id,
        "host_keys": [ground.sshd.host_key_line],
        "scratch": str(ground.sshd.work_root),
        "timeouts": {"connect_seconds": timeout, "command_seconds": timeout, "submit_seconds": timeout},
        "retry": {"outage_seconds": outage_seconds},
    }
    return client.resources.create(body).id


def command(resource: str, name: str, retry: dict[str, object]) -> dict[str, object]:
    """Return the request for an experiment of one command."""
    task = {
        "name": "echo",
        "type": "command",
        "resource_id": resource,
        "params": {"argv": ["echo", name], "timeout_seconds": 30, "idempotent": True},
        "retry": retry,
        "deadline_seconds": 120,
    }
    return {"kind": "tasks", "name": name, "tasks": [task], "launch": True}


def _failed_as_designed(client: Client, experiment: str) -> bool:
    """FAILED with kind, sentence, and as many attempts as the policy allows."""
    failure = client.experiments.get(experiment).failure
    task = next(client.experiments.tasks(experiment))
    return (
        failure is not None
        and failure.kind in _EXPECTED
        and len(failure.sentence) > len("It failed.")
        and task.attempt == _RETRY["max_attempts"]
    )
