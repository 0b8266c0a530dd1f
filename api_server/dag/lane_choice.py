"""Which lane a resource's tasks take: by how fast and how reliably it has answered of late, with hysteresis. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from api_server.dag.circuits import Sample
from howdah.contracts.topics import FAST, SLOW


@dataclass(frozen=True, slots=True)
class LanePolicy:
    """When a resource changes its lane. The gap between the two thresholds keeps it from going to and fro."""

    memory: int = 20
    """About how many of the latest attempts make up the averages."""
    slow_above_seconds: float = 5.0
    fast_below_seconds: float = 2.0
    slow_above_failures: float = 0.3
    fast_below_failures: float = 0.1
    dwell_seconds: float = 30.0
    """The least time in a lane."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast and how reliable a resource has been, exponentially weighted; and the lane that follows from it."""

    lane: str
    since: datetime
    seconds: float | None = None
    """None: nothing was seen yet."""
    failures: float = 0.0
    """The share of the attempts that failed and counted against it."""


def observed(pace: Pace, samples: Iterable[Sample], policy: LanePolicy) -> Pace:
    """Take in samples, the oldest first. A sample of many attempts weighs as much as they would one by one."""
    for sample in samples:
        if sample.attempts <= 0:
            continue
        weight = 1 - (1 - 1 / policy.memory) ** sample.attempts
        seconds, share = sample.seconds / sample.attempts, sample.failures / sample.attempts
        before = seconds if pace.seconds is None else pace.seconds
        pace = replace(
            pace,
            seconds=before + weight * (seconds - before),
            failures=pace.failures + weight * (share - pace.failures),
        )
    return pace


def chosen(pace: Pace, policy: LanePolicy, now: datetime, pinned: str | None = None, *, away: bool = False) -> Pace:
    """Return the pace with its lane: as pinned, slow while the resource is away, else by the averages."""
    lane = pinned or (SLOW if away else _by_averages(pace, policy, now))
    return pace if lane == pace.lane else replace(pace, lane=lane, since=now)


def _by_averages(pace: Pace, policy: LanePolicy, now: datetime) -> str:
    if now - pace.since < timedelta(seconds=policy.dwell_seconds) or pace.seconds is None:
        return pace.lane
    if pace.seconds > policy.slow_above_seconds or pace.failures > policy.slow_above_failures:
        return SLOW
    if pace.seconds < policy.fast_below_seconds and pace.failures < policy.fast_below_failures:
        return FAST
    return pace.lane
