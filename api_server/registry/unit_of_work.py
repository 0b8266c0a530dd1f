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
from api_server.registry.script import Script
from howdah.contracts.ids import new_id
from howdah.messaging.abstract import Outgoing


class Relay(Protocol):
    """Publishes outbox rows from memory and deletes them once the broker has acknowledged."""

    def publish(self, rows: Sequence[tuple[str, Outgoing]]) -> None:
        """Take over rows (id, message) whose transaction has just been committed. Never blocks on the broker."""
        ...


class UnitOfWork:
    """A transaction in progress: the session for repositories, and the messages that go out with the commit.

    ``script`` collects set-based writes; they are done when ``send`` is called, at the latest before the commit.
    """

    def __init__(self, session: Session, writer: str = "") -> None:
        self.session = session
        self.script = Script()
        self._writer = writer
        self._staged: list[Outgoing] = []
        self._written: list[tuple[str, Outgoing]] = []

    def enqueue(self, *messages: Outgoing) -> None:
        """Publish ``messages`` when, and only when, this transaction is committed."""
        self._staged.extend(messages)

    def stage_outbox(self) -> None:
        """Add the outbox rows of what is enqueued to the script."""
        staged, self._staged = self._staged, []
        if staged:
            rows = [(new_id(), message) for message in staged]
            outbox.insert(self.script, self._writer, rows)
            self._written += rows

    def send(self) -> int:
        """Do the writes of the script; return how many rows the last of them touched."""
        return self.script.run(self.session)

    def finish(self) -> list[tuple[str, Outgoing]]:
        """Do all writes; return the outbox rows that are to be published after the commit."""
        self.stage_outbox()
        self.send()
        return self._written


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
            rows = work.finish()
            session.commit()
        if rows:
            self._relay.publish(rows)
