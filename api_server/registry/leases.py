"""One writer for each loop that must have but one: whoever holds the lease row. Another takes over when it runs out."""

from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api_server.registry.repositories import leases
from howdah.runtime.clock import Clock, SystemClock

LEASE_SECONDS: Final = 6.0


class LeaseHolder:
    """One replica as a holder of leases. ``name`` tells it apart from all others.

    A lease in hand is renewed when half of its time is over: until then ``hold`` asks nobody, since a renewal is a
    commit, and loops ask several times a second.
    """

    def __init__(self, engine: Engine, name: str, seconds: float = LEASE_SECONDS, clock: Clock | None = None) -> None:
        self._engine = engine
        self.name = name
        self._seconds = seconds
        self._clock = clock or SystemClock()
        self._taken: dict[str, tuple[float, datetime]] = {}
        """When each lease in hand was asked for, by both clocks: the monotonic one stands still while a laptop sleeps,
        the other one is set now and then."""

    def hold(self, lease: str) -> bool:
        """Take or renew the lease; return whether it is ours for at least half of ``seconds`` from now."""
        if self._is_fresh(lease):
            return True
        asked = (self._clock.monotonic(), self._clock.now())
        self._taken.pop(lease, None)
        with Session(self._engine) as session, session.begin():
            is_ours = leases.acquire(session, lease, self.name, self._seconds)
        if is_ours:
            self._taken[lease] = asked
        return is_ours

    def release(self, lease: str) -> None:
        """Let another take over at once."""
        self._taken.pop(lease, None)
        with Session(self._engine) as session, session.begin():
            leases.release(session, lease, self.name)

    def _is_fresh(self, lease: str) -> bool:
        if (taken := self._taken.get(lease)) is None:
            return False
        elapsed = self._clock.monotonic() - taken[0]
        by_the_wall = (self._clock.now() - taken[1]).total_seconds()
        return elapsed < self._seconds / 2 and 0 <= by_the_wall < self._seconds / 2
