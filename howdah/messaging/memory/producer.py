"""The twin's producer: a queue and a thread, so that answers come later and from elsewhere, as Kafka's do."""

import threading
from collections.abc import Iterable
from queue import Queue
from typing import Final

import structlog

from howdah.messaging.abstract import DeliveryError, MessagingError, OnDelivery, Outgoing
from howdah.messaging.gathering import gather_acknowledgements
from howdah.messaging.memory.broker import Cluster
from howdah.runtime.metrics import PRODUCED

log = structlog.get_logger(__name__)

_MAX_BYTES: Final = 1_047_564
_QUEUED: Final = 50_000


class MemoryProducer:
    """See ``abstract.Producer``."""

    def __init__(self, broker: Cluster) -> None:
        self._broker = broker
        self._queue: Queue[tuple[Outgoing, OnDelivery | None] | None] = Queue(_QUEUED)
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="memory-producer", daemon=True)
        self._thread.start()

    def send(self, message: Outgoing, on_delivery: OnDelivery | None = None) -> None:
        """Queue the message; ValueError when it is too large for any topic."""
        size = len(message.value or b"") + len(message.key or b"")
        if size > _MAX_BYTES:
            raise ValueError(f"{message.topic}: a message of {size} bytes is larger than a topic takes")
        if self._closed:
            raise MessagingError("the producer is closed")
        self._queue.put((message, on_delivery))

    def send_all(self, messages: Iterable[Outgoing], timeout_seconds: float = 30.0) -> None:
        """Write all; return when every one is acknowledged. DeliveryError says which was not."""
        gather_acknowledgements(self, messages, timeout_seconds)

    def trouble(self) -> str | None:
        """Return None while the broker answers, else a sentence."""
        return None if self._broker.up_locked() else "producer: no Kafka broker is reachable"

    def beyond_repair(self) -> str | None:
        """Return None: there is nothing that could break."""
        return None

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Write out what is queued."""
        self._closed = True
        self._queue.put(None)
        self._thread.join(timeout_seconds)

    def _serve(self) -> None:
        while (entry := self._queue.get()) is not None:
            message, on_delivery = entry
            why = self._broker.append(message)
            PRODUCED.labels(message.topic, "acknowledged" if why is None else "failed").inc()
            if on_delivery is not None:
                text = f"{message.topic}: not acknowledged by the broker: {why}"
                on_delivery(None if why is None else DeliveryError(text))
            elif why is not None:
                log.error("a message was not acknowledged", topic=message.topic, error=why)
