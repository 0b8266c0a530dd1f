"""Kafka as the platform sees it: four ways to read, one way to write, behind one interface.

**Work queue with ledger** — commands. A message stays until it was *handled*; a crash hands it to another;
a slow one holds up nobody. Handlers run on a bounded pool, many per partition, in any order. Each partition has an
acknowledgement ledger: the watermark (lowest unfinished offset) is the committed offset, the finished offsets beyond it
travel in the commit's metadata. A finished message is acknowledged when that synchronous commit returned, not before.

**Ordered batches** — events. Records come in order per partition; the reader commits a batch when its own work on it is
durable. On an error nothing is committed and the batch comes again.

**Compacted table** — the latest value of each key; a null value deletes the key. Read whole by every replica, or
divided among the replicas of a group.

**Broadcast** — every replica sees what is written from now on; nothing is remembered.

What a rebalance does: on revocation the ledger is committed, handlers of that partition still running are canceled and
joined within a grace time, and what they leave unfinished is delivered to the new owner, who reads the ledger and skips
what was finished. After a *lost* partition nothing is committed: it is no longer ours.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self

from howdah.contracts.agents import Access
from howdah.contracts.errors import HowdahError
from howdah.contracts.heartbeats import QueueReport
from howdah.contracts.topics import Topic

Headers = tuple[tuple[str, bytes], ...]

DELIVERY_TIMEOUT_SECONDS: Final = 60.0
"""How long a producer tries before it calls a message not acknowledged. Until then it may still arrive: whoever
publishes again what somebody else queued (the outbox's sweeper) waits longer than this."""


class MessagingError(HowdahError):
    """Kafka could not do what was asked."""


class DeliveryError(MessagingError):
    """A message was not acknowledged by the broker within the producer's delivery time-out."""


class PoisonousMessageError(MessagingError):
    """A handler's verdict: this message can never be handled. It goes to the dead letters with this reason."""


@dataclass(frozen=True, slots=True)
class Record:
    """A message as it was read. ``timestamp_ms`` is the broker's or producer's, −1 where unknown."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int = -1


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be written. Without ``partition`` the key's hash chooses it; ``value=None`` is a tombstone."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    partition: int | None = None
    headers: Headers = ()


OnDelivery = Callable[[MessagingError | None], None]
"""Called once per message, on the producer's thread: None means acknowledged by all in-sync replicas."""


class Producer(Protocol):
    """Writes with idempotence (acks=all): an internal retry never makes a second copy. Safe to share among threads."""

    def send(self, message: Outgoing, on_delivery: OnDelivery | None = None) -> None:
        """Hand the message over without waiting; blocks only while the local queue is full."""
        ...

    def send_all(self, messages: Iterable[Outgoing], timeout_seconds: float = 30.0) -> None:
        """Write all and return when every one is acknowledged; DeliveryError says which was not."""
        ...

    def trouble(self) -> str | None:
        """Return None while a broker is reachable, else a sentence."""
        ...

    def beyond_repair(self) -> str | None:
        """Return None, or why nothing will ever be written again: see ``Messaging.beyond_repair``."""
        ...

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Write out what is queued, then let go of the connections."""
        ...


class Delivery(Protocol):
    """One message in a handler's hands."""

    @property
    def record(self) -> Record:
        """The message."""
        ...

    @property
    def canceled(self) -> bool:
        """Whether the handler should stop: its partition is being revoked, or the process shuts down."""
        ...

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the delivery is canceled (at once if it already was)."""
        ...

    def emit(self, message: Outgoing) -> None:
        """Write a message as part of the handling.

        The delivery counts as finished only when the handler returned *and* all that it emitted is acknowledged by
        the broker. If that fails, the message is not acknowledged and will be delivered again.
        """
        ...


Handler = Callable[[Delivery], None]
"""Handles one message on a pool thread.

Returns: handled. Raises PoisonousMessageError or ContractError: dead letter. Raises DeliveryCanceledError: left
unfinished, for the next owner. Anything else is a defect of the handler: dead letter with the exception's name.
"""


class DeliveryCanceledError(MessagingError):
    """Raised by a handler that stopped because its delivery was canceled: the message stays unfinished."""


IsHeld = Callable[[str, int], bool]
"""(topic, partition): whether its messages are to wait. Asked often, on the queue's thread; answers from memory."""


def nothing_is_held(_: str, __: int) -> bool:
    """Let every message be handed out."""
    return False


@dataclass(frozen=True, slots=True)
class WorkQueueOptions:
    """How a work queue is consumed."""

    group: str
    threads: int = 16
    window_per_partition: int = 1_000
    """The most unfinished messages of one partition."""
    commit_interval_seconds: float = 0.02
    """Acknowledgements that are ready within this time share one commit."""
    revoke_grace_seconds: float = 3.0
    drain_grace_seconds: float = 20.0
    session_timeout_ms: int = 6_000
    max_poll_interval_ms: int = 300_000
    bad_share_limit: float = 0.5
    """Stop the consumer when more than this share of the last ``bad_window`` messages went to the dead letters."""
    bad_window: int = 100
    is_held: IsHeld = nothing_is_held
    """While a partition is held, what is in hand is finished, the rest waits in its order, and polling goes on."""


class Runner(Protocol):
    """Something with a loop: ``run`` blocks until ``stop`` was called (from any thread) and all is put away."""

    def run(self) -> None:
        """Work until stopped; MessagingError when the work can't go on (the process should end and be restarted)."""
        ...

    def stop(self) -> None:
        """Ask the loop to drain and return."""
        ...

    def trouble(self) -> str | None:
        """Return None while all is well, else a sentence: what readiness shows."""
        ...


class Queue(Runner, Protocol):
    """A work queue: it also tells how it stands with what it holds."""

    def reports(self) -> Sequence[QueueReport]:
        """Return how it stood with each topic about a second ago; from any thread."""
        ...


class BatchReader(Protocol):
    """Ordered batches of a group. Not thread-safe: one thread polls and commits."""

    def poll(self, timeout_seconds: float, limit: int = 500) -> Sequence[Record]:
        """Return what is there, waiting for the first record at most the time-out; in order per partition."""
        ...

    def commit(self) -> None:
        """Commit, synchronously, all that ``poll`` returned so far, for the partitions still owned."""
        ...

    def rewind(self) -> None:
        """Go back to the last commit: the records polled since come again."""
        ...

    def dead_letter(self, record: Record, reason: str) -> None:
        """Write the record to the dead letters and wait for the acknowledgement."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


OnChange = Callable[[str, bytes | None, Record], None]
"""(key, value or None when deleted, record): called on the table's thread, in order per key."""


class Table(Protocol):
    """The latest value of each key."""

    def start(self) -> None:
        """Begin to read on a thread of its own."""
        ...

    def wait_loaded(self, timeout_seconds: float) -> bool:
        """Wait until everything that stood in the topic at the start was read; return whether that is so."""
        ...

    def get(self, key: str) -> bytes | None:
        """Return the value of ``key``, None when there is none."""
        ...

    def snapshot(self) -> Mapping[str, bytes]:
        """Return a copy of all rows."""
        ...

    def trouble(self) -> str | None:
        """Return None while all is well, else a sentence."""
        ...

    def close(self) -> None:
        """Stop reading."""
        ...


class Admin(Protocol):
    """Topic administration."""

    def ensure(self, topics: Sequence[Topic], replication_factor: int = 1) -> None:
        """Create what is missing and grow task topics; MessagingError when an existing one contradicts the contract."""
        ...

    def partitions(self, topic: str) -> int:
        """Return the number of partitions; MessagingError when the topic does not exist."""
        ...

    def backlog(self, group: str, topic: str) -> Mapping[int, int]:
        """Return unfinished messages by partition, as the ledger in the group's committed metadata says."""
        ...

    def admit(self, user: str, password: str, access: Access) -> None:
        """Let ``user`` log in with ``password``, in place of an earlier one, and do what ``access`` says.

        MessagingError when the cluster keeps no accounts, or this process has no right to give any.
        """
        ...

    def expel(self, user: str) -> None:
        """Take every right and the password from ``user``; nothing when there is none of that name."""
        ...


class Messaging(Protocol):
    """A connection to Kafka, or to its in-memory twin. The composition root makes one and hands it down."""

    def producer(self) -> Producer:
        """Return the process's shared producer."""
        ...

    def admin(self) -> Admin:
        """Return the administration."""
        ...

    def work_queue(
        self,
        topics: Sequence[str],
        handler: Handler,
        options: WorkQueueOptions,
        with_dead_letter: Callable[[Record, str], Sequence[Outgoing]] | None = None,
    ) -> Queue:
        """Return a queue that consumes ``topics`` per-message.

        ``with_dead_letter`` (record, reason) names messages to be written together with a dead letter, so that
        whoever waits for the record's outcome hears of it.
        """
        ...

    def batches(self, topics: Sequence[str], group: str) -> BatchReader:
        """Return a reader of ordered batches, from the earliest uncommitted record on."""
        ...

    def table(self, topic: str, on_change: OnChange | None = None, *, group: str | None = None) -> Table:
        """Return the table of ``topic``: whole, or with ``group`` only the share that falls to this replica.

        Of a divided table the rows of a partition that moves away are dropped (``on_change`` is told with value
        None and a record of offset −1), and those of one that arrives are read from the beginning.
        """
        ...

    def broadcast(self, topic: str, on_record: Callable[[Record], None]) -> Table:
        """Return a reader that sees what is written from now on (its rows stay empty)."""
        ...

    def beyond_repair(self) -> str | None:
        """Return None, or why a client or a reader of this connection is of no more use, whatever Kafka does.

        Nothing replaces it: the process has to end and be started anew. Queues and batches raise what they die of
        by themselves.
        """
        ...

    def give_up_waiting(self) -> None:
        """From now on whoever waits for an answer of Kafka that does not come gets a MessagingError within seconds.

        For a process that is told to stop, which must not take longer because Kafka is away. While Kafka answers,
        nothing changes. May be called from any thread and from a signal handler.
        """
        ...

    def close(self) -> None:
        """Close everything that was handed out."""
        ...

    def __enter__(self) -> Self:
        """Enter a ``with`` block."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        ...
