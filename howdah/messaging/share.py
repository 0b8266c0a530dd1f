"""One partition as a replica holds it: its ledger, the messages waiting in it, those in handlers' hands."""

from collections import Counter, deque
from typing import TYPE_CHECKING

from howdah.messaging.abstract import Record
from howdah.messaging.backend import Committed, Partition
from howdah.messaging.ledger import Ledger

if TYPE_CHECKING:
    from howdah.messaging.delivery import HeldDelivery, Outcome


class Share:
    """All of it is guarded by the lock of the ``Holdings`` that it belongs to, save what is marked otherwise."""

    __slots__ = (
        "again",
        "closed",
        "closing",
        "committing",
        "full_since",
        "held",
        "ledger",
        "listed",
        "outcomes",
        "partition",
        "paused",
        "received",
        "running",
        "waiting",
        "waiting_bytes",
    )

    def __init__(self, partition: Partition, ledger: Ledger) -> None:
        self.partition = partition
        self.ledger = ledger
        self.waiting: deque[Record] = deque()
        self.waiting_bytes = 0
        self.again: deque[HeldDelivery] = deque()
        self.running: set[HeldDelivery] = set()
        self.received = ledger.position
        self.outcomes: Counter[Outcome] = Counter()
        """Finished since the last commit that was tried."""
        self.committing: Counter[Outcome] = Counter()
        """Finished, and part of the commit on its way."""
        self.listed = False
        self.held = False
        """Its lane is paused: what waits goes on waiting, in its order."""
        self.closing = False
        """Nothing is handed out any more."""
        self.closed = False
        """No longer ours: what finishes late is nobody's business."""
        self.paused = False
        """The loop's own note; only its thread looks."""
        self.full_since: float | None = None
        """The loop's own note, as above."""

    def receive(self, record: Record) -> bool:
        """Take in a record as it was read; return whether there is work in it."""
        if record.offset < self.received or self.closing:
            return False
        self.received = record.offset + 1
        if self.ledger.skip(record.offset):
            return False
        self.waiting.append(record)
        self.waiting_bytes += len(record.value or b"")
        return True

    def next_record(self) -> Record:
        """Hand out the record that waited longest."""
        record = self.waiting.popleft()
        self.waiting_bytes -= len(record.value or b"")
        self.ledger.deliver(record.offset)
        return record

    def has_work(self, window: int) -> bool:
        """Tell whether something may be handed out."""
        return not (self.closing or self.held) and (
            bool(self.again) or (bool(self.waiting) and not self.ledger.full(window))
        )

    def oldest_ms(self) -> int | None:
        """Return when the oldest unfinished message that was read was written, in ms since 1970; None: there is none.

        What waits for another try after a failure of the platform's own is left out.
        """
        records = [delivery.record for delivery in (*self.running, *self.again)]
        if self.waiting:
            records.append(self.waiting[0])
        return min((record.timestamp_ms for record in records if record.timestamp_ms >= 0), default=None)

    def close(self) -> None:
        """Hand out nothing any more; what waits is left to the next owner."""
        self.closing = True
        self.waiting.clear()
        self.again.clear()
        self.waiting_bytes = 0

    def to_commit(self) -> Committed:
        """Return what is to be committed now, and note that it is on its way."""
        self.committing, self.outcomes = self.outcomes, Counter()
        return Committed(self.ledger.watermark, self.ledger.encode())

    def refused(self) -> None:
        """Take back what ``to_commit`` gave."""
        self.outcomes += self.committing
        self.committing = Counter()
