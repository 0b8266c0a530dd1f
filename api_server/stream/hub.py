"""One reader of the feed for all live streams of this process.

A thread listens for PostgreSQL's notifications (and looks by itself every second, since a notification may be lost with
its connection), reads the new events of all gateways once, serialises each once, and hands a whole batch over to the
event loop. While nobody follows, it reads nothing.
"""

import asyncio
import os
import select
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from api_server.registry.repositories import feed
from api_server.registry.repositories.feed_cursor import Position
from api_server.registry.repositories.lanes import LANE_CHANNEL
from api_server.stream import frames
from api_server.stream.frames import Batch, Frame, batches_by_gateway
from api_server.stream.subscription import Subscription
from howdah.runtime import metrics

log = structlog.get_logger(__name__)

_POLL_SECONDS: Final = 1.0
_PACE_SECONDS: Final = 0.004
"""Under load at most one read in this time: what came meanwhile shares it. An idle feed is read at once."""
_WITHHELD_SECONDS: Final = (0.002, 0.05)
"""How soon, at first and at last, to look again for events that wait for an older transaction."""
_RECONNECT_SECONDS: Final = 0.5
_LISTEN: Final = text(f"LISTEN {feed.FEED_CHANNEL}; LISTEN {LANE_CHANNEL}")
_SOME_LANE: Final = "{}"
"""Told where it is not known which lane it was."""


class FeedHub:
    """Feeds subscriptions. ``start`` and ``subscribe`` are called on the event loop, ``close`` from anywhere.

    Args:
        engine: the registry's database; one connection is taken for as long as the hub lives.
        limit_bytes: how much may wait for one slow client before it is told to start over.
    """

    def __init__(self, engine: Engine, *, limit_bytes: int = 8_000_000) -> None:
        self._engine = engine
        self._limit_bytes = limit_bytes
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._count = 0
        self._position: Position | None = None
        self._reading = asyncio.Event()
        self._parked = threading.Event()
        self._closing = threading.Event()
        self._delivered = threading.Event()
        self._trouble: str | None = "the live feed has not connected to the registry yet"
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._thread = threading.Thread(target=self._run, name="feed-hub", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    # ------------------------------------------------------------ the event loop's side

    def start(self) -> None:
        """Begin to follow the feed."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    @contextmanager
    def subscribe(self, gateway_id: str, experiment_ids: frozenset[str] | None = None) -> Iterator[Subscription]:
        """Collect the gateway's events (of some experiments only, if given) for as long as the block lasts."""
        subscription = Subscription(gateway_id, experiment_ids, self._limit_bytes)
        self._subscriptions.setdefault(gateway_id, set()).add(subscription)
        self._count += 1
        metrics.FEED_SUBSCRIBERS.inc()
        self.wake()
        try:
            yield subscription
        finally:
            metrics.FEED_SUBSCRIBERS.dec()
            self._count -= 1
            of_gateway = self._subscriptions[gateway_id]
            of_gateway.discard(subscription)
            if not of_gateway:
                del self._subscriptions[gateway_id]

    async def wait_reading(self) -> None:
        """Wait until the hub follows the feed: a snapshot taken from now on misses nothing."""
        await self._reading.wait()

    def trouble(self) -> str | None:
        """Return None while the feed is being followed, else a sentence."""
        return self._trouble

    def wake(self) -> None:
        """Look at once. Safe from any thread."""
        try:
            os.write(self._wake_write, b"!")
        except (BlockingIOError, OSError):  # the pipe is full: it is awake anyway; or closed: it is gone
            return

    def close(self) -> None:
        """Stop the thread and let go of the database."""
        self._closing.set()
        self._delivered.set()
        self.wake()
        self._thread.join(timeout=5)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _deliver(self, batches: dict[str, Batch]) -> None:
        for gateway_id, batch in batches.items():
            for subscription in self._subscriptions.get(gateway_id, ()):
                subscription.offer(batch)
        self._delivered.set()

    def _tell(self, notices: Sequence[bytes]) -> None:
        for of_gateway in self._subscriptions.values():
            for subscription in of_gateway:
                for notice in notices:
                    subscription.tell(notice)

    def _park(self) -> None:
        # Decided here, where subscriptions are made: nobody can come between the look and the decision.
        if self._count == 0:
            self._reading.clear()
            self._parked.set()

    def _now_reading(self) -> None:
        if not self._parked.is_set():
            self._reading.set()

    # ------------------------------------------------------------ the thread's side

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    self._follow(connection)
            except (SQLAlchemyError, OSError) as error:
                # From the same position on after the reconnect: no event is skipped.
                self._trouble = "the live feed has lost the registry's database and is reconnecting"
                reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
                log.warning("live feed is reconnecting", reason=reason.strip())
                self._closing.wait(_RECONNECT_SECONDS)

    def _follow(self, connection: Connection) -> None:
        connection.detach()  # It listens for as long as the process lives: not one of the pool's.
        connection.execute(_LISTEN)
        reader = feed.FeedReader(connection)
        self._trouble = None
        if self._position is not None:
            # It was away, and nobody told of the lanes meanwhile.
            self._on_loop(self._tell, [frames.lane(_SOME_LANE)])
        last_read, pause = 0.0, _POLL_SECONDS
        withheld_pause = _WITHHELD_SECONDS[0]
        while not self._closing.is_set():
            notified = self._wait(connection, pause)
            if self._parked.is_set():
                self._parked.clear()
                self._position = None
            if self._count == 0:
                if self._position is not None:
                    self._on_loop(self._park)
                pause = _POLL_SECONDS
                continue
            if (early := last_read + _PACE_SECONDS - time.monotonic()) > 0:
                self._closing.wait(early)
                self._clear(connection)
            last_read = time.monotonic()
            if self._position is None:
                self._position = feed.horizon(connection)
                self._on_loop(self._now_reading)
            if self._catch_up(reader, self._position):
                # An older transaction that ends wakes nobody by itself.
                withheld_pause = _WITHHELD_SECONDS[0] if notified else min(withheld_pause * 2, _WITHHELD_SECONDS[1])
                pause = withheld_pause
            else:
                pause = _POLL_SECONDS

    def _catch_up(self, reader: feed.FeedReader, position: Position) -> bool:
        """Deliver all there is after ``position``; tell whether something is withheld."""
        while not self._closing.is_set():
            found = reader.read_after(position)
            if found.rows:
                batches = batches_by_gateway(map(Frame.of, found.rows))
                self._delivered.clear()
                if self._on_loop(self._deliver, batches):
                    # A busy loop slows the reading down, and more events share the next batch.
                    while not self._delivered.wait(1.0) and not self._closing.is_set():
                        pass
                self._position = position = found.rows[-1].position
            if not found.more:
                return found.withheld
        return False

    def _wait(self, connection: Connection, seconds: float) -> bool:
        raw = self._raw(connection)
        select.select([raw.fileno(), self._wake_read], [], [], seconds)
        return self._clear(connection)

    def _clear(self, connection: Connection) -> bool:
        """Take note of all that has woken the thread; tell whether anything had."""
        raw = self._raw(connection)
        raw.poll()
        notified = any(one.channel == feed.FEED_CHANNEL for one in raw.notifies)
        lanes = [frames.lane(one.payload) for one in raw.notifies if one.channel == LANE_CHANNEL]
        raw.notifies.clear()
        if lanes:
            self._on_loop(self._tell, lanes)
        try:
            return bool(os.read(self._wake_read, 4_096)) or notified
        except BlockingIOError:
            return notified

    @staticmethod
    def _raw(connection: Connection) -> Any:  # noqa: ANN401 - psycopg2's connection, which SQLAlchemy types as Any
        return connection.connection.dbapi_connection

    def _on_loop(self, callback: Any, *arguments: object) -> bool:  # noqa: ANN401 - as call_soon_threadsafe takes it
        if self._loop is None or self._loop.is_closed():
            return False
        self._loop.call_soon_threadsafe(callback, *arguments)
        return True
