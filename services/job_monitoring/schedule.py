"""When which group is asked: few threads, many resources, and none that hangs holds up the others."""

import threading
from dataclasses import dataclass

from howdah.runtime.clock import Clock
from services.job_monitoring.book import Group

GROWTH = 1.25
"""While nothing changes each interval is a quarter longer than the one before: a job's end is noticed within about a
fifth of the time that it ran."""
FIRST_BACK_OFF_SECONDS = 2.0
DUTY = 5.0
"""A resource is left alone for at least this many times as long as its answer took."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a group is asked, between the shortest and the longest interval in seconds."""

    shortest: float
    longest: float

    def after(self, interval: float, *, changed: bool, elapsed: float) -> float:
        """Return the seconds until the next round, after one that took ``elapsed`` and came ``interval`` later."""
        wanted = self.shortest if changed else interval * GROWTH
        return min(max(wanted, DUTY * elapsed, self.shortest), self.longest)

    def after_failures(self, times: int) -> float:
        """Return the seconds until the next round after so many failures in a row: exponential back-off."""
        return min(max(self.shortest, FIRST_BACK_OFF_SECONDS) * 2.0 ** min(times - 1, 10), self.longest)


@dataclass(slots=True)
class _Slot:
    due_at: float
    busy: bool = False
    suspect: bool = False
    """Its last round failed: it may hang again."""
    woken: bool = False


class Schedule:
    """Hands out due groups to the monitor's threads, each to one thread at a time; thread-safe.

    Suspect groups together never occupy more than half of the threads.
    """

    def __init__(self, threads: int, clock: Clock) -> None:
        self._clock = clock
        self._suspects_at_a_time = max(1, threads // 2)
        self._condition = threading.Condition()
        self._slots: dict[Group, _Slot] = {}
        self._closed = False

    def wake(self, group: Group) -> None:
        """Ask about the group now; when it is being asked, once more right after. A suspect one keeps its back-off."""
        with self._condition:
            slot = self._slots.setdefault(group, _Slot(due_at=0.0))
            slot.woken = True
            if not slot.suspect:
                slot.due_at = 0.0
            self._condition.notify()

    def take(self) -> Group | None:
        """Wait for a due group and hand it out; None once closed."""
        with self._condition:
            while not self._closed:
                group, wait_seconds = self._next()
                if group is not None:
                    slot = self._slots[group]
                    slot.busy, slot.woken = True, False
                    return group
                self._condition.wait(wait_seconds)
            return None

    def give_back(self, group: Group, seconds: float, *, suspect: bool) -> None:
        """Ask the group again after so many seconds, or at once if it was woken meanwhile."""
        with self._condition:
            slot = self._slots[group]
            slot.busy, slot.suspect = False, suspect
            slot.due_at = 0.0 if slot.woken and not suspect else self._clock.monotonic() + seconds
            self._condition.notify()

    def drop(self, group: Group) -> None:
        """Forget a group that has no jobs, unless it was woken meanwhile."""
        with self._condition:
            slot = self._slots[group]
            slot.busy = False
            if not slot.woken:
                del self._slots[group]
            self._condition.notify()

    def close(self) -> None:
        """Let every thread go."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _next(self) -> tuple[Group | None, float | None]:
        now = self._clock.monotonic()
        suspects = sum(slot.busy and slot.suspect for slot in self._slots.values())
        eligible = [
            (slot.due_at, group)
            for group, slot in self._slots.items()
            if not slot.busy and not (slot.suspect and suspects >= self._suspects_at_a_time)
        ]
        if not eligible:
            return None, None
        due_at, group = min(eligible, key=lambda one: one[0])
        return (group, 0.0) if due_at <= now else (None, due_at - now)
