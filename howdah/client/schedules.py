"""Schedules: experiments that start by themselves."""

from collections.abc import Iterator
from datetime import datetime

from howdah.client.collections import VersionedCollection
from howdah.client.connection import Connection
from howdah.client.models import Answer, Object, Versioned

_PATH = "/schedules"


class ScheduleRun(Answer):
    """What became of a moment: launched, waiting, left-out or refused; it stands for ``number`` moments."""

    due_at: datetime
    outcome: str
    number: int = 1
    reason: str = ""
    experiment_id: str | None = None
    created_at: datetime


class Schedule(Versioned):
    """A schedule with its next moments."""

    name: str
    owner: str
    cron: str
    time_zone: str
    catch_up: str
    catch_up_limit: int
    overlap: str
    experiment: Object
    paused: bool
    next_at: datetime | None = None
    next_runs: tuple[datetime, ...] = ()
    last_run: ScheduleRun | None = None
    description: str = ""


class _Preview(Answer):
    next_runs: list[datetime]


class ScheduleCalls(VersionedCollection[Schedule]):
    """Schedules of the gateway; only the owner of one and administrators change it (ForbiddenError)."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, _PATH, Schedule)

    def pause(self, schedule_id: str) -> Schedule:
        """Launch nothing more until it is resumed."""
        return self._connection.post(f"{_PATH}/{schedule_id}/pause", {}, Schedule)

    def resume(self, schedule_id: str) -> Schedule:
        """Go on with the next moment."""
        return self._connection.post(f"{_PATH}/{schedule_id}/resume", {}, Schedule)

    def runs(self, schedule_id: str) -> Iterator[ScheduleRun]:
        """Yield what became of its moments, latest first."""
        return self._connection.pages(f"{_PATH}/{schedule_id}/runs", ScheduleRun)

    def preview(self, cron: str, time_zone: str = "UTC", count: int = 10) -> list[datetime]:
        """Return when a cron expression would be due next; InvalidRequestError says what is wrong with it."""
        body = {"cron": cron, "time_zone": time_zone, "count": count}
        return self._connection.post(f"{_PATH}:preview", body, _Preview).next_runs
