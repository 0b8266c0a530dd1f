"""The cancel token: how a handler learns that it should stop, and why."""

import threading
from collections.abc import Callable
from enum import StrEnum

from howdah.contracts.errors import HowdahError


class StopReason(StrEnum):
    """Why a handler should stop."""

    PROCESS_CANCELED = "process canceled"
    """Somebody canceled the experiment: what the handler began is to be undone or stopped."""
    DEADLINE = "deadline passed"
    """The attempt took longer than the task may take."""
    REVOKED = "delivery revoked"
    """The partition moves to another replica, or this one shuts down: the same command is delivered again."""


class StoppedError(HowdahError):
    """Raised by ``CancelToken.check`` in a handler that was told to stop; a handler lets it pass."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(f"stopped: {reason.value}")
        self.reason = reason


class CancelToken:
    """Set once, from any thread; the first reason stays.

    A handler that works in steps calls ``check()`` between them, one that waits uses ``wait()`` in place of a sleep,
    and one that is blocked in somebody else's call registers with ``on_stop`` what ends that call.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._reason: StopReason | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def reason(self) -> StopReason | None:
        """Why to stop; None while the work should go on."""
        return self._reason

    @property
    def stopped(self) -> bool:
        """Whether the handler should stop."""
        return self._reason is not None

    def is_set(self) -> bool:
        """Tell whether the handler should stop (the name by which ``howdah.compute`` asks)."""
        return self._reason is not None

    def check(self) -> None:
        """Raise StoppedError when the handler should stop."""
        if self._reason is not None:
            raise StoppedError(self._reason)

    def wait(self, seconds: float) -> bool:
        """Wait for the time or the stop, whichever comes first; return whether to stop."""
        return self._event.wait(max(seconds, 0.0))

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the token is set, at once if it is. It must be quick and must not raise."""
        with self._lock:
            if self._reason is None:
                self._callbacks.append(callback)
                return
        callback()

    def stop(self, reason: StopReason) -> None:
        """Set the token, unless it is."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            callbacks, self._callbacks = self._callbacks, []
        self._event.set()
        for callback in callbacks:
            callback()
