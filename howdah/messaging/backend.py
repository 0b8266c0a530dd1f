"""The seam: what the loops of this room need of a log, so that they are written once for Kafka and its in-memory twin.

Nothing outside ``howdah.messaging`` uses it. A consumer belongs to one thread; its listener is called on that thread,
from inside ``poll`` and ``close``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from howdah.messaging.abstract import Admin, MessagingError, Producer, Record


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int


class Committed(NamedTuple):
    """A committed offset and the ledger's text beside it."""

    offset: int
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the broker did not take a partition's commit. ``again``: worth another try after the next poll."""

    error: str
    again: bool


class CommitFailedError(MessagingError):
    """Offsets could not be committed."""


class Listener(Protocol):
    """Hears what happens to a consumer's partitions."""

    def assigned(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        """Say where to begin to read each of ``partitions``, which are ours from now on."""
        ...

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Give ``partitions`` up: until this returns they are ours and may be committed."""
        ...

    def lost(self, partitions: Sequence[Partition]) -> None:
        """Forget ``partitions``: somebody else has them already."""
        ...

    def reached_end(self, partition: Partition) -> None:
        """Note that everything there is in ``partition`` was read (only where ``ends`` was asked for)."""
        ...


@dataclass(frozen=True, slots=True)
class ConsumerOptions:
    """How a consumer behaves."""

    group: str
    """Its group; where it assigns itself, only a name."""
    strict_offsets: bool = True
    """A position outside the log is an error (else: the earliest, for tables; they may be read again)."""
    ends: bool = False
    session_timeout_ms: int = 6_000
    max_poll_interval_ms: int = 300_000


class Consumer(Protocol):
    """Reads partitions: as a member of a group (``subscribe``), or those it takes itself (``assign``)."""

    def subscribe(self, topics: Sequence[str], listener: Listener) -> None:
        """Join the group."""
        ...

    def assign(self, positions: Mapping[Partition, int], listener: Listener) -> None:
        """Read exactly these partitions, without membership."""
        ...

    def partitions(self, topic: str) -> Sequence[Partition]:
        """Return the partitions of ``topic``, none when it does not exist; MessagingError when nobody answers."""
        ...

    def bounds(self, partition: Partition) -> tuple[int, int]:
        """Return the first offset there is and the next to be written; MessagingError when nobody answers."""
        ...

    def high(self, partition: Partition) -> int:
        """Return the next offset to be written as far as known without asking, −1 when unknown."""
        ...

    def committed(self, partitions: Collection[Partition]) -> Mapping[Partition, Committed]:
        """Return the group's commits of ``partitions``, where there are; MessagingError when nobody answers."""
        ...

    def poll(self, timeout_seconds: float, limit: int) -> list[Record]:
        """Return what is there, at most ``limit``, waiting for the first; MessagingError when it can't go on."""
        ...

    def commit(self, offsets: Mapping[Partition, Committed]) -> Mapping[Partition, Refusal]:
        """Commit synchronously; return what was refused (nothing: all is committed)."""
        ...

    def pause(self, partitions: Collection[Partition]) -> None:
        """Return no records of these until resumed."""
        ...

    def resume(self, partitions: Collection[Partition]) -> None:
        """Return their records again, from where they were."""
        ...

    def seek(self, positions: Mapping[Partition, int]) -> None:
        """Go on reading from these offsets."""
        ...

    def trouble(self) -> str | None:
        """Return None while the broker is reachable, else a sentence."""
        ...

    def close(self) -> None:
        """Give up all partitions (the listener is told), leave the group, let go of the connections."""
        ...


class Backend(Protocol):
    """A log and its clients."""

    def producer(self) -> Producer:
        """Return a new producer."""
        ...

    def admin(self) -> Admin:
        """Return a new administration."""
        ...

    def consumer(self, options: ConsumerOptions) -> Consumer:
        """Return a new consumer."""
        ...

    def give_up_waiting(self) -> None:
        """Let no client ask a second time what is not answered: see ``abstract.Messaging``."""
        ...
