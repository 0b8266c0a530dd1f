"""One client's place in the live feed: a bounded queue between the hub and its connection.

Lives on the event loop alone; nothing here is thread-safe.
"""

import asyncio
from collections import deque

from api_server.registry.repositories.feed_cursor import Cursor
from api_server.stream.frames import Batch

_MAX_NOTICES = 100
"""The oldest go first: each says no more than that something is to be read again."""


class OverflowedError(Exception):
    """The client did not read fast enough and has lost events: it must start over."""


class Subscription:
    """Collects a gateway's events, or those of some of its experiments, until the connection takes them.

    It collects from the moment it is made. Once the caller knows from where on the client lacks events (a snapshot or
    a replay, read *after* the subscription was made), it says so with ``start_at``; what the client has already is
    then left out.
    """

    def __init__(self, gateway_id: str, experiment_ids: frozenset[str] | None, limit_bytes: int) -> None:
        self.gateway_id = gateway_id
        self.experiment_ids = experiment_ids
        self.overflowed = False
        self._limit = limit_bytes
        self._waiting: deque[Batch] = deque()
        self._notices: deque[bytes] = deque(maxlen=_MAX_NOTICES)
        self._size = 0
        self._cursor: Cursor | None = None
        self._woken = asyncio.Event()

    def start_at(self, cursor: Cursor) -> None:
        """The client has all that ``cursor`` says; deliver what it lacks."""
        self._cursor = cursor

    def offer(self, batch: Batch) -> None:
        """Take in the gateway's next events. When the client is too slow all is dropped and it is told so."""
        mine = batch if self.experiment_ids is None else batch.only(self.experiment_ids)
        if mine is None or self.overflowed:
            return
        self._waiting.append(mine)
        self._size += mine.size
        if self._size > self._limit:
            self.overflowed = True
            self._waiting.clear()
        self._woken.set()

    def tell(self, notice: bytes) -> None:
        """Take in an event that has no place in the feed; it goes out after what waits already."""
        self._notices.append(notice)
        self._woken.set()

    async def take(self) -> bytes:
        """Wait for events and return all there are, in one piece.

        Raises:
            OverflowedError: events were lost.
        """
        while True:
            if self.overflowed:
                raise OverflowedError
            if (self._waiting or self._notices) and (ready := self._drain()):
                return ready
            self._woken.clear()
            await self._woken.wait()

    def _drain(self) -> bytes:
        batches, self._size = list(self._waiting), 0
        self._waiting.clear()
        notices = list(self._notices)
        self._notices.clear()
        return b"".join([*(self._render(batch) for batch in batches), *notices])

    def _render(self, batch: Batch) -> bytes:
        if self._cursor is None:
            raise RuntimeError("a subscription is read only after start_at")
        last = batch.frames[-1].position
        if self._cursor.view is None and batch.frames[0].position > self._cursor.position:
            self._cursor = Cursor(last)
            return batch.joined
        pieces = []
        for frame in batch.frames:
            if self._cursor.lacks(frame.position):
                self._cursor = self._cursor.moved_to(frame.position)
                pieces.append(frame.with_cursor(self._cursor))
        return b"".join(pieces)
