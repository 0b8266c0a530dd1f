"""What a schedule does when its moment has come, or has passed unseen. Pure.

The rules
- A moment that is handled at most a minute late is on time. Any earlier one was missed (nothing ran that could have
  handled it): ``skip`` runs none of these, ``one`` runs the latest, ``all`` the latest ``catch_up_limit``.
- While an experiment of the schedule has not ended, ``allow`` starts the next beside it, ``skip`` leaves it out,
  ``wait`` lets it wait for the end (at most ``catch_up_limit`` of them), ``cancel`` asks the running one to stop and
  starts the next.
- Whatever is left out is told, with the reason and how many moments that were.
"""

from collections import deque
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Final

from api_server.dag.cron import moments

ON_TIME: Final = timedelta(minutes=1)
MOST_AT_ONCE: Final = 100
"""The highest ``catch_up_limit``."""
_COUNTED: Final = 50_000
_COUNTED_BACK: Final = timedelta(days=31)
"""Of more missed moments than are counted, only those of the latest days are looked at."""
_INSTANT: Final = timedelta(microseconds=1)


class CatchUp(StrEnum):
    """What becomes of missed moments."""

    SKIP = "skip"
    ONE = "one"
    ALL = "all"


class Overlap(StrEnum):
    """What becomes of a moment that comes while an earlier run goes on."""

    ALLOW = "allow"
    SKIP = "skip"
    WAIT = "wait"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Rule:
    """When a schedule is due, and its policies."""

    cron: str
    time_zone: str
    catch_up: CatchUp = CatchUp.ONE
    catch_up_limit: int = 10
    overlap: Overlap = Overlap.WAIT

    def next_after(self, at: datetime) -> datetime | None:
        """Return the first moment later than ``at``; None when there is none."""
        return next(moments(self.cron, self.time_zone, at), None)

    def upcoming(self, at: datetime, count: int) -> list[datetime]:
        """Return the ``count`` moments that follow ``at``."""
        return list(islice(moments(self.cron, self.time_zone, at), count))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Moments that are not run: the latest of them, how many, and why."""

    due_at: datetime
    number: int
    reason: str


@dataclass(slots=True)
class Turn:
    """What a schedule does now."""

    launched: list[datetime] = field(default_factory=list)
    """The moments whose experiments are launched, in order; among them such as have waited."""
    waiting: list[datetime] = field(default_factory=list)
    """Those that wait from now on."""
    left_out: list[LeftOut] = field(default_factory=list)
    cancels: bool = False
    """Whether what runs is asked to stop."""
    next_at: datetime | None = None

    def moments(self) -> set[datetime]:
        """Return all the moments that something is decided about."""
        return {*self.launched, *self.waiting, *(one.due_at for one in self.left_out)}

    def forget(self, handled: Container[datetime]) -> None:
        """Leave alone what has had its turn before."""
        self.launched = [at for at in self.launched if at not in handled]
        self.waiting = [at for at in self.waiting if at not in handled]
        self.left_out = [one for one in self.left_out if one.due_at not in handled]


def take_turn(rule: Rule, since: datetime | None, now: datetime, *, live: bool, waiting: Sequence[datetime]) -> Turn:
    """Decide.

    Args:
        rule: the schedule's.
        since: its first moment that was not handled; None when there is no further one.
        now: this instant.
        live: whether an experiment of the schedule has not ended.
        waiting: the moments that wait for that end, in order.
    """
    turn = Turn(next_at=since)
    due: list[datetime] = []
    if since is not None and since <= now:
        due = _caught_up(rule, turn, _Due(rule, since, now))
        turn.next_at = rule.next_after(now)
    match rule.overlap:
        case Overlap.ALLOW:
            turn.launched = [*waiting, *due]
        case Overlap.SKIP:
            _skip(turn, [*waiting, *due], live=live)
        case Overlap.WAIT:
            _wait(rule, turn, due, live=live, waiting=waiting)
        case Overlap.CANCEL:
            _cancel(turn, [*waiting, *due], live=live)
    return turn


class _Due:
    """The moments from ``since`` to ``now``: the latest ones, and how many there were."""

    def __init__(self, rule: Rule, since: datetime, now: datetime) -> None:
        self.now = now
        self.first = since
        self.number = 0
        self.latest: deque[datetime] = deque(maxlen=MOST_AT_ONCE + 1)
        self._take(islice(self._until_now(rule, since), _COUNTED))
        if self.number == _COUNTED:
            self.number = 0
            self.first = now - _COUNTED_BACK
            self._take(self._until_now(rule, self.first))

    def _until_now(self, rule: Rule, since: datetime) -> Iterator[datetime]:
        for moment in moments(rule.cron, rule.time_zone, since - _INSTANT):
            if moment > self.now:
                return
            yield moment

    def _take(self, found: Iterable[datetime]) -> None:
        for moment in found:
            self.latest.append(moment)
            self.number += 1


def _caught_up(rule: Rule, turn: Turn, due: _Due) -> list[datetime]:
    """Return the moments that are run, and say what becomes of the others."""
    on_time = [moment for moment in due.latest if due.now - moment <= ON_TIME]
    match rule.catch_up:
        case CatchUp.SKIP:
            chosen = on_time
        case CatchUp.ONE:
            chosen = list(due.latest)[-1:]
        case CatchUp.ALL:
            chosen = list(due.latest)[-max(rule.catch_up_limit, len(on_time)) :]
    missed = due.number - len(chosen)
    if missed:
        last = next(moment for moment in reversed(due.latest) if moment not in chosen)
        turn.left_out.append(LeftOut(last, missed, _why_missed(rule, missed, due.first, last)))
    return chosen


def _why_missed(rule: Rule, number: int, first: datetime, last: datetime) -> str:
    limit = f" {rule.catch_up_limit}" if rule.catch_up is CatchUp.ALL else ""
    span = f"{_moment(last)} was" if number == 1 else f"{number} moments from {_moment(first)} to {_moment(last)} were"
    return f"{span} missed while no orchestrator worked; catch_up is {rule.catch_up.value}{limit}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _skip(turn: Turn, line: Sequence[datetime], *, live: bool) -> None:
    turn.launched = [] if live else list(line[:1])
    rest = line[len(turn.launched) :]
    turn.left_out += [LeftOut(at, 1, "an earlier run had not ended; overlap is skip") for at in rest]


def _wait(rule: Rule, turn: Turn, due: Sequence[datetime], *, live: bool, waiting: Sequence[datetime]) -> None:
    line = [*waiting, *due]
    if line and not live:
        turn.launched = [line.pop(0)]
    turn.waiting = [at for at in line[: rule.catch_up_limit] if at not in waiting]
    reason = f"an earlier run had not ended and {rule.catch_up_limit} waited already"
    turn.left_out += [LeftOut(at, 1, reason) for at in line[rule.catch_up_limit :] if at not in waiting]


def _cancel(turn: Turn, line: Sequence[datetime], *, live: bool) -> None:
    turn.launched = list(line[-1:])
    turn.cancels = live and bool(turn.launched)
    turn.left_out += [LeftOut(at, 1, "overtaken by the next; overlap is cancel") for at in line[:-1]]
