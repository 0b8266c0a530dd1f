"""What a handler has in its hands: the command, and everything it may do about it."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from howdah.compute.abstract import Bounds, Connection, Reach
from howdah.contracts.errors import TaskError
from howdah.contracts.exchange import PasswordSecret, SshKeySecret
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import CredentialId
from howdah.contracts.messages import RunTask, TaskEvent
from howdah.contracts.resources import ResourceTarget
from howdah.messaging.abstract import Outgoing
from howdah.runtime.clock import Clock
from howdah.tasks.api import Exchange, Grant
from howdah.tasks.cancel import CancelToken
from howdah.tasks.events import EventsOf, outgoing
from howdah.tasks.files import Chunks, Files
from howdah.tasks.task_log import TaskLog

P = TypeVar("P", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the handlers of a process share."""

    exchange: Exchange
    files: Files
    reach: Callable[[], Reach]
    """Returns the process's one reach. Made at the first call: a task that needs no resource loads no SSH."""
    clock: Clock
    callback_url: str = ""
    """Where what a task starts says how it ended."""


@dataclass(frozen=True, slots=True)
class CallbackTicket:
    """What the thing that a task starts needs to say how it ended: POST to ``url`` with ``Authorization: Bearer``."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecretOf:
    """Fetches the secret of one login account with one grant: a ``SecretSource``."""

    exchange: Exchange
    credential_id: CredentialId | None
    grant: Grant

    def __call__(
        self, *, credential_id: CredentialId | None = None, fresh: bool = False
    ) -> SshKeySecret | PasswordSecret:
        """Return the secret; TaskError(internal) when the platform can't be asked."""
        wanted = credential_id or self.credential_id
        if wanted is None:
            raise TaskError.of(FailureKind.PERMANENT, "The compute resource names no credential to log in with.")
        return self.exchange.secret(wanted, self.grant, fresh=fresh)


class TaskContext(Generic[P]):
    """One attempt in a handler's hands.

    All that is emitted here carries ids derived from the command, so a handler that is run again by a redelivery and
    takes the same steps tells nothing twice. Not thread-safe, apart from ``log`` and ``cancel``.
    """

    def __init__(  # noqa: PLR0913 - the parts of an attempt, put together in one place
        self,
        events: EventsOf,
        params: P,
        *,
        tools: Tools,
        emit: Callable[[Outgoing], None],
        cancel: CancelToken,
        log: TaskLog,
        ends_at: datetime | None,
    ) -> None:
        self.params = params
        self.cancel = cancel
        self.events = events
        """Builds further events of this attempt, with ids that a redelivery repeats."""
        self.grant = Grant(events.command.capability, cancel)
        self._tools = tools
        self._emit = emit
        self._log = log
        self._ends_at = ends_at
        self._progress_reports = 0

    @property
    def command(self) -> RunTask:
        """The command as it came."""
        return self.events.command

    @property
    def attempt(self) -> int:
        """Which attempt of the task this is; 1 is the first."""
        return self.command.attempt

    @property
    def target(self) -> ResourceTarget:
        """The compute resource to work on; TaskError (permanent) when the command names none."""
        if self.command.target is None:
            raise TaskError.of(FailureKind.PERMANENT, f"The task {self.command.name} names no compute resource.")
        return self.command.target

    @property
    def callback(self) -> CallbackTicket | None:
        """How what this task starts calls back; None where its node of the workflow does not wait for that."""
        token = self.command.callback
        return None if token is None else CallbackTicket(self._tools.callback_url, token)

    def now(self) -> datetime:
        """Return the aware UTC instant."""
        return self._tools.clock.now()

    def remaining_seconds(self) -> float:
        """Return the seconds until the attempt's deadline (infinite where it has none), never below 0."""
        if self._ends_at is None:
            return float("inf")
        return max((self._ends_at - self._tools.clock.now()).total_seconds(), 0.0)

    def progress(self, step: str, fraction: float | None = None) -> None:
        """Tell people how far the work is: a few words, and a share between 0 and 1 where it is known."""
        self._progress_reports += 1
        self.emit(self.events.progressed(self._progress_reports, step, fraction))

    def log(self, text: str) -> None:
        """Write a line for the task's user. Bounded; a line may be lost when the process dies."""
        self._log.write(text)

    def secret(self, credential_id: CredentialId) -> PasswordSecret | SshKeySecret:
        """Return the secret behind a credential that the task was granted."""
        return self._tools.exchange.secret(credential_id, self.grant)

    def password(self, credential_id: CredentialId) -> str:
        """Return the secret behind a credential that has to be a password, as the secret key of a bucket is."""
        secret = self.secret(credential_id)
        if not isinstance(secret, PasswordSecret):
            sentence = "The storage's credential is a key for SSH; S3 takes a password: the secret key."
            raise TaskError.of(FailureKind.PERMANENT, sentence, operation="log in")
        return secret.password

    def connect(self, to: ResourceTarget | None = None) -> AbstractContextManager[Connection]:
        """Return a connection, to the target if no other is named, bounded by the attempt's deadline and cancel."""
        target = to or self.target
        secret = SecretOf(self._tools.exchange, target.credential_id, self.grant)
        bounds = Bounds(canceled=self.cancel, deadline=time.monotonic() + self.remaining_seconds())
        return self._tools.reach().connect(target, secret, bounds)

    def open_input(self, uri: str) -> AbstractContextManager[Iterator[bytes]]:
        """Return the object's content in chunks, for a ``with`` block; TaskError when it can't be read."""
        return self._tools.files.open_input(uri, self.grant)

    def store_output(self, uri: str, chunks: Chunks, size_bytes: int) -> None:
        """Write an object of exactly ``size_bytes``.

        ``chunks`` is called for the content, and called again when the store breaks off and the transfer starts over.
        """
        self._tools.files.store_output(uri, chunks, size_bytes, self.grant)

    def emit(self, event: TaskEvent) -> None:
        """Tell an event. The command is acknowledged only after the brokers have it."""
        self._emit(outgoing(event))

    def emit_new(self, model: type[TaskEvent], step: str | int, **fields: Any) -> None:  # noqa: ANN401 - validated
        """Build and tell an event about this attempt; ``step`` tells it from others of its kind."""
        self.emit(self.events.make(model, step, **fields))

    def put_record(self, message: Outgoing) -> None:
        """Write a row of a table. The command is acknowledged only after the brokers have it."""
        self._emit(message)
