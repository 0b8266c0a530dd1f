"""How many sessions one SSH connection carries at a time: as many as the host lets us have."""

import threading

from howdah.compute.operation import Operation

_START = 4
_RAISE_AFTER = 200
"""A halved limit is raised by one after this many sessions without a refusal."""


class SessionGate:
    """A semaphore whose limit is halved when the host refuses a session and creeps up again while it does not."""

    def __init__(self, limit: int = _START) -> None:
        self._ceiling = limit
        self._limit = limit
        self._held = 0
        self._granted = 0
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """How many may pass at a time now."""
        return self._limit

    def enter(self, operation: Operation) -> None:
        """Wait for a place; the operation's time-out and cancel signal hold."""
        with self._changed:
            while self._held >= self._limit:
                operation.check()
                self._changed.wait(0.1)
            self._held += 1

    def leave(self) -> None:
        """Give the place back."""
        with self._changed:
            self._held -= 1
            self._changed.notify()

    def granted(self) -> None:
        """The host gave the session."""
        with self._changed:
            self._granted += 1
            if self._granted >= _RAISE_AFTER and self._limit < self._ceiling:
                self._limit, self._granted = self._limit + 1, 0
                self._changed.notify()

    def refused(self) -> None:
        """The host gave none: halve the limit."""
        with self._changed:
            self._limit, self._granted = max(1, self._limit // 2), 0
