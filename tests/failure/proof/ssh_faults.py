"""A resource that refuses, hangs or cuts: its tasks fail as the design says, and a healthy one keeps its pace.

Both resources are the same sshd; the sick one is reached through a proxy that can refuse, swallow and cut.
"""

import statistics
import threading
import time
from dataclasses import dataclass

from howdah.client import Client
from howdah.contracts.failures import FailureKind
from tests.failure.proof.ground import Ground, Scale, proving_ground
from tests.failure.proof.launching import launched
from tests.fixtures.proxy import FaultProxy

_TERMINAL = {"COMPLETED", "FAILED", "CANCELED"}
_RETRY = {"max_attempts": 3, "initial_delay_seconds": 0.5, "max_delay_seconds": 2.0}
_EXPECTED = {FailureKind.TRANSIENT, FailureKind.TIMEOUT, FailureKind.THROTTLED}


@dataclass(frozen=True)
class FaultSize:
    """How many experiments meet each fault, and how many run on the healthy resource meanwhile."""

    sick: int
    healthy: int
    timeout_seconds: float = 4.0
    patience_seconds: float = 180.0


FULL = FaultSize(sick=40, healthy=60)
SMALL = FaultSize(sick=6, healthy=10)


def ssh_faults(size: FaultSize) -> list[dict[str, object]]:
    """Run the three faults and the recovery, one after another on one platform; a line each."""
    with proving_ground(Scale(0)) as ground, FaultProxy(ground.sshd.port) as proxy, ground.client() as client:
        sick = _resource(client, ground, "sick", proxy.port, size.timeout_seconds)
        healthy = _resource(client, ground, "healthy", ground.sshd.port, size.timeout_seconds)
        calm = _pace(client, healthy, size.healthy)
        ward = _Ward(client, proxy, sick, healthy, calm)
        return [*(_fault(ward, size, fault) for fault in ("refuse", "hang", "cut")), _recovery(ward, size)]


@dataclass(frozen=True)
class _Ward:
    client: Client
    proxy: FaultProxy
    sick: str
    healthy: str
    calm: list[float]
    """Seconds of each command on the healthy resource while nothing is wrong."""


def _fault(ward: _Ward, size: FaultSize, fault: str) -> dict[str, object]:
    client, proxy = ward.client, ward.proxy
    _switch(proxy, fault)
    experiments = [launched(client, _command(ward.sick, f"{fault}-{number}")) for number in range(size.sick)]
    during = _pace(client, ward.healthy, size.healthy)
    states = _wait(client, experiments, size.patience_seconds)
    _switch(proxy, "none")
    wrong = [one for one in experiments if not _failed_as_designed(client, one)]
    return {
        "proof": f"ssh-{fault}",
        "experiments": len(experiments),
        "failed": sum(state == "FAILED" for state in states.values()),
        "lost": sum(state not in _TERMINAL for state in states.values()),
        "not_as_designed": len(wrong),
        "healthy_experiments": len(during),
        "healthy_p50_ms": round(1_000 * statistics.median(during)),
        "healthy_max_ms": round(1_000 * max(during)),
        "healthy_p50_ms_before": round(1_000 * statistics.median(ward.calm)),
        "healthy_max_ms_before": round(1_000 * max(ward.calm)),
    }


def _recovery(ward: _Ward, size: FaultSize) -> dict[str, object]:
    """The link comes back before the retries are used up: the experiments complete."""
    client, proxy = ward.client, ward.proxy
    _switch(proxy, "refuse")
    patient = {"max_attempts": 10, "initial_delay_seconds": 0.5, "max_delay_seconds": 2.0}
    experiments = [launched(client, _command(ward.sick, f"back-{number}", patient)) for number in range(size.sick)]
    back = threading.Timer(3.0, _switch, (proxy, "none"))
    back.start()
    states = _wait(client, experiments, size.patience_seconds)
    back.join()
    retried = sum(next(client.experiments.tasks(one)).attempt > 1 for one in experiments)
    return {
        "proof": "ssh-recovery",
        "experiments": len(experiments),
        "completed": sum(state == "COMPLETED" for state in states.values()),
        "retried": retried,
        "lost": sum(state != "COMPLETED" for state in states.values()),
    }


def _switch(proxy: FaultProxy, fault: str) -> None:
    proxy.accepting = fault != "refuse"
    proxy.black_hole = fault == "hang"
    proxy.cut_after_bytes = 2_500 if fault == "cut" else None
    proxy.cut()


def _resource(client: Client, ground: Ground, name: str, port: int, timeout: float) -> str:
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
    }
    return client.resources.create(body).id


def _command(resource: str, name: str, retry: dict[str, float] | None = None) -> dict[str, object]:
    task = {
        "name": "echo",
        "type": "command",
        "resource_id": resource,
        "params": {"argv": ["echo", name], "timeout_seconds": 30, "idempotent": True},
        "retry": retry or _RETRY,
        "deadline_seconds": 120,
    }
    return {"kind": "tasks", "name": name, "tasks": [task], "launch": True}


def _pace(client: Client, resource: str, count: int) -> list[float]:
    """Run commands one after another; return the seconds that each took from launch to COMPLETED."""
    seconds = []
    for number in range(count):
        begin = time.perf_counter()
        experiment = launched(client, _command(resource, f"pace-{number}"))
        states = _wait(client, [experiment], 60)
        assert states[experiment] == "COMPLETED", client.experiments.get(experiment)
        seconds.append(time.perf_counter() - begin)
    return seconds


def _wait(client: Client, experiments: list[str], seconds: float) -> dict[str, str]:
    until = time.monotonic() + seconds
    states: dict[str, str] = {}
    while time.monotonic() < until:
        for one in experiments:
            if states.get(one) not in _TERMINAL:
                states[one] = client.experiments.get(one).state.value
        if all(state in _TERMINAL for state in states.values()):
            break
        time.sleep(0.02)
    return states


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
