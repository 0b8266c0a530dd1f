"""Bulkheads: how many handlers of a service one resource may occupy. Nobody ever waits for one."""

import threading
from dataclasses import dataclass

from howdah.runtime.clock import Clock

SMOOTHING = 0.2
MIN_DELAY_SECONDS = 0.1
MAX_DELAY_SECONDS = 60.0
_FORGET_ABOVE = 10_000


@dataclass(slots=True)
class _Compartment:
    occupied: int = 0
    seconds: float = 1.0
    """Exponentially weighted time that a handler takes there."""
    next_room_at: float = 0.0
    """When the next one handed back should find room, if all that were handed back come again in turn."""


class Bulkhead:
    """Counts the handlers per resource; thread-safe.

    Beyond ``limit`` a command is handed back with a delay that spaces the returns at the resource's own pace: its
    average handling time over the limit, each one handed back after the one before.
    """

    def __init__(self, limit: int, clock: Clock) -> None:
        self.limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._compartments: dict[str, _Compartment] = {}

    def enter(self, resource: str) -> float | None:
        """Take a place and return None, or return the seconds after which to come again."""
        now = self._clock.monotonic()
        with self._lock:
            place = self._compartments.setdefault(resource, _Compartment())
            if place.occupied < self.limit:
                place.occupied += 1
                return None
            pace = place.seconds / self.limit
            place.next_room_at = min(max(place.next_room_at, now) + pace, now + MAX_DELAY_SECONDS)
            return max(place.next_room_at - now, MIN_DELAY_SECONDS)

    def leave(self, resource: str, seconds: float) -> None:
        """Give the place back after ``seconds`` of handling."""
        with self._lock:
            place = self._compartments[resource]
            place.occupied -= 1
            place.seconds += SMOOTHING * (seconds - place.seconds)
            if len(self._compartments) > _FORGET_ABOVE:
                self._compartments = {name: one for name, one in self._compartments.items() if one.occupied}
