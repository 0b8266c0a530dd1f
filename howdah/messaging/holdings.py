"""What a replica holds: its shares, and the hand-out of their messages to the handlers' threads.

Fair: the shares take turns, so that a deep partition does not starve the others. Nothing here talks to Kafka; every
method is safe to call from any thread.
"""

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, TypeVar

import structlog

from howdah.messaging.abstract import MessagingError, Producer, Record
from howdah.messaging.backend import Committed, Partition
from howdah.messaging.delivery import HeldDelivery, Outcome
from howdah.messaging.ledger import Ledger
from howdah.messaging.share import Share
from howdah.runtime.clock import Clock

log = structlog.get_logger(__name__)
T = TypeVar("T")

_FIRST_RETRY_SECONDS: Final = 0.2
_LAST_RETRY_SECONDS: Final = 15.0


class Holdings:
    """The shares of this replica. ``window``: the most unfinished messages of one partition."""

    def __init__(self, producer: Producer, window: int, bad_window: int, clock: Clock) -> None:
        self._producer = producer
        self._window = window
        self._clock = clock
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._settled = threading.Condition(self._lock)
        self._idle = 0
        self._joiners = 0
        self._shares: dict[Partition, Share] = {}
        self._ready: deque[Share] = deque()
        self._dirty: dict[Partition, Share] = {}
        self._delayed: list[tuple[float, int, HeldDelivery]] = []
        self._numbers = itertools.count()
        self._open = True
        self._handing_out = True
        self._in_flight = 0
        self._recently_bad: deque[bool] = deque(maxlen=bad_window)

    # ------------------------------------------------------------ the loop's side

    @property
    def in_flight(self) -> int:
        """How many messages are in handlers' hands, wait for their emissions' answers, or for another try."""
        return self._in_flight

    @property
    def dirty(self) -> bool:
        """Whether something finished and is not yet committed."""
        return bool(self._dirty)

    def shares(self) -> Collection[Share]:
        """Return the shares held now."""
        return self._shares.values()

    def read(self, each: Callable[[Share], T]) -> list[T]:
        """Return what ``each`` reads of the shares, while nobody changes them."""
        with self._lock:
            return [each(share) for share in self._shares.values()]

    def open(self, partition: Partition, ledger: Ledger, *, held: bool = False) -> None:
        """Hold ``partition`` from now on; where its lane is paused, hand nothing of it out."""
        with self._lock:
            self._shares[partition] = share = Share(partition, ledger)
            share.held = held
            if not self._handing_out:
                share.close()

    def receive(self, records: Iterable[Record]) -> None:
        """Take in records as they were read; those of partitions not held are dropped."""
        with self._lock:
            fresh = 0
            for record in records:
                share = self._shares.get(Partition(record.topic, record.partition))
                if share is not None and share.receive(record):
                    fresh += 1
                    self._list(share)
            if fresh and self._idle:
                self._work.notify(min(fresh, self._idle))

    def hold(self, is_held: Callable[[str, int], bool]) -> None:
        """Hand out nothing of the partitions whose lane is paused, and go on with those whose lane is so no more."""
        changed = [share for share in self._shares.values() if is_held(*share.partition) != share.held]
        if not changed:
            return
        with self._lock:
            for share in changed:
                share.held = not share.held
                self._list(share)
            self._work.notify_all()

    def release_due(self) -> None:
        """Hand those out again whose back-off has passed."""
        if not self._delayed:
            return
        now = self._clock.monotonic()
        with self._lock:
            while self._delayed and self._delayed[0][0] <= now:
                delivery = heapq.heappop(self._delayed)[2]
                self._in_flight -= 1
                if not delivery.share.closing:
                    delivery.share.again.append(delivery)
                    self._list(delivery.share)
                    self._work.notify()

    def to_commit(self, only: Collection[Partition] | None = None) -> dict[Partition, Committed]:
        """Return what finished since the last commit, of the partitions held (and named, where some are)."""
        with self._lock:
            dirty = [share for share in self._dirty.values() if only is None or share.partition in only]
            for share in dirty:
                del self._dirty[share.partition]
            return {share.partition: share.to_commit() for share in dirty}

    def committed(self, partition: Partition) -> Mapping[Outcome, int]:
        """Note that the commit of ``partition`` returned; return how many messages it acknowledged, by outcome."""
        with self._lock:
            share = self._shares.get(partition)
            return {} if share is None else share.committing

    def refused(self, partition: Partition) -> None:
        """Note that the commit of ``partition`` was refused: it is to be tried again."""
        with self._lock:
            if (share := self._shares.get(partition)) is not None:
                share.refused()
                self._dirty[partition] = share

    def withdraw(self, partitions: Collection[Partition], grace_seconds: float) -> bool:
        """Hand nothing of ``partitions`` out any more, cancel and join their handlers; return whether all ended."""
        with self._lock:
            shares = [self._shares[partition] for partition in partitions if partition in self._shares]
            for share in shares:
                share.close()
            running = [delivery for share in shares for delivery in share.running]
        for delivery in running:
            delivery.cancel()
        with self._lock:
            return self._join(shares, grace_seconds)

    def forget(self, partitions: Collection[Partition]) -> None:
        """Hold ``partitions`` no more: whatever finishes late changes nothing."""
        with self._lock:
            for partition in partitions:
                self._dirty.pop(partition, None)
                if (share := self._shares.pop(partition, None)) is not None:
                    share.close()
                    share.closed = True

    def cancel_running(self) -> None:
        """Tell every handler to stop."""
        with self._lock:
            running = [delivery for share in self._shares.values() for delivery in share.running]
        for delivery in running:
            delivery.cancel()

    def stop_handing_out(self) -> None:
        """Leave what waits to the next owners, for good."""
        with self._lock:
            self._handing_out = False
            self._in_flight -= len(self._delayed)
            self._delayed.clear()
            for share in self._shares.values():
                share.close()

    def dismiss(self) -> None:
        """Let the handlers' threads end."""
        with self._lock:
            self._open = False
            self._work.notify_all()

    def await_progress(self, seconds: float) -> None:
        """Wait until a handler is done with its message."""
        with self._lock:
            self._joiners += 1
            self._settled.wait(seconds)
            self._joiners -= 1

    def bad_share(self) -> float:
        """Return the share of dead letters among the last messages, 0 until there were enough to say."""
        if len(self._recently_bad) < (self._recently_bad.maxlen or 1):
            return 0.0
        with self._lock:
            return sum(self._recently_bad) / len(self._recently_bad)

    # ------------------------------------------------------------ the handlers' side

    def take(self) -> HeldDelivery | None:
        """Wait for a message and take it; None when the thread is to end."""
        with self._lock:
            while self._open:
                while self._ready:
                    share = self._ready.popleft()
                    share.listed = False
                    if share.has_work(self._window):
                        return self._hand_out(share)
                self._idle += 1
                self._work.wait()
                self._idle -= 1
            return None

    def _hand_out(self, share: Share) -> HeldDelivery:
        if share.again:
            delivery = share.again.popleft()
        else:
            delivery = HeldDelivery(share.next_record(), share, self._producer, self._on_settled)
        share.running.add(delivery)
        self._in_flight += 1
        self._list(share)
        delivery.begin()
        return delivery

    def _on_settled(self, delivery: HeldDelivery, error: MessagingError | None) -> None:
        share = delivery.share
        with self._lock:
            share.running.discard(delivery)
            self._in_flight -= 1
            if not share.closed:
                if error is None and delivery.outcome is not Outcome.ABANDONED:
                    self._finished(share, delivery)
                elif not share.closing:
                    self._delay(delivery, error)
            if self._joiners:
                self._settled.notify_all()

    def _finished(self, share: Share, delivery: HeldDelivery) -> None:
        share.ledger.finish(delivery.record.offset)
        share.outcomes[delivery.outcome] += 1
        self._dirty[share.partition] = share
        self._recently_bad.append(delivery.outcome is Outcome.DEAD_LETTER)
        if not share.listed and self._list(share) and self._idle:
            self._work.notify()

    def _delay(self, delivery: HeldDelivery, error: MessagingError | None) -> None:
        seconds = min(_FIRST_RETRY_SECONDS * 2 ** min(delivery.tries - 1, 16), _LAST_RETRY_SECONDS)
        log.warning(
            "a message is handled again",
            topic=delivery.record.topic,
            partition=delivery.record.partition,
            offset=delivery.record.offset,
            tries=delivery.tries,
            in_seconds=seconds,
            error=str(error or "the handler gave it back"),
        )
        heapq.heappush(self._delayed, (self._clock.monotonic() + seconds, next(self._numbers), delivery))
        self._in_flight += 1

    # ------------------------------------------------------------ under the lock

    def _list(self, share: Share) -> bool:
        if share.listed or not share.has_work(self._window):
            return False
        share.listed = True
        self._ready.append(share)
        return True

    def _join(self, shares: Collection[Share], seconds: float) -> bool:
        if seconds > 0:
            self._joiners += 1
            self._settled.wait_for(lambda: not any(share.running for share in shares), seconds)
            self._joiners -= 1
        return not any(share.running for share in shares)
