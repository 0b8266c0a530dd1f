"""Group commit: what finished is acknowledged together, at most every few milliseconds, between two polls."""

from collections.abc import Collection
from typing import Final

import structlog

from howdah.messaging.backend import Consumer, Partition
from howdah.messaging.holdings import Holdings
from howdah.runtime.clock import Clock
from howdah.runtime.metrics import COMMIT_FAILURES, COMMITS, MESSAGES_HANDLED

log = structlog.get_logger(__name__)

_GIVEN_UP_SECONDS: Final = 1.0
"""After a refusal that says we are no member: by then we have heard that the partitions are lost."""
_AGAIN_SECONDS: Final = 0.05
_TROUBLE_AFTER_SECONDS: Final = 10.0
_LAST_TRIES: Final = 3


class Acknowledging:
    """Commits the ledgers of the shares held, and of no others. Belongs to the polling thread."""

    def __init__(
        self, consumer: Consumer, holdings: Holdings, group: str, interval_seconds: float, clock: Clock
    ) -> None:
        self._consumer = consumer
        self._holdings = holdings
        self._group = group
        self._interval = interval_seconds
        self._clock = clock
        self._next_at = 0.0
        self._failing_since: float | None = None
        self._error = ""
        self._seconds = COMMITS.labels(group)

    def commit_due(self) -> None:
        """Commit what finished, when it is time."""
        if self._holdings.dirty and self._clock.monotonic() >= self._next_at:
            self.commit()

    def commit_last(self, partitions: Collection[Partition]) -> None:
        """Commit what finished of ``partitions`` before they are given up."""
        for _ in range(_LAST_TRIES):
            if self.commit(partitions):
                return

    def commit(self, only: Collection[Partition] | None = None) -> bool:
        """Commit what finished; what is refused stays to be committed. Return whether all was taken."""
        offsets = self._holdings.to_commit(only)
        if not offsets:
            return True
        began = self._clock.monotonic()
        refusals = self._consumer.commit(offsets)
        ended = self._clock.monotonic()
        self._seconds.observe(ended - began)
        for partition in offsets.keys() - refusals.keys():
            for outcome, number in self._holdings.committed(partition).items():
                MESSAGES_HANDLED.labels(partition.topic, outcome.value).inc(number)
        for partition, refusal in refusals.items():
            self._holdings.refused(partition)
            COMMIT_FAILURES.labels(self._group, refusal.error).inc()
            self._error = refusal.error
        if not refusals:
            self._failing_since = None
            self._next_at = ended + self._interval
            return True
        log.warning("commit refused", group=self._group, errors=sorted({why.error for why in refusals.values()}))
        self._failing_since = self._failing_since or began
        again = all(refusal.again for refusal in refusals.values())
        self._next_at = ended + (_AGAIN_SECONDS if again else _GIVEN_UP_SECONDS)
        return False

    def trouble(self) -> str | None:
        """Return a sentence when nothing could be committed for a while."""
        since = self._failing_since
        if since is None or self._clock.monotonic() - since < _TROUBLE_AFTER_SECONDS:
            return None
        return f"group {self._group}: offsets have not been committed for 10 s or more: {self._error}"
