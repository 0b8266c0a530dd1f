"""Tells the services which lanes are paused, as the rows that the API server writes say. Decides nothing.

Run under a lease: one replica writes ``howdah.resources``. Everything is told at the beginning and once more every half
minute, in case a message was overtaken by an earlier one.
"""

from typing import Final

from sqlalchemy.orm import Session

from api_server.registry.engine import asking
from api_server.registry.repositories import lanes
from api_server.registry.repositories.rows import Row
from api_server.registry.unit_of_work import Registry
from howdah.contracts import codec, topics
from howdah.contracts.lanes import LaneControl
from howdah.messaging.abstract import Outgoing
from howdah.runtime.clock import Clock

_AGAIN_SECONDS: Final = 30.0


class LaneTeller:
    """Used by one thread."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._asking = asking(registry.engine)
        self._clock = clock
        self._told: list[Row] = []
        self._told_at = clock.monotonic() - _AGAIN_SECONDS

    def step(self) -> None:
        """Tell what changed since the last time."""
        mono = self._clock.monotonic()
        known = [] if mono - self._told_at >= _AGAIN_SECONDS else self._told
        with Session(self._asking) as session:
            rows = lanes.controls(session)
        if news := [row for row in rows if row not in known]:
            with self._registry.transaction() as work:
                work.enqueue(*map(self._message, news))
        if known is not self._told:
            self._told_at = mono
        self._told = rows

    def _message(self, row: Row) -> Outgoing:
        told = LaneControl(at=self._clock.now(), **row)
        return Outgoing(topics.RESOURCES.name, codec.encode(told), key=told.key().encode())
