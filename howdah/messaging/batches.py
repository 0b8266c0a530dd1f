"""Ordered batches: the records of a group's partitions, committed by the reader once its work is durable."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import structlog

from howdah.messaging import starting
from howdah.messaging.abstract import Producer, Record
from howdah.messaging.backend import Committed, Consumer, Partition
from howdah.messaging.dead_letters import dead_letter
from howdah.runtime.clock import Clock, SystemClock
from howdah.runtime.metrics import BACKLOG, COMMIT_FAILURES, COMMITS, DEAD_LETTERS, MESSAGES_HANDLED, REBALANCES

log = structlog.get_logger(__name__)

_COMMIT_TRIES: Final = 5
_COMMIT_AGAIN_SECONDS: Final = 0.1
_GAUGES_EVERY_SECONDS: Final = 1.0


class Batches:
    """See ``abstract.BatchReader``. Joins its group with the first ``poll``."""

    def __init__(
        self, consumer: Consumer, producer: Producer, topics: Sequence[str], group: str, clock: Clock | None = None
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._topics = list(topics)
        self._group = group
        self._clock = clock or SystemClock()
        self._joined = False
        self._durable: dict[Partition, int] = {}
        """The partitions that we own: up to where the reader called its work durable."""
        self._uncommitted: set[Partition] = set()
        """Those of them whose durable position the broker has not taken yet."""
        self._positions: dict[Partition, int] = {}
        """What comes after the last record that ``poll`` returned, where that is not called durable."""
        self._counts: dict[Partition, int] = {}
        self._gauges_at = 0.0

    def poll(self, timeout_seconds: float, limit: int = 500) -> Sequence[Record]:
        """Return what is there, waiting for the first record at most the time-out; in order per partition."""
        if not self._joined:
            starting.register(self._consumer, self._group, self._topics)
            self._consumer.subscribe(self._topics, self)
            self._joined = True
        found = self._consumer.poll(timeout_seconds, limit)
        if self._uncommitted:
            self._flush(self._uncommitted)
        records = [record for record in found if self._take(record)]
        self._tell_gauges()
        return records

    def commit(self) -> None:
        """Commit all that ``poll`` returned, for the partitions still owned.

        While the group rebalances the broker refuses. What is still refused after half a second is committed after the
        next poll, or on revocation; if even that fails it comes again: the reader's work is idempotent.
        """
        self._durable.update(self._positions)
        self._uncommitted.update(self._positions)
        self._positions.clear()
        for _ in range(_COMMIT_TRIES):
            if self._flush(self._uncommitted):
                return
            time.sleep(_COMMIT_AGAIN_SECONDS)  # the coordinator is busy; nothing tells when it has done
        log.warning("a commit waits for the next poll", group=self._group, partitions=len(self._uncommitted))

    def rewind(self) -> None:
        """Go back to the last commit."""
        self._consumer.seek({partition: self._durable[partition] for partition in self._positions})
        self._positions.clear()
        self._counts.clear()

    def dead_letter(self, record: Record, reason: str) -> None:
        """Write the record to the dead letters and wait for the acknowledgement."""
        self._producer.send_all([dead_letter(record, reason, self._group, self._clock.now())])
        DEAD_LETTERS.labels(record.topic).inc()

    def close(self) -> None:
        """Leave the group. What is not committed comes again elsewhere."""
        self._consumer.close()

    # ------------------------------------------------------------ the listener's side, called from inside poll

    def assigned(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """Begin at the committed offsets."""
        REBALANCES.labels(self._group, "assigned").inc(len(partitions))
        begin = {p: said.offset for p, said in starting.resume(self._consumer, self._group, partitions).items()}
        self._durable.update(begin)
        return begin

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Commit what a commit could not, and let go. What the reader did not commit comes again elsewhere."""
        REBALANCES.labels(self._group, "revoked").inc(len(partitions))
        self._flush(self._uncommitted.intersection(partitions))
        self._forget(partitions)

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Let go."""
        REBALANCES.labels(self._group, "lost").inc(len(partitions))
        self._forget(partitions)

    def reached_end(self, partition: Partition) -> None:
        """Nothing depends on the end of a batch's partition."""

    def _flush(self, partitions: Collection[Partition]) -> bool:
        """Commit the durable positions of ``partitions``; return whether nothing is left that another try may save."""
        offsets = {partition: Committed(self._durable[partition]) for partition in partitions}
        if not offsets:
            return True
        began = self._clock.monotonic()
        refusals = self._consumer.commit(offsets)
        COMMITS.labels(self._group).observe(self._clock.monotonic() - began)
        for refusal in refusals.values():
            COMMIT_FAILURES.labels(self._group, refusal.error).inc()
        for partition in offsets.keys() - refusals.keys():
            self._uncommitted.discard(partition)
            MESSAGES_HANDLED.labels(partition.topic, "handled").inc(self._counts.pop(partition, 0))
        return not any(refusal.again for refusal in refusals.values())

    def _take(self, record: Record) -> bool:
        partition = Partition(record.topic, record.partition)
        begin = self._durable.get(partition)
        if begin is None or record.offset < self._positions.get(partition, begin):
            return False
        self._positions[partition] = record.offset + 1
        self._counts[partition] = self._counts.get(partition, 0) + 1
        return True

    def _tell_gauges(self) -> None:
        now = self._clock.monotonic()
        if now - self._gauges_at < _GAUGES_EVERY_SECONDS:
            return
        self._gauges_at = now
        for partition, durable in self._durable.items():
            behind = max(0, self._consumer.high(partition) - durable)
            BACKLOG.labels(partition.topic, str(partition.number)).set(behind)

    def _forget(self, partitions: Sequence[Partition]) -> None:
        for partition in partitions:
            self._uncommitted.discard(partition)
            for book in (self._durable, self._positions, self._counts):
                book.pop(partition, None)
