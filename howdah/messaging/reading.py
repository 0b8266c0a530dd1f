"""A thread that reads a topic: what tables and broadcast have in common. The thread's one boundary is here."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import structlog

from howdah.contracts.errors import ContractError
from howdah.messaging.abstract import MessagingError, Producer, Record
from howdah.messaging.backend import Consumer, Partition
from howdah.messaging.dead_letters import dead_letter
from howdah.runtime.clock import Clock, SystemClock
from howdah.runtime.metrics import DEAD_LETTERS

log = structlog.get_logger(__name__)

_POLL_SECONDS: Final = 0.2
_LIMIT: Final = 500
_AGAIN_SECONDS: Final = 0.5
_JOIN_SECONDS: Final = 10.0
_NO_ROWS: Final[Mapping[str, bytes]] = MappingProxyType({})


class Reading(ABC):
    """Reads ``topic`` on a thread of its own, from ``start`` until ``close``. A subclass says where and what for."""

    def __init__(
        self, consumer: Consumer, producer: Producer, topic: str, name: str, clock: Clock | None = None
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._topic = topic
        self._name = name
        self._clock = clock or SystemClock()
        self._loaded = threading.Event()
        self._settled = threading.Event()
        """Loaded, or never to be: nobody need wait any longer."""
        self._closing = threading.Event()
        self._ended: str | None = f"{name} has not started yet"
        self._lost: str | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._ended = None
        self._thread.start()

    def wait_loaded(self, timeout_seconds: float) -> bool:
        """Wait until everything that stood in the topic at the start was read; False: it was not, or never will be."""
        self._settled.wait(timeout_seconds)
        return self._loaded.is_set()

    def give_up_waiting(self) -> None:
        """Let nobody wait any longer for what is not loaded."""
        self._settled.set()

    def get(self, key: str) -> bytes | None:
        """Return the value of ``key``, None when there is none."""
        return self.snapshot().get(key)

    def snapshot(self) -> Mapping[str, bytes]:
        """Return a copy of all rows."""
        return _NO_ROWS

    def trouble(self) -> str | None:
        """Return None while all is well, else a sentence."""
        return self._ended or self._consumer.trouble()

    def beyond_repair(self) -> str | None:
        """Return None, or what the thread died of: nothing will be read any more."""
        return self._lost

    def close(self) -> None:
        """Stop reading."""
        self._closing.set()
        self._settled.set()
        if self._thread.ident is None:
            self._consumer.close()
        elif self._thread is not threading.current_thread():
            self._thread.join(_JOIN_SECONDS)

    @abstractmethod
    def _begin(self) -> None:
        """Take the partitions up."""

    def _await_topic(self) -> Sequence[Partition]:
        """Return the topic's partitions once there are some and somebody tells; none when this is closed before."""
        while not self._closing.is_set():
            try:
                if partitions := self._consumer.partitions(self._topic):
                    self._ended = None
                    return partitions
                self._ended = f"topic {self._topic} does not exist; the administration creates it (Admin.ensure)"
            except MessagingError as error:
                self._ended = str(error)
            # Nothing is assigned yet: this waits, and hears how the client does.
            self._consumer.poll(_AGAIN_SECONDS, 1)
        return ()

    @abstractmethod
    def _read(self, record: Record) -> None:
        """Take a record in; ContractError: it is not one of ours."""

    def assigned(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """Begin at the first offset."""
        return dict.fromkeys(partitions, 0)

    def revoked(self, partitions: Sequence[Partition]) -> None:  # noqa: B027 - nothing to do where there is no group
        """Let go of ``partitions``."""

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Let go of ``partitions``: a reader commits nothing, so that lost is no more than revoked."""
        self.revoked(partitions)

    def reached_end(self, partition: Partition) -> None:  # noqa: B027 - nothing to do where nothing is awaited
        """Note that all there was in ``partition`` is read."""

    def _run(self) -> None:
        try:
            self._begin()
            while not self._closing.is_set():
                for record in self._consumer.poll(_POLL_SECONDS, _LIMIT):
                    self._take(record)
            self._ended = f"{self._name} was closed"
        except Exception as error:  # the thread's boundary: readiness shows the sentence
            self._ended = f"{self._name} ended: {type(error).__name__}: {error}"
            if isinstance(error, MessagingError) and self._closing.is_set():
                log.info("a reader was closed while Kafka did not answer", name=self._name, error=str(error))
            else:
                log.exception("a reader ended", name=self._name, topic=self._topic)
                self._lost = self._ended
        finally:
            self._settled.set()
            self._consumer.close()

    def _now_loaded(self) -> None:
        self._loaded.set()
        self._settled.set()

    def _take(self, record: Record) -> None:
        try:
            self._read(record)
        except ContractError as error:
            self._producer.send(dead_letter(record, str(error), self._name, self._clock.now()), self._lettered)
            DEAD_LETTERS.labels(record.topic).inc()
            log.warning(
                "dead letter", topic=record.topic, partition=record.partition, offset=record.offset, reason=str(error)
            )

    def _lettered(self, error: MessagingError | None) -> None:
        if error is not None:
            log.error("a dead letter was not written", name=self._name, error=str(error))
