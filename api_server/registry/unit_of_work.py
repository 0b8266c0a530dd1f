"""One request or batch, one transaction. Nobody else commits.

What must be published because of the transaction is staged with ``enqueue``: it is written to the outbox inside the
transaction, and handed to the relay right after the commit.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from api_server.registry.repositories import outbox
from howdah.contracts.ids import new_id
from howdah.messaging.abstract import Outgoing


class Relay(Protocol):
    """Publishes outbox rows from memory and deletes them once the broker has acknowledged."""

    def publish(self, rows: Sequence[tuple[str, Outgoing]]) -> None:
        """Take over rows (id, message) whose transaction has just been committed. Never blocks on the broker."""
        ...


class UnitOfWork:
    """A transaction in progress: the session for repositories, and the messages that go out with the commit."""

    def __init__(self, session: Session, writer: str = "") -> None:
        self.session = session
        self._writer = writer
        self._staged: list[Outgoing] = []

    def enqueue(self, *messages: Outgoing) -> None:
        """Publish ``messages`` when, and only when, this transaction is committed."""
        self._staged.extend(messages)

    def write_outbox(self) -> list[tuple[str, Outgoing]]:
        """Write what is staged in one statement; return the rows with their ids."""
        staged, self._staged = self._staged, []
        if not staged:
            return []
        rows = [(new_id(), message) for message in staged]
        outbox.insert(self.session, self._writer, rows)
        return rows


class Registry:
    """The way into the database: hands out units of work and relays their messages after the commit.

    ``writer`` is the relay's name in the outbox's rows: by its lease the sweeper knows what a dead process left behind
    at once, and not only after the delivery time-out.
    """

    def __init__(self, engine: Engine, relay: Relay, writer: str = "") -> None:
        self.engine = engine
        self._writer = writer
        self._sessions = sessionmaker(engine, expire_on_commit=False, autoflush=False)
        self._relay = relay

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        """Open a unit of work: committed when the block ends normally, rolled back when it raises."""
        with self._sessions() as session:
            work = UnitOfWork(session, self._writer)
            yield work
            session.flush()
            rows = work.write_outbox()
            session.commit()
        if rows:
            self._relay.publish(rows)
