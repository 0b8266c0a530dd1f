"""The compacted table: the latest value of each key, whole in every replica or divided among a group's."""

import threading
from collections.abc import Mapping, Sequence
from typing import Final

from howdah.contracts.errors import UndecodableMessageError
from howdah.messaging.abstract import OnChange, Producer, Record
from howdah.messaging.backend import Consumer, Partition
from howdah.messaging.reading import Reading

_GONE_OFFSET: Final = -1
"""The offset of the record with which a row is dropped because its partition moved away."""


class _Table(Reading):
    """Rows by partition, so that a partition that moves away takes its rows with it."""

    def __init__(
        self, consumer: Consumer, producer: Producer, topic: str, on_change: OnChange | None, name: str
    ) -> None:
        super().__init__(consumer, producer, topic, name)
        self._on_change = on_change
        self._lock = threading.Lock()
        self._rows: dict[Partition, dict[str, bytes]] = {}
        self._unread: set[Partition] = set()
        """Ours, and not yet read to where it ended when we took it up."""

    def get(self, key: str) -> bytes | None:
        """Return the value of ``key``, None when there is none."""
        with self._lock:
            return next((rows[key] for rows in self._rows.values() if key in rows), None)

    def snapshot(self) -> Mapping[str, bytes]:
        """Return a copy of all rows."""
        with self._lock:
            return {key: value for rows in self._rows.values() for key, value in rows.items()}

    def reached_end(self, partition: Partition) -> None:
        """Note that all there was in ``partition`` is read."""
        self._unread.discard(partition)
        if not self._unread:
            self._now_loaded()

    def _take_up(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        with self._lock:
            for partition in partitions:
                self._rows[partition] = {}
        self._unread.update(partitions)
        return dict.fromkeys(partitions, 0)

    def _read(self, record: Record) -> None:
        key = _key(record)
        rows = self._rows.get(Partition(record.topic, record.partition))
        if rows is None:
            return
        with self._lock:
            if record.value is None:
                rows.pop(key, None)
            else:
                rows[key] = record.value
        if self._on_change is not None:
            self._on_change(key, record.value, record)


class WholeTable(_Table):
    """Every replica reads all partitions, without a group: each start begins at the beginning."""

    def _begin(self) -> None:
        self._consumer.assign(self._take_up(self._await_topic()), self)


class DividedTable(_Table):
    """The replicas of a group share the partitions; rows come and go with them. Nothing is committed."""

    def _begin(self) -> None:
        if self._await_topic():
            self._consumer.subscribe([self._topic], self)

    def assigned(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """Read what arrives from its beginning; a replica without a share is loaded at once."""
        begin = self._take_up(partitions)
        if not self._unread:
            self._now_loaded()
        return begin

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Drop the rows of what moves away."""
        for partition in partitions:
            with self._lock:
                rows = self._rows.pop(partition, {})
            self._unread.discard(partition)
            if self._on_change is not None:
                for key in rows:
                    gone = Record(partition.topic, partition.number, _GONE_OFFSET, key.encode(), None)
                    self._on_change(key, None, gone)


def _key(record: Record) -> str:
    if record.key is None:
        raise UndecodableMessageError("key: a row of a table has one, this record has none")
    try:
        return record.key.decode()
    except UnicodeDecodeError:
        raise UndecodableMessageError(f"key: {record.key[:40]!r} is not UTF-8") from None
