"""Moments of a cron expression in a time zone. Pure.

Five fields (minute, hour, day of month, month, day of week) with lists, ranges, steps, names, ``L``, ``LW`` and ``#``,
as cronsim reads them, which follows Debian's cron. Where clocks change
- a fixed time of day that the clocks jump over is due right after the jump; one that comes twice, the first time;
- where minute or hour begins with ``*``, every moment counts that the wall clock shows: none in the hour that is left
  out, both in the hour that comes twice.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from api_server.dag.problems import FieldProblem

MAX_EXPRESSION: Final = 200
_FIELDS: Final = 5
_SHOWN: Final = "five fields were expected, such as '30 2 * * mon-fri' for 02:30 on workdays"
_RARELY: Final = timedelta(days=366 * 8 + 1)
"""Every date that a calendar has comes within eight years."""


def problems_of(expression: str, time_zone: str, now: datetime) -> list[FieldProblem]:
    """Return what is wrong with a cron expression and a time zone; nothing when ``moments`` can go by them."""
    if time_zone not in available_timezones():
        text = "no time zone of the IANA database has this name; one is called Europe/Berlin, or UTC"
        return [FieldProblem("time_zone", text, time_zone)]
    if len(expression.split()) != _FIELDS:
        return [FieldProblem("cron", _SHOWN, expression)]
    try:
        first = next(moments(expression, time_zone, now), None)
    except CronSimError as error:
        return [FieldProblem("cron", f"{_in_words(str(error))}; {_SHOWN}", expression)]
    if first is None or first - now > _RARELY:
        return [FieldProblem("cron", "no date fits it, so that it would never be due", expression)]
    return []


def moments(expression: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    """Yield the moments later than ``after``, each once and in order, as UTC."""
    latest = after
    for local in CronSim(expression, after.astimezone(ZoneInfo(time_zone))):
        moment = local.astimezone(UTC)
        # Several times of a day may fall to the end of the same jump; before the second of two equal hours the first
        # one's come again.
        if moment > latest:
            yield moment
            latest = moment


def _in_words(told: str) -> str:
    return told.replace("Bad ", "this is no legal ").replace("-", " ").lower()
