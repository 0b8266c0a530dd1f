"""When the start of an attempt is told: with its outcome if that follows at once, else by itself a moment later.

Two messages and two rows of history for something that was over in a millisecond would cost more than the work.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from howdah.contracts.messages import Start
from howdah.messaging.abstract import MessagingError
from howdah.runtime.clock import Clock

log = structlog.get_logger(__name__)

HOLD_SECONDS: Final = 0.02
"""Nobody who watches notices that a start is told this much later."""


class UntoldStart:
    """A start that is told exactly once: alone by ``tell``, or by whoever could ``take`` it. Thread-safe."""

    __slots__ = ("_lock", "_start", "_tell")

    def __init__(self, start: Start, tell: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._start: Start | None = start
        self._tell = tell

    def take(self) -> Start | None:
        """Return the start, to be told with something else; None when it was told or taken already."""
        with self._lock:
            start, self._start = self._start, None
            return start

    def tell(self) -> None:
        """Tell it now, unless that is done. MessagingError when it can't be told: it is still untold then."""
        with self._lock:
            if self._start is not None:
                self._tell()
                self._start = None


class Starts:
    """Tells the starts it is given after ``HOLD_SECONDS``, on a thread of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: deque[tuple[float, UntoldStart]] = deque()
        self._some = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="starts", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop; what is still held is told by its attempt's outcome."""
        self._closed.set()
        self._some.set()

    def hold(self, start: UntoldStart) -> None:
        """Tell ``start`` a moment later, if nobody has taken it by then."""
        self._held.append((self._clock.monotonic() + HOLD_SECONDS, start))
        if not self._some.is_set():
            self._some.set()

    def _run(self) -> None:
        while True:
            self._some.wait()
            self._clock.wait(self._closed, HOLD_SECONDS)
            if self._closed.is_set():
                return
            self._some.clear()
            self._tell_due()
            if self._held:
                self._some.set()

    def _tell_due(self) -> None:
        now = self._clock.monotonic()
        while self._held and self._held[0][0] <= now:
            try:
                self._held.popleft()[1].tell()
            except MessagingError as error:
                log.warning("a start is left to the outcome", error=str(error))
