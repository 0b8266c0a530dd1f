"""Waiting for many acknowledgements at once."""

import threading
from collections.abc import Iterable
from functools import partial

from howdah.messaging.abstract import DeliveryError, MessagingError, Outgoing, Producer

_NAMED = 3


class _Acknowledgements:
    """Counts the broker's answers to a set of messages."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 1
        self._failed: list[str] = []
        self._done = threading.Event()

    def expect(self) -> None:
        with self._lock:
            self._open += 1

    def answered(self, message: Outgoing, error: MessagingError | None) -> None:
        with self._lock:
            if error is not None:
                self._failed.append(f"key {message.key!r}: {error}")
        self.close()

    def close(self) -> None:
        """Take away the one that stands for "more may come"."""
        with self._lock:
            self._open -= 1
            if self._open == 0:
                self._done.set()

    def wait(self, timeout_seconds: float) -> None:
        answered = self._done.wait(timeout_seconds)
        with self._lock:
            if self._failed:
                named = "; ".join(self._failed[:_NAMED])
                raise DeliveryError(f"{len(self._failed)} messages were not acknowledged: {named}")
            if not answered:
                raise DeliveryError(f"{self._open} messages were not acknowledged within {timeout_seconds:g} s")


def gather_acknowledgements(producer: Producer, messages: Iterable[Outgoing], timeout_seconds: float) -> None:
    """Send ``messages`` and return when every one is acknowledged; DeliveryError says which was not."""
    answers = _Acknowledgements()
    for message in messages:
        answers.expect()
        producer.send(message, partial(answers.answered, message))
    answers.close()
    answers.wait(timeout_seconds)
