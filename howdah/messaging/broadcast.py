"""Broadcast: every replica sees what is written from now on; nothing is remembered."""

from collections.abc import Callable

from howdah.messaging.abstract import Producer, Record
from howdah.messaging.backend import Consumer
from howdah.messaging.reading import Reading


class Broadcast(Reading):
    """Reads all partitions without a group, each from the end that it has when ``wait_loaded`` becomes true."""

    def __init__(
        self, consumer: Consumer, producer: Producer, topic: str, on_record: Callable[[Record], None], name: str
    ) -> None:
        super().__init__(consumer, producer, topic, name)
        self._on_record = on_record

    def _begin(self) -> None:
        partitions = self._await_topic()
        self._consumer.assign({partition: self._consumer.bounds(partition)[1] for partition in partitions}, self)
        self._now_loaded()

    def _read(self, record: Record) -> None:
        self._on_record(record)
