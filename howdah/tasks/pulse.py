"""The small regular duties of a process, on one thread."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from howdah.runtime.clock import Clock

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Duty:
    every_seconds: float
    act: Callable[[], None]
    due_at: float = field(default=0.0)


class Pulse:
    """Calls each duty in its rhythm until closed. Duties are quick; one that raises ends the process's readiness."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._duties: list[_Duty] = []
        self._closed = threading.Event()
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def add(self, every_seconds: float, act: Callable[[], None]) -> None:
        """Call ``act`` every so many seconds, the first time at once; before ``start`` only."""
        self._duties.append(_Duty(every_seconds, act))

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and wait for the duty at hand."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def trouble(self) -> str | None:
        """Return None while all is well, else a sentence."""
        return self._trouble

    def _run(self) -> None:
        while not self._closed.is_set():
            now = self._clock.monotonic()
            for duty in self._duties:
                if duty.due_at <= now:
                    self._perform(duty)
                    duty.due_at = now + duty.every_seconds
            self._clock.wait(self._closed, max(min(duty.due_at for duty in self._duties) - now, 0.01))

    def _perform(self, duty: _Duty) -> None:
        try:
            duty.act()
            self._trouble = None
        except Exception as error:
            log.exception("a regular duty failed")
            self._trouble = f"a regular duty failed with {type(error).__name__}"
