"""How many sessions one SSH connection carries at a time: as many as the host lets us have."""

import threading
from collections import deque

from howdah.compute.operation import Operation

_START = 4
_RAISE_AFTER = 200
"""A halved limit is raised by one after this many sessions without a refusal."""


class SessionGate:
    """A semaphore in order of arrival, whose limit is halved when the host refuses a session and creeps up again while
    it does not.

    The order matters: a place given back goes to who waits longest, or a busy thread takes it again and again.
    """

    def __init__(self, limit: int = _START) -> None:
        self._ceiling = limit
        self._limit = limit
        self._held = 0
        self._granted = 0
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        """How many may pass at a time now."""
        return self._limit

    def enter(self, operation: Operation) -> None:
        """Wait for a place; the operation's time-out and cancel signal hold."""
        turn = threading.Event()
        with self._lock:
            self._waiting.append(turn)
            self._let_in()
        try:
            while not turn.wait(0.1):
                operation.check()
        except BaseException:
            self._give_up(turn)
            raise

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self._held -= 1
            self._let_in()

    def granted(self) -> None:
        """The host gave the session."""
        with self._lock:
            self._granted += 1
            if self._granted >= _RAISE_AFTER and self._limit < self._ceiling:
                self._limit, self._granted = self._limit + 1, 0
                self._let_in()

    def refused(self) -> None:
        """The host gave none: halve the limit."""
        with self._lock:
            self._limit, self._granted = max(1, self._limit // 2), 0

    def _let_in(self) -> None:
        """Let in who waits longest, as far as there is room; the lock is held."""
        while self._waiting and self._held < self._limit:
            self._held += 1
            self._waiting.popleft().set()

    def _give_up(self, turn: threading.Event) -> None:
        with self._lock:
            if turn.is_set():
                self._held -= 1
                self._let_in()
            else:
                self._waiting.remove(turn)
