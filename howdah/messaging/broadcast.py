"""Broadcast: every replica sees what is written from now on; nothing is remembered."""

from collections.abc import Callable, Sequence
from typing import Final

from howdah.messaging.abstract import Producer, Record
from howdah.messaging.backend import Consumer, Partition
from howdah.messaging.reading import Reading

_AGAIN_SECONDS: Final = 0.5


class Broadcast(Reading):
    """Reads all partitions without a group, each from the end that it has when ``wait_loaded`` becomes true."""

    def __init__(
        self, consumer: Consumer, producer: Producer, topic: str, on_record: Callable[[Record], None], name: str
    ) -> None:
        super().__init__(consumer, producer, topic, name)
        self._on_record = on_record

    def _begin(self) -> None:
        partitions: Sequence[Partition] = ()
        while not partitions and not self._closing.is_set():
            partitions = self._consumer.partitions(self._topic)
            if not partitions:
                self._ended = f"topic {self._topic} does not exist; the administration creates it (Admin.ensure)"
                self._closing.wait(_AGAIN_SECONDS)
        self._ended = None
        self._consumer.assign({partition: self._consumer.bounds(partition)[1] for partition in partitions}, self)
        self._now_loaded()

    def _read(self, record: Record) -> None:
        self._on_record(record)
