"""What a work queue tells of itself: the partitions it holds, their ledgers, its latest rebalances; and its metrics."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal

from howdah.contracts.heartbeats import MAX_PARTITIONS, MAX_REBALANCES, PartitionReport, QueueReport, Rebalance
from howdah.messaging.backend import Partition
from howdah.messaging.holdings import Holdings
from howdah.messaging.share import Share
from howdah.runtime.clock import Clock
from howdah.runtime.metrics import BACKLOG, MESSAGES_IN_FLIGHT, REBALANCES

Change = Literal["assigned", "revoked", "lost"]


class Reporting:
    """Belongs to the queue's thread; what ``reports`` returns is any thread's."""

    def __init__(self, topics: Sequence[str], group: str, clock: Clock) -> None:
        self._topics = topics
        self._group = group
        self._clock = clock
        self._rebalances: dict[str, deque[Rebalance]] = {topic: deque(maxlen=MAX_REBALANCES) for topic in topics}
        self._reports: tuple[QueueReport, ...] = tuple(QueueReport(topic=topic) for topic in topics)

    @property
    def reports(self) -> tuple[QueueReport, ...]:
        """The latest report of each topic."""
        return self._reports

    def rebalanced(self, what: Change, partitions: Sequence[Partition]) -> None:
        """Note that partitions came or went."""
        REBALANCES.labels(self._group, what).inc(len(partitions))
        for topic, noted in self._rebalances.items():
            numbers = sorted(number for name, number in partitions if name == topic)
            if numbers:
                noted.append(Rebalance(at=self._clock.now(), what=what, partitions=tuple(numbers[:MAX_PARTITIONS])))

    def take(self, holdings: Holdings, high: Callable[[Partition], int]) -> None:
        """Look at what is held now. ``high``: the offset after a partition's last message, as far as it is known."""
        found = holdings.read(lambda share: (share.partition.topic, _report(share, high(share.partition))))
        by_topic: dict[str, list[PartitionReport]] = {topic: [] for topic in self._topics}
        for topic, report in found:
            by_topic[topic].append(report)
            BACKLOG.labels(topic, str(report.number)).set(report.backlog)
        for topic, reports in by_topic.items():
            MESSAGES_IN_FLIGHT.labels(topic).set(sum(report.in_flight for report in reports))
        self._reports = tuple(
            QueueReport(
                topic=topic,
                partitions=tuple(sorted(reports, key=lambda one: one.number)[:MAX_PARTITIONS]),
                rebalances=tuple(self._rebalances[topic]),
            )
            for topic, reports in by_topic.items()
        )


def _report(share: Share, high: int) -> PartitionReport:
    finished_beyond, gaps = share.ledger.beyond()
    oldest = share.oldest_ms()
    return PartitionReport(
        number=share.partition.number,
        watermark=share.ledger.watermark,
        finished_beyond=finished_beyond,
        gaps=gaps,
        in_flight=share.ledger.in_hand,
        backlog=max(0, high - share.received) + len(share.waiting) + share.ledger.in_hand,
        oldest_at=None if oldest is None else datetime.fromtimestamp(oldest / 1_000, UTC),
        held=share.held,
    )
