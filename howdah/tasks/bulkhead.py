"""Bulkheads: how many handlers of a service one resource may occupy. Nobody ever waits for one."""

import threading
from dataclasses import dataclass

from howdah.runtime.clock import Clock

SMOOTHING = 0.2
MIN_DELAY_SECONDS = 0.1
MAX_DELAY_SECONDS = 300.0
"""Thousands may wait for a resource that hangs: each return costs a message, so that they must not be many a second."""
_GOLDEN = 0.618034
_FORGET_ABOVE = 10_000


@dataclass(slots=True)
class _Compartment:
    occupied: int = 0
    seconds: float = 1.0
    """Exponentially weighted time that a handler takes there."""
    next_room_at: float = 0.0
    """When the next one handed back should find room, if all that were handed back come again in turn."""
    spread: float = 0.0


class Bulkhead:
    """Counts the handlers per resource; thread-safe.

    Beyond ``limit`` a command is handed back with a delay that spaces the returns at the resource's own pace: its
    average handling time over the limit, each one handed back after the one before. Who would have to wait longer than
    ``MAX_DELAY_SECONDS`` comes again within that time, spread over its second half.
    """

    def __init__(self, limit: int, clock: Clock) -> None:
        self.limit = limit
        self._clock = clock
        self._lock = threading.Lock()
        self._compartments: dict[str, _Compartment] = {}

    def enter(self, resource: str, limit: int | None = None) -> float | None:
        """Take a place and return None, or return the seconds after which to come again.

        ``limit`` lowers the limit for this resource.
        """
        now = self._clock.monotonic()
        most = self.limit if limit is None else min(limit, self.limit)
        with self._lock:
            place = self._compartments.setdefault(resource, _Compartment())
            if place.occupied < most:
                place.occupied += 1
                return None
            room_at = max(place.next_room_at, now) + place.seconds / most
            if room_at - now > MAX_DELAY_SECONDS:
                place.spread = (place.spread + _GOLDEN) % 1.0
                return MAX_DELAY_SECONDS * (0.5 + place.spread / 2)
            place.next_room_at = room_at
            return max(room_at - now, MIN_DELAY_SECONDS)

    def leave(self, resource: str, seconds: float | None = None) -> None:
        """Give the place back after ``seconds`` of handling; None: it was not used."""
        with self._lock:
            place = self._compartments[resource]
            place.occupied -= 1
            if seconds is not None:
                place.seconds += SMOOTHING * (seconds - place.seconds)
            if len(self._compartments) > _FORGET_ABOVE:
                self._compartments = {name: one for name, one in self._compartments.items() if one.occupied}
