"""One face of the three backends, and what the tests of this suite share."""

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Protocol

from confluent_kafka import Consumer, KafkaException, TopicPartition

from howdah.contracts.codec import DEAD_LETTERS as LETTERS
from howdah.contracts.messages import DeadLetter
from howdah.contracts.topics import DEAD_LETTERS, Mode, Topic
from howdah.messaging import (
    BatchReader,
    Delivery,
    Handler,
    InMemoryBroker,
    Messaging,
    MessagingError,
    Outgoing,
    Record,
    WorkQueueOptions,
    connect,
    ledger,
)
from howdah.messaging.abstract import Queue
from howdah.messaging.backend import Committed, Partition, Refusal
from howdah.messaging.kafka.errors import passes
from howdah.runtime.settings import KafkaSettings
from tests.conformance.messaging.mock_cluster import OFFSET_COMMIT, PRODUCE, MockCluster

PATIENCE_SECONDS = 30.0


def topic_of(name: str, partitions: int, mode: Mode = Mode.WORK_QUEUE, *, compacted: bool = False) -> Topic:
    return Topic(name, mode, "key", partitions, 86_400_000, "a test", "a test", compacted=compacted)


class Harness(Protocol):
    name: str

    def connect(self, client_id: str = "replica") -> Messaging: ...

    def create(self, topic: Topic) -> None: ...

    def committed(self, group: str, topic: str, partitions: int) -> Mapping[int, Committed]: ...

    def commit_by_hand(self, group: str, topic: str, offset: int, metadata: str = "") -> None: ...

    def refuse_commits(self, *errors: int) -> None: ...

    def close(self) -> None: ...


class TwinHarness:
    name = "twin"

    def __init__(self) -> None:
        self.broker = InMemoryBroker()

    def connect(self, client_id: str = "replica") -> Messaging:
        return self.broker.connect(client_id)

    def create(self, topic: Topic) -> None:
        self.connect().admin().ensure([topic])

    def committed(self, group: str, topic: str, partitions: int) -> Mapping[int, Committed]:
        with self.broker.changed:
            found = self.broker.group_locked(group).committed
            return {n: found[Partition(topic, n)] for n in range(partitions) if Partition(topic, n) in found}

    def commit_by_hand(self, group: str, topic: str, offset: int, metadata: str = "") -> None:
        self.broker.commit_by_hand(group, topic, 0, offset, metadata)

    def refuse_commits(self, *errors: int) -> None:
        self.broker.refuse_commits(*(Refusal(f"KAFKA_{code}", again=code != 25) for code in errors))

    def close(self) -> None:
        """There is nothing to stop."""


class KafkaHarness:
    name = "kafka"

    def __init__(self, bootstrap: str, protocol: str = "consumer") -> None:
        self._settings = KafkaSettings.load(kafka_bootstrap=bootstrap, kafka_group_protocol=protocol)
        self._bootstrap = bootstrap
        self._askers: dict[str, Consumer] = {}
        """Clients that ask what a group has committed, and never join it."""

    def connect(self, client_id: str = "replica") -> Messaging:
        return connect(self._settings, client_id)

    def create(self, topic: Topic) -> None:
        self.connect().admin().ensure([topic])

    def committed(self, group: str, topic: str, partitions: int) -> Mapping[int, Committed]:
        asker = self._askers.get(group) or self._askers.setdefault(group, self._new_client(group))
        try:
            found = asker.committed([TopicPartition(topic, n) for n in range(partitions)], timeout=PATIENCE_SECONDS)
        except KafkaException as error:
            if not passes(error.args[0]):  # a coordinator that is only being found
                raise
            return {}
        return {one.partition: Committed(one.offset, one.metadata or "") for one in found if one.offset >= 0}

    def commit_by_hand(self, group: str, topic: str, offset: int, metadata: str = "") -> None:
        client = self._new_client(group)
        try:
            done = client.commit(offsets=[TopicPartition(topic, 0, offset, metadata)], asynchronous=False)
            assert done[0].error is None
        finally:
            client.close()

    def refuse_commits(self, *errors: int) -> None:
        raise AssertionError(f"a real broker does not err on request: {errors}")

    def close(self) -> None:
        """Close what asked; the broker belongs to the session."""
        for asker in self._askers.values():
            asker.close()

    def _new_client(self, group: str) -> Consumer:
        return Consumer({"bootstrap.servers": self._bootstrap, "group.id": group, "enable.auto.commit": False})


class MockHarness(KafkaHarness):
    name = "mock"

    def __init__(self) -> None:
        self._cluster = MockCluster()
        super().__init__(self._cluster.bootstrap, "classic")

    def create(self, topic: Topic) -> None:
        self._cluster.create_topic(topic.name, topic.partitions)

    def refuse_commits(self, *errors: int) -> None:
        self._cluster.refuse(OFFSET_COMMIT, *errors)

    def answer_batches(self, round_trip_ms: int, *errors: int) -> None:
        """Answer the next batches that are written with these errors (0: none), after so long."""
        self._cluster.set_round_trip_ms(round_trip_ms)
        self._cluster.refuse(PRODUCE, *errors)

    def close(self) -> None:
        super().close()
        self._cluster.close()


def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)


def gather(reader: BatchReader, found: list[Record], limit: int = 500) -> int:
    """Poll once; return how many records there are by now."""
    found.extend(reader.poll(0.1, limit))
    return len(found)


class Bench:
    """A harness with fresh names: one topic and one group a test, and replicas that are stopped at the end."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.topic = f"bench-{uuid.uuid4().hex[:10]}"
        self.group = f"{self.topic}-group"
        self.messaging = harness.connect("bench")
        self._connections = [self.messaging]
        self._replicas: list[Replica] = []

    def create(self, partitions: int, mode: Mode = Mode.WORK_QUEUE, *, compacted: bool = False) -> None:
        self.partitions = partitions
        self.harness.create(topic_of(self.topic, partitions, mode, compacted=compacted))

    def write(self, *values: bytes, partition: int | None = 0) -> None:
        """Write values to one partition, or with ``partition=None`` to all in turn."""
        self.messaging.producer().send_all(
            Outgoing(self.topic, value, partition=index % self.partitions if partition is None else partition)
            for index, value in enumerate(values)
        )

    def connect(self, client_id: str = "replica") -> Messaging:
        messaging = self.harness.connect(client_id)
        self._connections.append(messaging)
        return messaging

    def replica(
        self,
        handler: Handler,
        *,
        client_id: str = "replica",
        with_dead_letter: Callable[[Record, str], list[Outgoing]] | None = None,
        **options: object,
    ) -> "Replica":
        chosen = WorkQueueOptions(group=self.group, **options)  # type: ignore[arg-type]  # the tests name its fields
        runner = self.connect(client_id).work_queue([self.topic], handler, chosen, with_dead_letter)
        replica = Replica(runner)
        self._replicas.append(replica)
        return replica

    def unfinished(self) -> list[tuple[int, int]]:
        """What the committed ledgers leave open below their horizon: (partition, offset)."""
        return [(number, offset) for number, text in self._ledgers().items() for offset in text.unfinished]

    def acknowledged(self) -> int:
        """How many messages the committed ledgers call finished."""
        return sum(text.horizon - len(text.unfinished) for text in self._ledgers().values())

    def _ledgers(self) -> dict[int, ledger.LedgerText]:
        found = {}
        for number, one in self.harness.committed(self.group, self.topic, self.partitions).items():
            try:
                found[number] = ledger.decode(one.offset, one.metadata)
            except ledger.GarbledLedgerError:
                found[number] = ledger.LedgerText(one.offset, one.offset, ())
        return found

    def until_acknowledged(self, number: int) -> None:
        until(lambda: self.acknowledged() == number, f"{number} messages acknowledged")

    def read(self, topic: str, number: int) -> list[Record]:
        """Read the first ``number`` records of a topic."""
        reader = self.connect().batches([topic], f"reader-{uuid.uuid4().hex[:10]}")
        found: list[Record] = []
        try:
            until(lambda: gather(reader, found) >= number, f"{number} records in {topic}")
        finally:
            reader.close()
        return found

    def dead_letters(self, number: int) -> list[DeadLetter]:
        """Read the first ``number`` dead letters of this bench's topic."""
        reader = self.connect().batches([DEAD_LETTERS.name], f"reader-{uuid.uuid4().hex[:10]}")
        found: list[DeadLetter] = []

        def enough() -> bool:
            letters = [LETTERS.decode(record.value) for record in reader.poll(0.1)]
            found.extend(letter for letter in letters if letter.topic == self.topic)
            return len(found) >= number

        try:
            until(enough, f"{number} dead letters")
        finally:
            reader.close()
        return found

    def close(self) -> None:
        for replica in self._replicas:
            replica.stop()
        for connection in self._connections:
            connection.close()


class Replica:
    """A work queue that runs on a thread of its own."""

    def __init__(self, runner: Queue) -> None:
        self.runner = runner
        self.error: MessagingError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.runner.run()
        except MessagingError as error:
            self.error = error

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self.runner.stop()
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive(), "the work queue did not stop"

    def until_ended(self) -> MessagingError:
        self._thread.join(PATIENCE_SECONDS)
        assert self.error is not None, "the work queue should have ended with an error"
        return self.error


class Gate:
    """A handler that counts, and holds the messages it is told to until they are let go."""

    def __init__(self, *held: bytes) -> None:
        self._held = set(held)
        self._open = threading.Event()
        self._lock = threading.Lock()
        self.begun: list[bytes] = []
        self.done: list[bytes] = []

    def __call__(self, delivery: Delivery) -> None:
        value = delivery.record.value or b""
        with self._lock:
            self.begun.append(value)
        if value in self._held:
            assert self._open.wait(PATIENCE_SECONDS * 2)
        with self._lock:
            self.done.append(value)

    def let_go(self) -> None:
        self._open.set()
