"""Kafka and PostgreSQL, each stopped for a while under load: nothing is lost, nothing done twice."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.failure.proof.gateway import launch_one
from tests.failure.proof.ground import Ground, Line, Scale
from tests.failure.proof.verdicts import ask_witness, wait_ended
from tests.fixtures.interface import Daemon


@dataclass(frozen=True)
class OutageSize:
    """How long the daemon is away, and how much goes on meanwhile."""

    scale: Scale
    down_seconds: float
    before_seconds: float = 3.0
    pace_seconds: float = 0.5
    patience_seconds: float = 240.0


FULL = OutageSize(Scale(60), down_seconds=20.0)
SMALL = OutageSize(Scale(12), down_seconds=6.0, pace_seconds=0.6)


def kafka_outage(ground: Ground, size: OutageSize) -> Line:
    """Stop Kafka under load."""
    return _outage("kafka-outage", ground, size, ground.kafka)


def postgres_outage(ground: Ground, size: OutageSize) -> Line:
    """Stop PostgreSQL under load."""
    return _outage("postgres-outage", ground, size, ground.postgres)


def _outage(proof: str, ground: Ground, size: OutageSize, daemon: Daemon) -> Line:
    ground.begin(size.scale)
    before = _restarts(ground)
    with ThreadPoolExecutor(1) as gateway:
        launching = gateway.submit(_launch_all, ground, proof, size)
        # On this thread: a daemon is tied to the life of the thread that started it.
        _take_away(daemon, size)
        accepted = launching.result()
    ended = wait_ended(ground, accepted, size.patience_seconds)
    restarts = _restarts(ground) - before
    verdict = ask_witness(ground, proof, accepted)
    return {"proof": proof, "down_seconds": size.down_seconds, "all_ended": ended, "restarts": restarts, **verdict}


def _restarts(ground: Ground) -> int:
    return sum(child.restarts for child in ground.platform.status().children)


def _take_away(daemon: Daemon, size: OutageSize) -> None:
    time.sleep(size.before_seconds)
    daemon.stop()
    time.sleep(size.down_seconds)
    daemon.start()


def _launch_all(ground: Ground, proof: str, size: OutageSize) -> list[str]:
    def launch(number: int) -> str:
        time.sleep(number * size.pace_seconds)
        return launch_one(ground, proof, number, size.scale)

    with ThreadPoolExecutor(size.scale.experiments) as pool:
        return list(pool.map(launch, range(size.scale.experiments)))
