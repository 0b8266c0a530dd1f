"""Whose job goes next: quotas of live jobs and maintenance windows, in fair order. Pure.

The rules
- A job starts when every quota that covers it has room, and when its wall time does not reach into a maintenance window
  of its resource. A job without a wall time counts with its queue's limit, else with a day.
- A job of higher priority goes before one of lower. Within a priority the line is fair by user: the next place goes to
  whoever has the fewest jobs, first come first served for each.
- Nothing is rejected. What waits has a place in line and the reason in words.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Final

DAY_IN_MINUTES: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Place:
    """What quotas count by."""

    gateway_id: str
    resource_id: str
    queue: str | None
    owner: str


@dataclass(frozen=True, slots=True)
class Quota:
    """At most so many live jobs of a gateway, narrowed by what is not None."""

    id: str
    gateway_id: str
    name: str
    max_live_jobs: int
    resource_id: str | None = None
    queue: str | None = None
    owner: str | None = None
    each_user: bool = False
    """Counted for each user apart."""

    def covers(self, place: Place) -> bool:
        """Tell whether a job there counts."""
        return self.gateway_id == place.gateway_id and all(
            wanted is None or wanted == found
            for wanted, found in (
                (self.resource_id, place.resource_id),
                (self.queue, place.queue),
                (self.owner, place.owner),
            )
        )

    def account(self, place: Place) -> tuple[str, str]:
        """Return what a job there is counted under."""
        return self.id, place.owner if self.each_user else ""


@dataclass(frozen=True, slots=True)
class Window:
    """When a resource is to be empty."""

    resource_id: str
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that asks to be started."""

    task_id: str
    place: Place
    resource_name: str
    wall_time_minutes: int | None
    """As it asks for, else as its queue allows."""
    asked_at: datetime
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """Why a job waits; ``position`` is None where it is not a matter of its turn."""

    reason: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What is started now, in order, and what waits, and why."""

    granted: tuple[str, ...]
    held: Mapping[str, Held]


def take_turns(
    waiting: Sequence[Waiting],
    live: Mapping[Place, int],
    quotas: Sequence[Quota],
    windows: Sequence[Window],
    now: datetime,
) -> Turn:
    """Decide who goes next, given how many jobs are live where."""
    used = _used(live, quotas)
    granted: list[str] = []
    held: dict[str, Held] = {}
    lines: Counter[tuple[str, str]] = Counter()
    for job in _in_fair_order(waiting, live):
        if (window := _reached(job, windows, now)) is not None:
            held[job.task_id] = Held(_drained(job, window))
            continue
        covering = [quota for quota in quotas if quota.covers(job.place)]
        full = next((one for one in covering if used[one.account(job.place)] >= one.max_live_jobs), None)
        if full is None:
            granted.append(job.task_id)
            used.update(one.account(job.place) for one in covering)
            continue
        account = full.account(job.place)
        lines[account] += 1
        held[job.task_id] = Held(_full(job, full, used[account]), lines[account])
    return Turn(tuple(granted), held)


def ordinal(number: int) -> str:
    """Return the number as a place in line: 1st, 2nd, 3rd, 4th, 11th."""
    teens = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _used(live: Mapping[Place, int], quotas: Sequence[Quota]) -> Counter[tuple[str, str]]:
    used: Counter[tuple[str, str]] = Counter()
    for place, count in live.items():
        for quota in quotas:
            if quota.covers(place):
                used[quota.account(place)] += count
    return used


def _in_fair_order(waiting: Sequence[Waiting], live: Mapping[Place, int]) -> Iterable[Waiting]:
    """Yield by priority, and those of one priority in turns; loads count those yielded before."""
    loads: Counter[tuple[str, str]] = Counter()
    for place, count in live.items():
        loads[place.gateway_id, place.owner] += count
    of_priority: dict[int, list[Waiting]] = defaultdict(list)
    for job in waiting:
        of_priority[job.priority].append(job)
    for priority in sorted(of_priority, reverse=True):
        yield from _in_turns(of_priority[priority], loads)


def _in_turns(waiting: Sequence[Waiting], loads: Counter[tuple[str, str]]) -> Iterable[Waiting]:
    """Yield by turns: always the longest waiting job of whoever has the fewest; ``loads`` grows by it."""
    of_user: dict[tuple[str, str], deque[Waiting]] = defaultdict(deque)
    for job in sorted(waiting, key=lambda job: (job.asked_at, job.task_id)):
        of_user[job.place.gateway_id, job.place.owner].append(job)
    heap = [(loads[user], jobs[0].asked_at, user) for user, jobs in of_user.items()]
    heapify(heap)
    while heap:
        _, _, user = heappop(heap)
        jobs = of_user[user]
        loads[user] += 1
        yield jobs.popleft()
        if jobs:
            heappush(heap, (loads[user], jobs[0].asked_at, user))


def _reached(job: Waiting, windows: Sequence[Window], now: datetime) -> Window | None:
    minutes = DAY_IN_MINUTES if job.wall_time_minutes is None else job.wall_time_minutes
    ends = now + timedelta(minutes=minutes)
    reached = (
        window
        for window in windows
        if window.resource_id == job.place.resource_id and window.starts_at < ends and now < window.ends_at
    )
    return min(reached, key=lambda window: window.starts_at, default=None)


def _drained(job: Waiting, window: Window) -> str:
    why = f" ({window.reason})" if window.reason else ""
    span = f"from {window.starts_at:%Y-%m-%d %H:%M} to {window.ends_at:%Y-%m-%d %H:%M} UTC"
    known = job.wall_time_minutes is not None
    reach = f"its {job.wall_time_minutes} minutes would reach" if known else "without a wall time limit it may reach"
    return f"{job.resource_name} is in maintenance {span}{why}, and {reach} into that"


def _full(job: Waiting, quota: Quota, used: int) -> str:
    whose = f" of {job.place.owner}" if quota.each_user or quota.owner else ""
    where = f" on {job.resource_name}" if quota.resource_id else " in the gateway"
    queue = f" in the queue {quota.queue}" if quota.queue else ""
    return f"{quota.name}: {used} of {quota.max_live_jobs} jobs{whose} run{where}{queue}"
