"""Slurm behind a link that cuts, delays, swallows and truncates at random: exactly one job a task, no cancel left open.

The link is a proxy before the sshd; meanwhile the two replicas of job-submission are killed in turn. Jobs are counted
from Slurm's completion file by the witness; when each job ended is read there, too.
"""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from howdah.client import Client, ClientError
from tests.failure.proof.gateway import launched, resource_over_a_link
from tests.failure.proof.ground import Ground, Line, Scale
from tests.failure.proof.verdicts import ask_witness, rows, wait_ended
from tests.fixtures.proxy import FaultProxy
from tests.fixtures.waiting import holds_within

_GATEWAYS = 8
_JOB_SECONDS = 60.0
_ROUNDING_SECONDS = 2.0
"""Slurm's completion file has whole seconds."""


@dataclass(frozen=True)
class LinkSize:
    """How much goes over the link, how often it fails and how long it may take until all has settled."""

    scale: Scale
    calm: tuple[float, float]
    """The shortest and the longest time between two faults, in seconds."""
    kill_every: float
    patience_seconds: float


FULL = LinkSize(Scale(1_000), calm=(0.6, 2.5), kill_every=4.0, patience_seconds=900)
SMALL = LinkSize(Scale(8), calm=(0.4, 1.2), kill_every=5.0, patience_seconds=120)
SABOTAGED = LinkSize(Scale(16, pause_seconds=0.4), calm=(0.2, 0.6), kill_every=3.0, patience_seconds=120)


class Faults:
    """Hurts the link until stopped; ``done`` counts what it did."""

    def __init__(self, proxy: FaultProxy, seed: int, calm: tuple[float, float]) -> None:
        self._proxy, self._calm = proxy, calm
        self._chance = random.Random(seed)  # noqa: S311 - a storm has to be repeatable, not secret
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._hurt, daemon=True)
        self.done: dict[str, int] = {"cut": 0, "delay": 0, "black-hole": 0, "truncate": 0}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _hurt(self) -> None:
        while not self._stop.wait(self._chance.uniform(*self._calm)):
            fault = self._chance.choice([*self.done])
            self.done[fault] += 1
            match fault:
                case "cut":
                    self._proxy.cut()
                case "delay":
                    self._proxy.delay_seconds = self._chance.uniform(0.02, 0.15)
                case "black-hole":
                    self._proxy.black_hole = True
                case _:
                    self._proxy.cut_after_bytes = self._chance.randint(1_000, 20_000)
            self._stop.wait(self._chance.uniform(0.1, 0.6))
            self._proxy.delay_seconds, self._proxy.black_hole, self._proxy.cut_after_bytes = 0.0, False, None


@dataclass(frozen=True)
class Link:
    """The faulty way to the cluster, and the resource that is reached over it."""

    ground: Ground
    proxy: FaultProxy
    resource_id: str

    def request(self, proof: str, number: int, seconds: float) -> dict[str, object]:
        """Return the request for one experiment over this link."""
        return {**self.ground.request(proof, number, seconds), "resource_id": self.resource_id}

    def launch(self, proof: str, number: int, seconds: float) -> str:
        """Launch it over a connection of its own; return its id."""
        with self.ground.client() as client:
            return launched(client, self.request(proof, number, seconds))


@contextmanager
def faulty_link(ground: Ground, proof: str) -> Iterator[Link]:
    """Put a proxy before the sshd and a resource behind it."""
    with FaultProxy(ground.sshd.port) as proxy:
        with ground.client() as client:
            resource_id = _resource(client, ground, proof, proxy.port)
        yield Link(ground, proxy, resource_id)


def submissions(ground: Ground, size: LinkSize, seed: int, proof: str = "faulty-link") -> Line:
    """Run the proof of the submissions and return its line."""
    ground.begin(size.scale)
    kills = 0
    with faulty_link(ground, proof) as link, ThreadPoolExecutor(_GATEWAYS) as pool:
        with Faults(link.proxy, seed, size.calm) as faults:
            seconds = size.scale.application_seconds
            launching = [pool.submit(link.launch, proof, number, seconds) for number in range(size.scale.experiments)]
            until = time.monotonic() + size.patience_seconds
            while not all(future.done() for future in launching) and time.monotonic() < until:
                kills += _kill_one(ground, kills)
                threading.Event().wait(size.kill_every)
            accepted = [future.result() for future in launching]
            # While what was launched is under way, the link stays bad and the replicas go on dying.
            while time.monotonic() < until and not wait_ended(ground, accepted, size.kill_every):
                kills += _kill_one(ground, kills)
        ended = wait_ended(ground, accepted, size.patience_seconds)
    verdict = ask_witness(ground, proof, accepted)
    return {
        "proof": proof,
        "seed": seed,
        "faults": faults.done,
        "replicas_killed": kills,
        "all_ended": ended,
        "not_as_designed": verdict["experiments"] - verdict["completed"],
        **verdict,
    }


def _kill_one(ground: Ground, number: int) -> bool:
    """Kill the replica whose turn it is; one that is only just being restarted is waited for."""
    name = "job-submission" if number % 2 else "job-submission-2"
    return holds_within(lambda: ground.platform.kill(name), 10, every=0.2)


@dataclass(frozen=True)
class CancelSize:
    """How many are canceled, how many at a time, and how long it may take until all has settled."""

    cancels: int
    at_a_time: int
    latest_seconds: float
    patience_seconds: float
    application_seconds: float = 120.0


CANCELS = CancelSize(500, 16, latest_seconds=4.0, patience_seconds=600)
FEW_CANCELS = CancelSize(8, 8, latest_seconds=2.0, patience_seconds=120)
SABOTAGED_CANCELS = CancelSize(4, 4, latest_seconds=0.5, patience_seconds=40, application_seconds=8.0)


def cancels(ground: Ground, size: CancelSize, seed: int, proof: str = "cancels") -> Line:
    """Cancel at random moments, half of the times while the link is cut, and return the line."""
    ground.begin(Scale(0))
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    moments = [chance.uniform(0.0, size.latest_seconds) for _ in range(size.cancels)]
    with faulty_link(ground, proof) as link:
        cutter = _Cutter(link.proxy)

        def one(number: int) -> str:
            experiment = link.launch(proof, number, size.application_seconds)
            if number % 4 > 1:  # the other half at any moment, most of them before there is a job
                holds_within(lambda: _has_job(ground, experiment), _JOB_SECONDS, every=0.2)
            threading.Event().wait(moments[number])
            if number % 2:
                cutter.cut_for(1.5)
            _cancel(ground, experiment)
            return experiment

        with ThreadPoolExecutor(size.at_a_time) as pool:
            accepted = list(pool.map(one, range(size.cancels)))
        ended = wait_ended(ground, accepted, size.patience_seconds)
    verdict = ask_witness(ground, proof, accepted)
    confirmed, outlived = _outlived(ground, accepted)
    return {
        "proof": proof,
        "seed": seed,
        "cuts": cutter.cuts,
        "all_ended": ended,
        "confirmed_jobs": confirmed,
        "ran_after_canceled": outlived,
        **verdict,
    }


class _Cutter:
    """Takes the link away for a while; several may ask for it at once."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy, self._lock, self._until = proxy, threading.Lock(), 0.0
        self.cuts = 0

    def cut_for(self, seconds: float) -> None:
        with self._lock:
            self.cuts += 1
            self._until = max(self._until, time.monotonic() + seconds)
            self._proxy.accepting = False
        self._proxy.cut()
        threading.Timer(seconds + 0.05, self._mend).start()

    def _mend(self) -> None:
        with self._lock:
            if time.monotonic() >= self._until:
                self._proxy.accepting = True


def _has_job(ground: Ground, experiment: str) -> bool:
    known = "SELECT job_name FROM job WHERE experiment_id = %s AND native_id IS NOT NULL"
    return bool(rows(ground, known, experiment))


def _cancel(ground: Ground, experiment: str) -> None:
    """Ask until it was heard; what has ended meanwhile needs no cancel."""

    def asked() -> bool:
        try:
            with ground.client() as client:
                client.experiments.cancel(experiment)
        except ClientError:
            with ground.client() as client:
                return client.experiments.get(experiment).state in {"COMPLETED", "FAILED", "CANCELED"}
        return True

    assert holds_within(asked, 60, every=0.2)


def _outlived(ground: Ground, experiments: list[str]) -> tuple[int, int]:
    """Return how many jobs were confirmed to be canceled, and how many of them Slurm saw end clearly later."""
    ends = _job_ends(ground.slurm.directory / "jobcomp.txt")
    statement = """
        SELECT j.job_name, extract(epoch FROM min(e.at))::text
        FROM job j JOIN event e USING (experiment_id) JOIN task t ON t.id = e.task_id
        WHERE j.experiment_id = ANY(%s::uuid[]) AND e.kind = 'task-canceled' AND (e.payload->>'confirmed')::boolean
          AND t.type IN ('job-submission', 'job-monitoring')
        GROUP BY j.job_name"""
    confirmed = rows(ground, statement, experiments)
    late = [name for name, at in confirmed if ends.get(name, 0.0) > float(at) + _ROUNDING_SECONDS]
    live = set(ground.slurm.live_jobs())
    return len(confirmed), len(late) + sum(name in live for name, _ in confirmed)


def _job_ends(jobcomp: Path) -> dict[str, float]:
    """Return when each job ended, by its name, from the completion file (local time, as Slurm writes it)."""
    found: dict[str, float] = {}
    for line in jobcomp.read_text(errors="replace").splitlines() if jobcomp.exists() else []:
        fields = dict(word.partition("=")[::2] for word in line.split())
        # Canceled before it began: Slurm writes the moment as both start and end, or none.
        if fields.get("EndTime", "Unknown") != "Unknown":
            found[fields["Name"]] = datetime.fromisoformat(fields["EndTime"]).timestamp()
    return found


def _resource(client: Client, ground: Ground, name: str, port: int) -> str:
    resource_id = resource_over_a_link(ground, client, f"slurm over a link for {name}", port)
    module_id = client.interfaces.get(ground.interface_id).module_id
    executable = str(ground.directory / "bin" / "application")
    client.deployments.create({"module_id": module_id, "resource_id": resource_id, "executable": executable})
    return resource_id
