"""The idempotent producer, shared by all threads of a process; a thread of its own serves the broker's answers."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

import structlog
from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import Producer as Client

from howdah.contracts import topics
from howdah.messaging.abstract import DeliveryError, MessagingError, OnDelivery, Outgoing
from howdah.messaging.gathering import gather_acknowledgements
from howdah.messaging.kafka import configuration
from howdah.runtime.metrics import PRODUCED
from howdah.runtime.settings import KafkaSettings

log = structlog.get_logger(__name__)

_POLL_SECONDS = 0.2
_METADATA_SECONDS = 2.0
_ASKED_AGAIN_SECONDS = 5.0
_PROBED = topics.EVENTS.name
_ANY_PARTITION = -1


class KafkaProducer:
    """Writes with idempotence and acks=all; see ``abstract.Producer``."""

    def __init__(self, settings: KafkaSettings, client_id: str) -> None:
        self._connectivity = configuration.Connectivity(f"producer {client_id}")
        self._client = Client(configuration.producer(settings, client_id, self._connectivity))
        self._room = threading.Condition()
        self._waiting = 0
        self._closing = threading.Event()
        self._counters: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {}
        self._thread = threading.Thread(target=self._serve, name="kafka-producer", daemon=True)
        self._thread.start()

    def send(self, message: Outgoing, on_delivery: OnDelivery | None = None) -> None:
        """Queue the message; blocks only while the queue is full.

        ValueError when it is too large for any topic. Every other failure is told to ``on_delivery``.
        """
        size = len(message.value or b"") + len(message.key or b"")
        if size > configuration.MAX_RECORD_BYTES - 1_024:
            raise ValueError(f"{message.topic}: a message of {size} bytes is larger than a topic takes")
        asked = False
        while True:
            if self._closing.is_set():
                raise MessagingError("the producer is closed")
            try:
                self._produce(message, partial(self._answered, message, on_delivery))
            except BufferError:
                self._await_room()
            except KafkaException as error:
                if asked or not self._may_have_grown(message.topic, error):
                    self._refused(message, on_delivery, error)
                    return
                asked = True
            else:
                return

    def send_all(self, messages: Iterable[Outgoing], timeout_seconds: float = 30.0) -> None:
        """Write all; return when every one is acknowledged. DeliveryError says which was not."""
        gather_acknowledgements(self, messages, timeout_seconds)

    def trouble(self) -> str | None:
        """Return None while a broker is reachable, else a sentence."""
        return self._connectivity.trouble()

    def beyond_repair(self) -> str | None:
        """Return None, or why the client is of no more use."""
        return self._connectivity.beyond_repair()

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Write out what is queued; what the time does not suffice for is told to its ``on_delivery`` as failed."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._thread.join()
        if self._client.flush(timeout_seconds):
            self._client.purge()
            self._client.flush(1.0)
        self._client.close()

    def _produce(self, message: Outgoing, answered: Callable[[KafkaError | None, Message], None]) -> None:
        self._client.produce(
            message.topic,
            value=message.value,
            key=message.key,
            partition=_ANY_PARTITION if message.partition is None else message.partition,
            headers=list(message.headers) if message.headers else None,
            on_delivery=answered,
        )

    def _answered(
        self, message: Outgoing, on_delivery: OnDelivery | None, error: KafkaError | None, _: Message
    ) -> None:
        acknowledged, failed = self._counters.get(message.topic) or self._count(message.topic)
        if self._waiting:
            with self._room:
                self._room.notify_all()
        if error is None:
            acknowledged()
            if on_delivery is not None:
                on_delivery(None)
            return
        failed()
        self._tell(message, on_delivery, f"{error.name()}: {error.str()}")

    def _may_have_grown(self, topic: str, error: KafkaException) -> bool:
        """Ask for the topic's partitions anew when we do not know the one that is written to; tell whether we did."""
        if error.args[0].code() != KafkaError._UNKNOWN_PARTITION:  # noqa: SLF001 - how confluent_kafka names local errors
            return False
        try:
            self._client.list_topics(topic, timeout=_METADATA_SECONDS)
        except KafkaException:
            return False
        return True

    def _refused(self, message: Outgoing, on_delivery: OnDelivery | None, error: KafkaException) -> None:
        _, failed = self._counters.get(message.topic) or self._count(message.topic)
        failed()
        cause = error.args[0]
        self._tell(message, on_delivery, f"{cause.name()}: {cause.str()}")

    @staticmethod
    def _tell(message: Outgoing, on_delivery: OnDelivery | None, why: str) -> None:
        if on_delivery is None:
            log.error("a message was not acknowledged", topic=message.topic, partition=message.partition, error=why)
        else:
            on_delivery(DeliveryError(f"{message.topic}: not acknowledged by the broker: {why}"))

    def _count(self, topic: str) -> tuple[Callable[[], None], Callable[[], None]]:
        counters = (PRODUCED.labels(topic, "acknowledged").inc, PRODUCED.labels(topic, "failed").inc)
        return self._counters.setdefault(topic, counters)

    def _await_room(self) -> None:
        with self._room:
            self._waiting += 1
            self._room.wait(_POLL_SECONDS)
            self._waiting -= 1

    def _serve(self) -> None:
        asked = time.monotonic()
        while not self._closing.is_set():
            self._client.poll(_POLL_SECONDS)
            if self._connectivity.trouble() is None:
                asked = time.monotonic()
            elif time.monotonic() - asked >= _ASKED_AGAIN_SECONDS:
                self._look_for_brokers()
                asked = time.monotonic()

    def _look_for_brokers(self) -> None:
        """Let the client try to connect: one that has nothing to write would not, and be taken for cut off for long."""
        with suppress(KafkaException):
            self._client.list_topics(_PROBED, timeout=_METADATA_SECONDS)
