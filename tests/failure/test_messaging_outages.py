"""The work queue when things last: a handler longer than max.poll.interval.ms, a broker that is away for 20 s."""

import threading
import time
from collections import Counter

import pytest

from howdah.contracts.topics import Mode, Topic
from howdah.messaging import Delivery, Messaging, MessagingError, Outgoing, WorkQueueOptions, connect
from howdah.runtime.settings import KafkaSettings
from tests.fixtures.interface import KafkaDaemon

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240, func_only=True)]

PROTOCOLS = ("consumer", "classic")
OUTAGE_SECONDS = 20.0


def settings(kafka: KafkaDaemon, protocol: str) -> KafkaSettings:
    return KafkaSettings.load(kafka_bootstrap=kafka.bootstrap, kafka_group_protocol=protocol)


def topic(name: str, mode: Mode = Mode.WORK_QUEUE, *, compacted: bool = False) -> Topic:
    return Topic(name, mode, "key", 4, 86_400_000, "a test", "a test", compacted=compacted)


def wait_for(done: threading.Event, seconds: float, what: str) -> None:
    assert done.wait(seconds), what


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_handler_longer_than_the_poll_interval_handles_its_message_once(
    kafka: KafkaDaemon, topic_prefix: str, protocol: str
) -> None:
    name = f"{topic_prefix}long"
    handled: Counter[bytes] = Counter()
    done = threading.Event()

    def handle(delivery: Delivery) -> None:
        value = delivery.record.value or b""
        if value == b"long":
            time.sleep(14)
        handled[value] += 1
        if len(handled) == 21:
            done.set()

    with connect(settings(kafka, protocol), "long") as messaging:
        messaging.admin().ensure([topic(name)])
        options = WorkQueueOptions(group=f"{name}.group", session_timeout_ms=6_000, max_poll_interval_ms=6_000)
        queue = messaging.work_queue([name], handle, options)
        thread = threading.Thread(target=queue.run)
        thread.start()
        messaging.producer().send_all(
            Outgoing(name, value, partition=0) for value in (b"long", *(b"%d" % index for index in range(20)))
        )
        wait_for(done, 60, "all are handled")
        queue.stop()
        thread.join(30)
        assert sum(messaging.admin().backlog(f"{name}.group", name).values()) == 0
    assert set(handled.values()) == {1}


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


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_broker_that_is_killed_and_away_for_20_seconds_costs_no_message(
    kafka: KafkaDaemon, topic_prefix: str, protocol: str
) -> None:
    tasks, events = f"{topic_prefix}tasks", f"{topic_prefix}events"
    handled: Counter[bytes] = Counter()

    def handle(delivery: Delivery) -> None:
        handled[delivery.record.value or b""] += 1
        delivery.emit(Outgoing(events, delivery.record.value, key=delivery.record.value))

    with connect(settings(kafka, protocol), "outage") as messaging:
        messaging.admin().ensure([topic(tasks), topic(events, Mode.TABLE, compacted=True)])
        queue = messaging.work_queue([tasks], handle, WorkQueueOptions(group=f"{tasks}.group"))
        thread = threading.Thread(target=queue.run)
        thread.start()
        table = messaging.table(events)
        table.start()
        assert table.wait_loaded(30)
        load = Load(messaging, tasks)
        _until(lambda: len(handled) > 200, "the queue is at work")
        try:
            kafka.kill()
            _until(lambda: queue.trouble() is not None, "readiness tells of the outage", OUTAGE_SECONDS)
            threading.Event().wait(OUTAGE_SECONDS)
        finally:
            kafka.start()
        before = len(handled)
        _until(lambda: len(handled) > before + 500, "it goes on by itself", 90)
        load.stop()
        _until(lambda: len(handled) == load.sent, "every message is handled", 60)
        _until(lambda: len(table.snapshot()) == load.sent, "every event has arrived", 60)
        _until(lambda: queue.trouble() is None, "readiness tells that all is well again")
        queue.stop()
        thread.join(60)
        assert not thread.is_alive()
        assert sum(messaging.admin().backlog(f"{tasks}.group", tasks).values()) == 0
    assert load.failed == []


def _until(condition: object, what: str, seconds: float = 30.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)
