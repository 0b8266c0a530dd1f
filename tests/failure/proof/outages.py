"""Kafka and PostgreSQL, each stopped for a while under load: nothing is lost, nothing done twice."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.failure.proof.ground import Ground, Scale, proving_ground
from tests.failure.proof.launching import launched
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


FULL = OutageSize(Scale(60, pause_seconds=0.0), down_seconds=20.0)
SMALL = OutageSize(Scale(12, pause_seconds=0.0), down_seconds=6.0, pace_seconds=0.6)


def kafka_outage(size: OutageSize) -> dict[str, object]:
    """Stop Kafka under load."""
    return _outage("kafka-outage", size, lambda ground: ground.kafka)


def postgres_outage(size: OutageSize) -> dict[str, object]:
    """Stop PostgreSQL under load."""
    return _outage("postgres-outage", size, lambda ground: ground.postgres)


def _outage(name: str, size: OutageSize, daemon_of: Callable[[Ground], Daemon]) -> dict[str, object]:
    with proving_ground(size.scale) as ground:
        with ThreadPoolExecutor(1) as gateway:
            launching = gateway.submit(_launch_all, ground, size)
            # On this thread: a daemon is tied to the life of the thread that started it.
            _take_away(daemon_of(ground), size)
            accepted = launching.result()
        ended = wait_ended(ground, accepted, size.patience_seconds)
        restarts = sum(child.restarts for child in ground.platform.status().children)
        verdict = ask_witness(ground, accepted)
    return {"proof": name, "down_seconds": size.down_seconds, "all_ended": ended, "restarts": restarts, **verdict}


def _take_away(daemon: Daemon, size: OutageSize) -> None:
    time.sleep(size.before_seconds)
    daemon.stop()
    time.sleep(size.down_seconds)
    daemon.start()


def _launch_all(ground: Ground, size: OutageSize) -> list[str]:
    def launch(number: int) -> str:
        time.sleep(number * size.pace_seconds)
        with ground.client() as client:
            return launched(client, ground.request(number, size.scale.application_seconds))

    with ThreadPoolExecutor(size.scale.experiments) as pool:
        return list(pool.map(launch, range(size.scale.experiments)))
