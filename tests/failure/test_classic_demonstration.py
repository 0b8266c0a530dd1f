"""One producer, three consumers of one group in processes of their own, one killed in the middle.

Every message is handled, none is acknowledged before it was, and what was acknowledged is not handled again. The
witness reads the consumers' journals and the group's commits; it does not ask the consumers.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from howdah.contracts.topics import Mode, Topic
from howdah.messaging import Outgoing, connect, ledger
from howdah.runtime.settings import KafkaSettings
from tests.fixtures.interface import KafkaDaemon

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180, func_only=True)]

PARTITIONS = 12
MESSAGES = 1_500
Position = tuple[int, int]


class Witness:
    """Knows what was handled from the journals, and what was acknowledged from the group's commits."""

    def __init__(self, bootstrap: str, topic: str, group: str, journals: list[Path]) -> None:
        self._topic = topic
        self._journals = journals
        self._client = Consumer({"bootstrap.servers": bootstrap, "group.id": group})

    def handled(self) -> Counter[Position]:
        lines = [line.split() for journal in self._journals for line in journal.read_text().splitlines()]
        return Counter((int(line[1]), int(line[2])) for line in lines if line[0] == "done" and len(line) == 4)

    def values(self) -> set[str]:
        lines = [line.split() for journal in self._journals for line in journal.read_text().splitlines()]
        return {line[3] for line in lines if line[0] == "done" and len(line) == 4}

    def acknowledged(self) -> set[Position]:
        found: set[Position] = set()
        asked = [TopicPartition(self._topic, number) for number in range(PARTITIONS)]
        for one in self._committed(asked):
            if one.offset >= 0:
                said = ledger.decode(one.offset, one.metadata or "")
                finished = set(range(said.horizon)) - set(said.unfinished)
                found.update((one.partition, offset) for offset in finished)
        return found

    def _committed(self, asked: list[TopicPartition]) -> list[TopicPartition]:
        while True:  # the test's time-out bounds it
            try:
                return self._client.committed(asked, timeout=10)
            except KafkaException:  # the coordinator is only just starting
                time.sleep(0.1)

    def acknowledged_before_handled(self) -> set[Position]:
        """What the commits call finished and no journal knows: the commits are read first, so this must stay empty."""
        acknowledged = self.acknowledged()
        return acknowledged - set(self.handled())

    def close(self) -> None:
        self._client.close()


class Consumers:
    """Three operating-system processes."""

    def __init__(self, bootstrap: str, topic: str, group: str, folder: Path, mode: str = "honest") -> None:
        self.journals = [folder / f"journal-{number}" for number in range(3)]
        for journal in self.journals:
            journal.touch()
        command = [sys.executable, "-m", "tests.failure.messaging.replica", bootstrap, topic, group]
        self.processes = [subprocess.Popen([*command, str(journal), mode]) for journal in self.journals]

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def topic(kafka: KafkaDaemon, topic_prefix: str) -> str:
    name = f"{topic_prefix}classic"
    with connect(KafkaSettings(kafka_bootstrap=kafka.bootstrap), "test") as messaging:
        messaging.admin().ensure([Topic(name, Mode.WORK_QUEUE, "none", PARTITIONS, 86_400_000, "a test", "a test")])
    return name


@pytest.fixture
def consumers(kafka: KafkaDaemon, topic: str, tmp_path: Path) -> Iterator[Consumers]:
    made = Consumers(kafka.bootstrap, topic, f"{topic}.group", tmp_path)
    yield made
    made.close()


def test_one_of_three_consumers_is_killed_and_no_message_is_lost_or_acknowledged_early(
    kafka: KafkaDaemon, topic: str, consumers: Consumers
) -> None:
    witness = Witness(kafka.bootstrap, topic, f"{topic}.group", consumers.journals)
    with connect(KafkaSettings(kafka_bootstrap=kafka.bootstrap), "producer") as messaging:
        sent = _send(messaging.producer().send, topic, MESSAGES // 2)
        _watch_until(witness, lambda: all(path.read_text().count("done") > 30 for path in consumers.journals))
        consumers.processes[0].kill()
        consumers.processes[0].wait()
        at_the_kill = witness.acknowledged()
        sent |= _send(messaging.producer().send, topic, MESSAGES, MESSAGES // 2)
        _watch_until(witness, lambda: len(witness.acknowledged()) == MESSAGES)
    handled = witness.handled()
    assert witness.values() == sent, "every message was handled"
    assert {position for position in at_the_kill if handled[position] != 1} == set(), (
        "acknowledged: never handled again"
    )
    repeated = {position for position, times in handled.items() if times > 1}
    assert len(repeated) <= 4 + 64, "only what the killed one had done and not yet acknowledged comes twice"
    witness.close()


def test_the_witness_sees_an_acknowledgement_before_the_work(kafka: KafkaDaemon, topic: str, tmp_path: Path) -> None:
    consumers = Consumers(kafka.bootstrap, topic, f"{topic}.group", tmp_path, "sabotage")
    witness = Witness(kafka.bootstrap, topic, f"{topic}.group", consumers.journals)
    try:
        with connect(KafkaSettings(kafka_bootstrap=kafka.bootstrap), "producer") as messaging:
            _send(messaging.producer().send, topic, 200)
            end = time.monotonic() + 60
            while not witness.acknowledged_before_handled():
                assert time.monotonic() < end, "the sabotage was not seen"
                time.sleep(0.02)
    finally:
        consumers.close()
        witness.close()


def _send(send: object, topic: str, end: int, start: int = 0) -> set[str]:
    assert callable(send)
    for index in range(start, end):
        send(Outgoing(topic, f"message-{index}".encode(), partition=index % PARTITIONS))
    return {f"message-{index}" for index in range(start, end)}


def _watch_until(witness: Witness, done: object) -> None:
    assert callable(done)
    end = time.monotonic() + 90
    while not done():
        assert witness.acknowledged_before_handled() == set()
        assert time.monotonic() < end, "the consumers did not get on"
        time.sleep(0.05)  # the witness looks from outside: nobody tells it
