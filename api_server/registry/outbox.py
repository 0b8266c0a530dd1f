"""Publishing what was committed: from memory right after the commit, and by the sweeper after a crash.

The outbox table is the truth. A row goes only when the broker has acknowledged its message; what was published twice
carries the same ids, and its readers know.
"""

import threading
from collections.abc import Sequence
from functools import partial
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from api_server.registry.leases import LeaseHolder
from api_server.registry.repositories import outbox
from api_server.registry.unit_of_work import Registry
from howdah.contracts.ids import new_id
from howdah.messaging.abstract import DELIVERY_TIMEOUT_SECONDS, MessagingError, Outgoing, Producer
from howdah.runtime.metrics import OUTBOX_PUBLISHED, OUTBOX_WAITING

log = structlog.get_logger(__name__)

RELAY_LEASE: Final = "outbox:"
CLEAN_UP_SECONDS: Final = 0.25
RENEW_SECONDS: Final = 2.0
LEFT_BEHIND_SECONDS: Final = DELIVERY_TIMEOUT_SECONDS + 15.0
SWEEP_LIMIT: Final = 500
_DELETE_LIMIT: Final = 5_000


class OutboxRelay:
    """Publishes rows from memory and deletes those that the broker acknowledged, set-based, within a second.

    A message that is not acknowledged keeps its row: the sweeper publishes it later. ``start`` before the first commit,
    ``close`` before the producer is closed.
    """

    def __init__(self, engine: Engine, producer: Producer) -> None:
        self.writer = new_id()
        self._engine = engine
        self._producer = producer
        self._lease = LeaseHolder(engine, self.writer, seconds=5 * RENEW_SECONDS)
        self._lock = threading.Lock()
        self._delivered: list[str] = []
        self._in_flight = 0
        self._idle = threading.Event()
        self._idle.set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-relay", daemon=True)

    def start(self) -> None:
        """Announce the writer and begin to clean up."""
        self._lease.hold(RELAY_LEASE + self.writer)
        self._thread.start()

    def publish(self, rows: Sequence[tuple[str, Outgoing]]) -> None:
        """Send rows whose transaction was committed. Never raises: what can't be sent is left to the sweeper."""
        with self._lock:
            self._in_flight += len(rows)
            self._idle.clear()
        for row_id, message in rows:
            try:
                self._producer.send(message, partial(self._answered, row_id))
            except MessagingError as error:
                self._answered(row_id, error)

    def _answered(self, row_id: str, error: MessagingError | None) -> None:
        if error is not None:
            log.warning("message left to the sweeper", outbox_id=row_id, error=str(error))
        with self._lock:
            if error is None:
                self._delivered.append(row_id)
            self._in_flight -= 1
            if self._in_flight == 0:
                self._idle.set()

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Wait for outstanding answers, clean up, and let go of the lease."""
        self._idle.wait(timeout_seconds)
        self._stopping.set()
        self._thread.join(timeout_seconds)
        try:
            self._clean_up()
            self._lease.release(RELAY_LEASE + self.writer)
        except SQLAlchemyError as error:
            log.warning("the outbox is left to the sweeper", error=_first_line(error))

    def _run(self) -> None:
        rounds = 0
        while not self._stopping.wait(CLEAN_UP_SECONDS):
            rounds += 1
            try:
                self._clean_up()
                if rounds % int(RENEW_SECONDS / CLEAN_UP_SECONDS) == 0:
                    self._lease.hold(RELAY_LEASE + self.writer)
            except SQLAlchemyError as error:
                log.warning("outbox rows can't be deleted now", error=_first_line(error))

    def _clean_up(self) -> None:
        with self._lock:
            done, self._delivered = self._delivered[:_DELETE_LIMIT], self._delivered[_DELETE_LIMIT:]
        if not done:
            return
        try:
            with Session(self._engine) as session, session.begin():
                outbox.delete_acknowledged(session, done)
        except SQLAlchemyError:
            with self._lock:
                self._delivered += done
            raise
        OUTBOX_PUBLISHED.labels("relay").inc(len(done))


def open_registry(engine: Engine, producer: Producer) -> tuple[Registry, OutboxRelay]:
    """Return the registry and its relay, which the caller starts and closes."""
    relay = OutboxRelay(engine, producer)
    return Registry(engine, relay, relay.writer), relay


class Sweeper:
    """Publishes what crashed processes left behind. Any number may sweep: rows are claimed with SKIP LOCKED."""

    def __init__(self, engine: Engine, producer: Producer, *, left_behind_seconds: float = LEFT_BEHIND_SECONDS) -> None:
        self._engine = engine
        self._producer = producer
        self._left_behind_seconds = left_behind_seconds

    def sweep(self) -> int:
        """Publish what there is, and return how much; MessagingError or a database error leaves the rest as it was."""
        total = 0
        while count := self._sweep_some():
            total += count
        with Session(self._engine) as session:
            OUTBOX_WAITING.set(outbox.waiting(session))
        return total

    def _sweep_some(self) -> int:
        with Session(self._engine) as session, session.begin():
            rows = outbox.claim_left_behind(
                session,
                older_than_seconds=self._left_behind_seconds,
                lease_prefix=RELAY_LEASE,
                limit=SWEEP_LIMIT,
            )
            if rows:
                self._producer.send_all([message for _, message in rows], DELIVERY_TIMEOUT_SECONDS / 2)
                outbox.delete_acknowledged(session, [row_id for row_id, _ in rows])
                OUTBOX_PUBLISHED.labels("sweeper").inc(len(rows))
                log.info("published what was left behind", count=len(rows))
        return len(rows)


def _first_line(error: SQLAlchemyError) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(cause).partition("\n")[0]
