"""Which service instances are alive: their heartbeats, kept in the memory of each API process. Nothing is stored."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from howdah.contracts import topics
from howdah.contracts.codec import HEARTBEATS
from howdah.contracts.heartbeats import Heartbeat
from howdah.messaging.abstract import Messaging, Record
from howdah.runtime.clock import Clock

SILENT_AFTER: Final = timedelta(seconds=30)
"""Several heartbeats missed: taken for dead."""
FORGOTTEN_AFTER: Final = timedelta(minutes=15)
MAX_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Instance:
    """The last that was heard of an instance."""

    heartbeat: Heartbeat
    heard_at: datetime
    alive: bool

    @property
    def outlook(self) -> str:
        """What comes next, in one sentence."""
        if self.heartbeat.stopping:
            return "It finishes what it has in hand and ends." if self.alive else "It has ended."
        if not self.alive:
            return "Not heard of lately: what it had in hand is delivered to another instance."
        return f"It handles {self.heartbeat.in_flight} tasks." if self.heartbeat.in_flight else "It waits for tasks."


class ServiceInstances:
    """Listens to heartbeats from ``start`` to ``close``. Safe to share among threads."""

    def __init__(self, messaging: Messaging, clock: Clock) -> None:
        self._messaging = messaging
        self._clock = clock
        self._lock = threading.Lock()
        self._heard: dict[str, tuple[Heartbeat, datetime]] = {}

    def start(self) -> None:
        """Begin to listen; that ends with the messaging."""
        self._messaging.broadcast(topics.HEARTBEATS.name, self.hear).start()

    def hear(self, record: Record) -> None:
        """Take a heartbeat in; ContractError, for the dead letters, when it is none."""
        heartbeat = HEARTBEATS.decode(record.value)
        now = self._clock.now()
        with self._lock:
            self._heard[heartbeat.instance_id] = (heartbeat, now)
            if len(self._heard) > MAX_KEPT:
                self._forget(now)

    def list(self) -> list[Instance]:
        """Return the instances heard of lately, by service, the newest of each first."""
        now = self._clock.now()
        with self._lock:
            self._forget(now)
            heard = list(self._heard.values())
        heard.sort(key=lambda one: (one[0].service, -one[0].started_at.timestamp()))
        return [Instance(heartbeat, at, alive=now - at < SILENT_AFTER) for heartbeat, at in heard]

    def _forget(self, now: datetime) -> None:
        self._heard = {
            key: (heartbeat, at) for key, (heartbeat, at) in self._heard.items() if now - at < FORGOTTEN_AFTER
        }
