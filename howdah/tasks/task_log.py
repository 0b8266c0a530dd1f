"""Lines that handlers write for their users: batched, bounded, on the logs topic. A lost line loses no task."""

import threading

from howdah.contracts.messages import MAX_LOG_LINES, LogLine, TaskLogged
from howdah.messaging.abstract import Producer
from howdah.runtime.clock import Clock
from howdah.tasks.events import EventsOf, outgoing

MAX_LINE = 4_000
MAX_LINES_AN_ATTEMPT = 20_000
MAX_BATCH_CHARACTERS = 100_000
"""Far below a message's limit, even where every character takes six bytes."""


class TaskLog:
    """The lines of one attempt; thread-safe."""

    def __init__(self, events: EventsOf, producer: Producer, clock: Clock, opened: "OpenLogs") -> None:
        self._events = events
        self._opened = opened
        self._producer = producer
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: list[LogLine] = []
        self._characters = 0
        self._written = 0
        self._batches = 0

    def write(self, text: str) -> None:
        """Add a line (over-long ones are cut). Past 20,000 lines one says so and the rest are dropped."""
        with self._lock:
            self._written += 1
            if self._written == 1:
                self._opened.add(self)
            if self._written > MAX_LINES_AN_ATTEMPT + 1:
                return
            if self._written == MAX_LINES_AN_ATTEMPT + 1:
                text = f"more than {MAX_LINES_AN_ATTEMPT} lines in one attempt: the rest is not kept"
            self._lines.append(LogLine(at=self._clock.now(), text=text[:MAX_LINE]))
            self._characters += min(len(text), MAX_LINE)
            if len(self._lines) >= MAX_LOG_LINES or self._characters >= MAX_BATCH_CHARACTERS:
                self._send()

    def flush(self) -> None:
        """Send what is waiting."""
        with self._lock:
            self._send()

    def close(self) -> None:
        """Send the last lines."""
        if self._written:
            self._opened.discard(self)
            self.flush()

    def _send(self) -> None:
        if not self._lines:
            return
        event = self._events.make(TaskLogged, self._batches, lines=tuple(self._lines))
        self._producer.send(outgoing(event))
        self._batches += 1
        self._lines.clear()
        self._characters = 0


class OpenLogs:
    """The logs of the attempts that are running, so that a quiet handler's lines are seen soon."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[TaskLog] = set()

    def add(self, log: TaskLog) -> None:
        """Flush ``log`` from now on."""
        with self._lock:
            self._open.add(log)

    def discard(self, log: TaskLog) -> None:
        """Flush it no longer."""
        with self._lock:
            self._open.discard(log)

    def flush(self) -> None:
        """Send the lines of all."""
        with self._lock:
            logs = list(self._open)
        for log in logs:
            log.flush()
