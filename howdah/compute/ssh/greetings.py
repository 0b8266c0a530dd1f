"""Whether a host that closes a connection before its banner has too many of them, or lets nobody in at all.

sshd at its limit (MaxStartups), a host that blocks an address and a host whose sshd is stuck look the same from one
connection. They differ in whether others get through meanwhile, so that is what is remembered.
"""

import threading
from collections import defaultdict, deque
from typing import Final

ENOUGH: Final = 3
"""So many closed connections in a row, of all that this process opens there: as many as one attempt makes."""


class Greetings:
    """What became of the latest connections to each host; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, deque[bool]] = defaultdict(lambda: deque(maxlen=ENOUGH))

    def heard(self, place: str) -> None:
        """Note that the sshd at ``place`` (host and port) said something."""
        with self._lock:
            self._latest[place].append(True)

    def refused(self, place: str) -> None:
        """Note that it closed a connection before it said anything."""
        with self._lock:
            self._latest[place].append(False)

    def lets_somebody_in(self, place: str) -> bool:
        """Tell whether any of the latest connections got through."""
        with self._lock:
            return any(self._latest[place])
