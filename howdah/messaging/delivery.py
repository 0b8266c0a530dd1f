"""One message in a handler's hands, and the acknowledgements that its emissions still wait for."""

import threading
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from howdah.messaging.abstract import MessagingError, Outgoing, Producer, Record

if TYPE_CHECKING:
    from howdah.messaging.share import Share

log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """How a handler left its message."""

    HANDLED = "handled"
    DEAD_LETTER = "dead-letter"
    ABANDONED = "abandoned"


OnSettled = Callable[["HeldDelivery", MessagingError | None], None]
"""Called once per try, when the handler returned and every emission is answered; the error is the first failure."""


class HeldDelivery:
    """See ``abstract.Delivery``. A try that fails is begun again with ``begin``; the verdict on it is kept."""

    __slots__ = (
        "_callbacks",
        "_canceled",
        "_error",
        "_lock",
        "_on_settled",
        "_open",
        "_producer",
        "outcome",
        "reason",
        "record",
        "share",
        "tries",
    )

    def __init__(self, record: Record, share: "Share", producer: Producer, on_settled: OnSettled) -> None:
        self.record = record
        self.share = share
        self.outcome = Outcome.HANDLED
        self.reason = ""
        """Why it is a dead letter; once known, only the letter is tried again, not the handler."""
        self.tries = 0
        self._producer = producer
        self._on_settled = on_settled
        self._lock = threading.Lock()
        self._open = 0
        self._error: MessagingError | None = None
        self._canceled = False
        self._callbacks: list[Callable[[], None]] = []

    @property
    def canceled(self) -> bool:
        """Whether the handler should stop."""
        return self._canceled

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the delivery is canceled (at once if it already was)."""
        with self._lock:
            if not self._canceled:
                self._callbacks.append(callback)
                return
        callback()

    def cancel(self) -> None:
        """Tell the handler to stop."""
        with self._lock:
            self._canceled = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            try:
                callback()
            except Exception:  # a handler's own code: it must not stop the loop that serves the others
                log.exception("a cancel callback failed", topic=self.record.topic, offset=self.record.offset)

    def emit(self, message: Outgoing) -> None:
        """Write a message as part of the handling; MessagingError when the handler has returned already."""
        with self._lock:
            if self._open == 0:
                raise MessagingError("emit was called after the handler had returned")
            self._open += 1
        try:
            self._producer.send(message, self._answered)
        except (ValueError, MessagingError):
            self._answered(None)
            raise

    def begin(self) -> None:
        """Start a try: from now on until ``returned`` the handler may emit."""
        self.tries += 1
        self._open = 1
        self._error = None
        self._callbacks = []

    def failed(self, error: MessagingError) -> None:
        """Note that this try can't be acknowledged, whatever the emissions' answers."""
        with self._lock:
            self._error = self._error or error

    def returned(self) -> None:
        """Note that the handler is done; what it emitted may still wait for its answers."""
        self._answered(None)

    def _answered(self, error: MessagingError | None) -> None:
        with self._lock:
            self._error = self._error or error
            self._open -= 1
            settled = self._open == 0
        if settled:
            self._on_settled(self, self._error)
