"""``Messaging`` over any backend: hands out the loops, shares one producer, closes everything."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from howdah.messaging.abstract import (
    Admin,
    BatchReader,
    Handler,
    OnChange,
    Outgoing,
    Producer,
    Queue,
    Record,
    Table,
    WorkQueueOptions,
)
from howdah.messaging.backend import Backend, ConsumerOptions
from howdah.messaging.batches import Batches
from howdah.messaging.broadcast import Broadcast
from howdah.messaging.reading import Reading
from howdah.messaging.routes import Routes
from howdah.messaging.table import DividedTable, WholeTable
from howdah.messaging.work_queue import WorkQueue


class Connected:
    """See ``abstract.Messaging``. Safe to share among threads; what it hands out is as its own contract says."""

    def __init__(self, backend: Backend, routes: Routes | None = None) -> None:
        self._backend = backend
        self._routes = routes or Routes()
        self._lock = threading.Lock()
        self._producer: Producer | None = None
        self._admin: Admin | None = None
        self._closables: list[Reading] = []

    def producer(self) -> Producer:
        """Return the process's shared producer."""
        with self._lock:
            if self._producer is None:
                self._producer = self._routes.producer(self._backend.producer())
            return self._producer

    def admin(self) -> Admin:
        """Return the administration."""
        with self._lock:
            if self._admin is None:
                self._admin = self._routes.admin(self._backend.admin())
            return self._admin

    def work_queue(
        self,
        topics: Sequence[str],
        handler: Handler,
        options: WorkQueueOptions,
        with_dead_letter: Callable[[Record, str], Sequence[Outgoing]] | None = None,
    ) -> Queue:
        """Return a runner that consumes ``topics`` per-message. Its ``run`` closes what it opened."""
        options = replace(options, group=self._routes.group(options.group))
        consumer = self._backend.consumer(
            ConsumerOptions(
                options.group,
                session_timeout_ms=options.session_timeout_ms,
                max_poll_interval_ms=options.max_poll_interval_ms,
            )
        )
        names = [self._routes.topic(topic) for topic in topics]
        return WorkQueue(consumer, self.producer(), names, handler, options, with_dead_letter)

    def batches(self, topics: Sequence[str], group: str) -> BatchReader:
        """Return a reader of ordered batches. It is not closed with the rest: it belongs to its thread."""
        names, group = [self._routes.topic(topic) for topic in topics], self._routes.group(group)
        return Batches(self._backend.consumer(ConsumerOptions(group)), self.producer(), names, group)

    def table(self, topic: str, on_change: OnChange | None = None, *, group: str | None = None) -> Table:
        """Return the table of ``topic``: whole, or divided among ``group``."""
        topic, name = self._routes.topic(topic), self._routes.group(group or f"table.{topic}")
        consumer = self._backend.consumer(ConsumerOptions(name, strict_offsets=False, ends=True))
        kind = WholeTable if group is None else DividedTable
        return self._kept(kind(consumer, self.producer(), topic, on_change, name))

    def broadcast(self, topic: str, on_record: Callable[[Record], None]) -> Table:
        """Return a reader that sees what is written from now on."""
        topic, name = self._routes.topic(topic), self._routes.group(f"broadcast.{topic}")
        consumer = self._backend.consumer(ConsumerOptions(name, strict_offsets=False))
        return self._kept(Broadcast(consumer, self.producer(), topic, on_record, name))

    def beyond_repair(self) -> str | None:
        """Return the first loss among the producer and what reads on a thread of its own."""
        with self._lock:
            readers, producer = tuple(self._closables), self._producer
        if producer is not None and (why := producer.beyond_repair()) is not None:
            return why
        return next((why for reader in readers if (why := reader.beyond_repair()) is not None), None)

    def give_up_waiting(self) -> None:
        """See ``abstract.Messaging``. Takes no lock: the thread that a signal interrupts may hold it."""
        self._backend.give_up_waiting()
        for reading in tuple(self._closables):
            reading.give_up_waiting()

    def close(self) -> None:
        """Close tables and broadcasts, then the producer, when it has written out what is queued."""
        self.give_up_waiting()
        with self._lock:
            closables, self._closables = self._closables, []
            producer, self._producer = self._producer, None
        for closable in closables:
            closable.close()
        if producer is not None:
            producer.close()

    def _kept(self, table: Reading) -> Table:
        with self._lock:
            self._closables.append(table)
        return table

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
