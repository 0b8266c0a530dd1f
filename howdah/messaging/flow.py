"""When to pause a partition: its own queue is full and stays so. Polling goes on whatever is paused."""

from typing import Final

from howdah.messaging.backend import Consumer
from howdah.messaging.holdings import Holdings
from howdah.messaging.share import Share
from howdah.runtime.clock import Clock

_PATIENCE_SECONDS: Final = 0.02
"""A pause throws away what was prefetched, so a queue that is being emptied quickly is waited for instead."""
_WAITING_BYTES: Final = 2_097_152


class Flow:
    """Belongs to the polling thread."""

    def __init__(self, consumer: Consumer, holdings: Holdings, threads: int, clock: Clock) -> None:
        self._consumer = consumer
        self._holdings = holdings
        self._clock = clock
        self._high = max(64, 4 * threads)
        self._low = self._high // 4
        self._stopped = False

    def stop(self) -> None:
        """Pause everything for good: what is assigned from now on, too."""
        self._stopped = True

    def adjust(self) -> bool:
        """Pause and resume; return whether it is better to wait a moment than to poll for more."""
        now = self._clock.monotonic()
        pause, resume, wait = [], [], False
        for share in self._holdings.shares():
            if share.paused:
                if len(share.waiting) <= self._low and not self._stopped:
                    resume.append(share)
            elif self._stopped or self._full_for_long(share, now):
                pause.append(share)
            else:
                wait = wait or share.full_since is not None
        if pause:
            self._consumer.pause([share.partition for share in pause])
        if resume:
            self._consumer.resume([share.partition for share in resume])
        for share in (*pause, *resume):
            share.paused = not share.paused
            share.full_since = None
        return wait

    def _full_for_long(self, share: Share, now: float) -> bool:
        if len(share.waiting) < self._high and share.waiting_bytes < _WAITING_BYTES:
            share.full_since = None
            return False
        if share.full_since is None:
            share.full_since = now
        return now - share.full_since >= _PATIENCE_SECONDS
