"""The work queue while a broker is away for 20 s, under both group protocols at once."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from howdah.contracts.topics import Mode, Topic
from howdah.messaging import Delivery, Messaging, MessagingError, Outgoing, WorkQueueOptions, connect
from howdah.runtime.settings import KafkaSettings
from tests.fixtures.interface import KafkaDaemon
from tests.fixtures.waiting import holds_within

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240, func_only=True)]

PROTOCOLS = ("consumer", "classic")
OUTAGE_SECONDS = 20.0


def topic(name: str, mode: Mode = Mode.WORK_QUEUE, *, compacted: bool = False) -> Topic:
    return Topic(name, mode, "key", 4, 86_400_000, "a test", "a test", compacted=compacted)


class Load:
    """Writes a message every few milliseconds until it is stopped, through outages."""

    def __init__(self, messaging: Messaging, name: str) -> None:
        self._messaging = messaging
        self._name = name
        self._stop = threading.Event()
        self.failed: list[MessagingError] = []
        self.sent = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.01):
            message = Outgoing(self._name, b"%d" % self.sent, key=b"%d" % (self.sent % 10))
            self._messaging.producer().send(message, lambda error: self.failed.append(error) if error else None)
            self.sent += 1

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


class Group:
    """A group with one consumer, which turns each message into a row of a table; a load upon it."""

    def __init__(self, messaging: Messaging, prefix: str) -> None:
        self._tasks, self._events = f"{prefix}tasks", f"{prefix}events"
        self._messaging = messaging
        self.handled: Counter[bytes] = Counter()
        messaging.admin().ensure([topic(self._tasks), topic(self._events, Mode.TABLE, compacted=True)])
        self.queue = messaging.work_queue([self._tasks], self._handle, WorkQueueOptions(group=f"{self._tasks}.group"))
        self.thread = threading.Thread(target=self.queue.run)
        self.thread.start()
        self.table = messaging.table(self._events)
        self.table.start()
        self.load = Load(messaging, self._tasks)

    def _handle(self, delivery: Delivery) -> None:
        self.handled[delivery.record.value or b""] += 1
        delivery.emit(Outgoing(self._events, delivery.record.value, key=delivery.record.value))

    def backlog(self) -> int:
        return sum(self._messaging.admin().backlog(f"{self._tasks}.group", self._tasks).values())

    def __str__(self) -> str:
        missing = [number for number in range(self.load.sent) if b"%d" % number not in self.handled]
        return (
            f"{self.load.sent} sent, {len(missing)} of them not handled ({missing[:3]}…{missing[-3:]}), "
            f"{len(self.load.failed)} not delivered {self.load.failed[:1]}, {len(self.table.snapshot())} events, "
            f"trouble: {self.queue.trouble()}, unfinished: {self.backlog()}"
        )

    def close(self) -> None:
        self.load.stop()
        self.queue.stop()
        self.thread.join(60)


@contextmanager
def working(kafka: KafkaDaemon, prefix: str, protocol: str) -> Iterator[Group]:
    settings = KafkaSettings.load(kafka_bootstrap=kafka.bootstrap, kafka_group_protocol=protocol)
    with connect(settings, f"outage-{protocol}") as messaging:
        group = Group(messaging, f"{prefix}{protocol}.")
        try:
            yield group
        finally:
            group.close()


def test_a_broker_that_is_killed_and_away_for_20_seconds_costs_no_message(
    kafka: KafkaDaemon, topic_prefix: str
) -> None:
    with ExitStack() as stack:
        groups = [stack.enter_context(working(kafka, topic_prefix, protocol)) for protocol in PROTOCOLS]
        assert all(group.table.wait_loaded(30) for group in groups)
        assert holds_within(lambda: all(len(group.handled) > 200 for group in groups), 30), "the queues are at work"
        try:
            kafka.kill()
            killed_at = time.monotonic()
            told = holds_within(lambda: all(group.queue.trouble() for group in groups), OUTAGE_SECONDS)
            assert told, "readiness tells of the outage"
            time.sleep(max(0.0, OUTAGE_SECONDS - (time.monotonic() - killed_at)))
        finally:
            kafka.start()
        for group in groups:
            assert_goes_on(group)
            group.close()
            assert not group.thread.is_alive()
            assert group.backlog() == 0
            assert group.load.failed == []


def assert_goes_on(group: Group) -> None:
    before = len(group.handled)
    assert holds_within(lambda: len(group.handled) > before + 500, 90), f"it does not go on: {group}"
    group.load.stop()
    assert holds_within(lambda: len(group.handled) == group.load.sent, 60), f"not every message is handled: {group}"
    assert holds_within(lambda: len(group.table.snapshot()) == group.load.sent, 60), f"an event is missing: {group}"
    assert holds_within(lambda: group.queue.trouble() is None, 30), f"it does not tell that all is well: {group}"
