"""Bytes that are no message, on every topic and every partition: dead letters, and no partition is stuck."""

from dataclasses import dataclass

from howdah.contracts.topics import platform_topics
from howdah.messaging import Outgoing, connect
from howdah.runtime.settings import KafkaSettings
from tests.failure.proof.gateway import launch_one
from tests.failure.proof.ground import Ground, Line, Scale
from tests.failure.proof.verdicts import ask_witness, rows, wait_ended
from tests.fixtures.waiting import holds_within

_PROOF = "bad-bytes"
_RUBBISH = b"\xff\x00 this is no message"


@dataclass(frozen=True)
class RubbishSize:
    """How many experiments run before the rubbish, and again after it."""

    scale: Scale
    each_partition: int = 1
    patience_seconds: float = 150.0


FULL = RubbishSize(Scale(10), each_partition=3)
SMALL = RubbishSize(Scale(3))


def bad_bytes(ground: Ground, size: RubbishSize) -> Line:
    """Run the proof and return its line."""
    ground.begin(size.scale)
    many, before = size.scale.experiments, _letters(ground)
    accepted = [launch_one(ground, _PROOF, number, size.scale) for number in range(many)]
    sent = _litter(ground, size.each_partition)
    accepted += [launch_one(ground, _PROOF, many + number, size.scale) for number in range(many)]
    ended = wait_ended(ground, accepted, size.patience_seconds)

    def found() -> dict[str, int]:
        return {topic: count - before.get(topic, 0) for topic, count in _letters(ground).items()}

    holds_within(lambda: sum(found().values()) >= sum(sent.values()), size.patience_seconds, every=0.5)
    letters = found()
    missing = {topic: count - letters.get(topic, 0) for topic, count in sent.items() if letters.get(topic, 0) != count}
    return {
        "proof": _PROOF,
        "topics": len(sent),
        "sent": sum(sent.values()),
        "dead_letters": sum(letters.values()),
        "missing": missing,
        "all_ended": ended,
        **ask_witness(ground, _PROOF, accepted),
    }


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


def _letters(ground: Ground) -> dict[str, int]:
    found = rows(ground, "SELECT topic, count(*) FROM dead_letter GROUP BY topic")
    return {topic: int(count) for topic, count in found}
