"""Bytes that are no message, on every topic and every partition: dead letters, and no partition is stuck."""

import time
from dataclasses import dataclass

import psycopg2

from howdah.contracts.topics import platform_topics
from howdah.messaging import Outgoing, connect
from howdah.runtime.settings import KafkaSettings
from tests.failure.proof.ground import Ground, Scale, proving_ground
from tests.failure.proof.launching import launched
from tests.failure.proof.verdicts import ask_witness, wait_ended

_RUBBISH = b"\xff\x00 this is no message"


@dataclass(frozen=True)
class RubbishSize:
    """How many experiments run before and after the rubbish."""

    scale: Scale
    each_partition: int = 1
    patience_seconds: float = 150.0


FULL = RubbishSize(Scale(10, pause_seconds=0.0), each_partition=3)
SMALL = RubbishSize(Scale(3, pause_seconds=0.0))


def bad_bytes(size: RubbishSize) -> dict[str, object]:
    """Run the proof and return its line."""
    with proving_ground(size.scale) as ground:
        accepted = _launch(ground, size)
        sent = _litter(ground, size.each_partition)
        accepted += _launch(ground, size)
        ended = wait_ended(ground, accepted, size.patience_seconds)
        found = _wait_for_letters(ground, sum(sent.values()), size.patience_seconds)
        verdict = ask_witness(ground, accepted)
    missing = {topic: count - found.get(topic, 0) for topic, count in sent.items() if found.get(topic, 0) != count}
    return {
        "proof": "bad-bytes",
        "topics": len(sent),
        "sent": sum(sent.values()),
        "dead_letters": sum(found.values()),
        "missing": missing,
        "all_ended": ended,
        **verdict,
    }


def _launch(ground: Ground, size: RubbishSize) -> list[str]:
    with ground.client() as client:
        return [
            launched(client, ground.request(number, size.scale.application_seconds))
            for number in range(size.scale.experiments)
        ]


def _litter(ground: Ground, each_partition: int) -> dict[str, int]:
    """Write rubbish to every partition of every topic of the platform; return how many messages to each topic."""
    sent = {}
    settings = KafkaSettings.load(kafka_bootstrap=ground.kafka.bootstrap)
    with connect(settings, "litter") as messaging:
        for topic in platform_topics():
            places = range(messaging.admin().partitions(topic.name))
            rubbish = [
                Outgoing(topic.name, _RUBBISH, key=b"rubbish", partition=place)
                for place in places
                for _ in range(each_partition)
            ]
            messaging.producer().send_all(rubbish)
            sent[topic.name] = len(rubbish)
    return sent


def _wait_for_letters(ground: Ground, expected: int, seconds: float) -> dict[str, int]:
    until = time.monotonic() + seconds
    found: dict[str, int] = {}
    while time.monotonic() < until and sum(found.values()) < expected:
        time.sleep(0.5)
        with psycopg2.connect(ground.postgres.url.replace("postgresql+psycopg2", "postgresql")) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT topic, count(*) FROM dead_letter GROUP BY topic")
            found = dict(cursor.fetchall())
    return found
