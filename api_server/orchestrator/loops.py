"""The loops beside the event loop: each on a thread of its own, under its lease; an outage only delays it."""

import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api_server.registry.leases import LeaseHolder
from howdah.messaging.abstract import MessagingError
from howdah.runtime.clock import Clock

log = structlog.get_logger(__name__)

_AFTER_ERROR_SECONDS = 1.0


class LeasedLoop:
    """Does ``step`` every ``period_seconds`` while this replica holds the lease of that name; always without leases."""

    def __init__(
        self, name: str, step: Callable[[], object], period_seconds: float, leases: LeaseHolder | None, clock: Clock
    ) -> None:
        self.name = name
        self._step = step
        self._period_seconds = period_seconds
        self._leases = leases
        self._clock = clock
        self._trouble: str | None = None

    def trouble(self) -> str | None:
        """Return None while all is well, else a sentence."""
        return self._trouble

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set, then let another replica take over."""
        wait = 0.0
        while not self._clock.wait(stop, wait):
            wait = self._turn()
        try:
            if self._leases is not None:
                self._leases.release(self.name)
        except SQLAlchemyError as error:
            log.warning("the lease runs out by itself", lease=self.name, error=str(error).partition("\n")[0])

    def _turn(self) -> float:
        try:
            if self._leases is None or self._leases.hold(self.name):
                self._step()
        except (SQLAlchemyError, MessagingError) as error:
            self._trouble = f"{self.name}: {str(error).partition(chr(10))[0]}"
            log.warning("loop will go on later", loop=self.name, error=self._trouble)
            return max(self._period_seconds, _AFTER_ERROR_SECONDS)
        self._trouble = None
        return self._period_seconds
