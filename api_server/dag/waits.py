"""How long a job would wait in a scheduler's queue, estimated from one look at the queue. Pure.

Jobs of a queue are taken to be as long as the one that is to be placed: with ``running`` of them at a time one ends
every ``duration / running``. That is rough, but the same for all resources that are compared.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from howdah.contracts.looks import QueueReport, QueueState

FRESH_FOR: Final = timedelta(minutes=10)
"""What was seen longer ago says nothing of the queue any more."""
ASKED_EVERY: Final = timedelta(minutes=1)
"""A resource is looked at for the sake of launches at most this often."""
_USUAL_MINUTES: Final = 60


class Seen(NamedTuple):
    """What the latest look that was answered saw, and when; the report is None where it saw nothing."""

    at: datetime
    report: QueueReport | None


class Asked(NamedTuple):
    """What a job needs of the queue."""

    queue: str | None
    cores: int
    minutes: int | None


class Estimate(NamedTuple):
    """``seconds`` is None where nothing can be said; the words say why, or what was seen."""

    seconds: float | None
    words: str
    stopped: str = ""
    """Why the queue starts no job now."""


def estimated(seen: Seen | None, asked: Asked, ours: int, now: datetime) -> Estimate:
    """Return the wait of a job when ``ours`` other runs are on their way to the same place."""
    if seen is None:
        return Estimate(None, "its queues have not been looked at yet")
    age = max(timedelta(), now - seen.at)
    if age > FRESH_FOR:
        return Estimate(None, f"its queues were last seen {_minutes(age.total_seconds())} ago, too long to go by")
    if seen.report is None:
        return Estimate(None, "its queues could not be read")
    queue = _queue(seen.report, asked.queue)
    if queue is None:
        named = f"it lists no queue {asked.queue}" if asked.queue else "no queue was named and it has several"
        return Estimate(None, named)
    if not queue.starts_jobs:
        return Estimate(None, "", stopped=f"its queue {queue.name} starts no jobs at the moment")
    seconds = _wait(queue, asked, max(queue.pending, ours))
    free = "" if queue.free_cores is None else f", {queue.free_cores} cores are free"
    state = f"in its queue {queue.name} {queue.pending} jobs waited and {queue.running} ran{free}"
    wait = "a job starts at once" if seconds == 0 else f"about {_minutes(seconds)} to wait"
    return Estimate(seconds, f"{wait} ({state}, {age.total_seconds():.0f} s ago)")


def _queue(report: QueueReport, name: str | None) -> QueueState | None:
    if name is None:
        return report.queues[0] if len(report.queues) == 1 else None
    return next((queue for queue in report.queues if queue.name == name), None)


def _wait(queue: QueueState, asked: Asked, ahead: int) -> float:
    free = queue.free_cores
    has_room = ahead == 0 if free is None else free >= asked.cores * (ahead + 1)
    if has_room:
        return 0.0
    return (ahead + 1) / max(1, queue.running) * 60 * (asked.minutes or _USUAL_MINUTES)


def _minutes(seconds: float) -> str:
    return f"{max(1, round(seconds / 60))} min"
