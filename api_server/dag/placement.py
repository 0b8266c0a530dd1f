"""Which of several resources an experiment goes to, and why. Pure: facts in, a choice in words out.

The rules, the first that tells two apart decides
- What can't run it at all (limits of its queue, not deployed, disabled) is left out.
- One that is away, or that would keep it in line (quota, maintenance window), only when all do.
- The shortest wait that a look at the queues lets expect (``api_server.dag.waits``), in whole minutes; left out, and
  said so, where it is not known of each that is compared.
- The fewest runs of this gateway that have no running job yet: in the scheduler's queue, or on their way there.
- The one whose queue has kept a job of ours waiting for the shorter time, then the fewest running jobs.
- The order in which they were named.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from howdah.contracts.ids import ResourceId

_MINUTE = 60.0


class Candidate(NamedTuple):
    """A resource that was named, and what is known of it now."""

    resource_id: ResourceId
    name: str
    unfit: str = ""
    """Why it can't run it at all."""
    away: str = ""
    """Why it can't be reached at the moment."""
    held: str = ""
    """Why a job would have to wait in line before it is submitted there."""
    waiting: int = 0
    """Runs of the gateway there that have no running job yet."""
    running: int = 0
    """Jobs of the gateway that run there."""
    longest_wait_seconds: float = 0.0
    """For how long its scheduler has kept a job of the gateway waiting by now."""
    expected_wait_seconds: float | None = None
    """What the latest look at its queues lets expect; None where nothing is known, or it is too old."""
    queue_words: str = ""
    """What was seen of its queues, or why nothing is known."""


class Considered(BaseModel):
    """What was thought of one candidate."""

    model_config = ConfigDict(frozen=True)

    resource_id: ResourceId
    resource: str
    words: str


class Placement(BaseModel):
    """Where it goes, and why: stands in the event of the launch."""

    model_config = ConfigDict(frozen=True)

    resource_id: ResourceId
    resource: str
    reason: str
    considered: tuple[Considered, ...]
    """Every candidate, in the order of the request."""


def choose(candidates: Sequence[Candidate]) -> Placement | None:
    """Return the choice; None when none of them can run it."""
    fit = [one for one in candidates if not one.unfit]
    if not fit:
        return None
    open_ones = [one for one in fit if not (one.away or one.held)] or fit
    by_queues = all(one.expected_wait_seconds is not None for one in open_ones)
    best = min(open_ones, key=lambda one: _preference(one, by_queues=by_queues))
    considered = tuple(
        Considered(resource_id=one.resource_id, resource=one.name, words=_words(one)) for one in candidates
    )
    basis = _basis(open_ones, by_queues=by_queues)
    beside = "" if len(fit) > 1 else "the only one of those named that can run it; "
    return Placement(
        resource_id=best.resource_id,
        resource=best.name,
        reason=f"{best.name} was chosen of {len(candidates)}: {beside}{_words(best)}{basis}",
        considered=considered,
    )


def _preference(one: Candidate, *, by_queues: bool) -> tuple[bool, bool, int, int, int, int]:
    expected = int((one.expected_wait_seconds or 0.0) / _MINUTE) if by_queues else 0
    kept = int(one.longest_wait_seconds / _MINUTE)
    return bool(one.away), bool(one.held), expected, one.waiting, kept, one.running


def _basis(compared: Sequence[Candidate], *, by_queues: bool) -> str:
    """Return what the choice could not go by, in words."""
    unknown = [one.name for one in compared if one.expected_wait_seconds is None]
    if by_queues or len(compared) == 1:
        return ""
    return f"; the state of the queues did not count, since it is not known of {', '.join(unknown[:3])}"


def _words(one: Candidate) -> str:
    if one.unfit:
        return one.unfit
    waiting = f"{one.waiting} of our runs wait there, {one.running} run"
    if one.longest_wait_seconds >= _MINUTE:
        waiting += f", its queue has kept one waiting for {one.longest_wait_seconds / _MINUTE:.0f} min"
    known = [one.queue_words] if one.queue_words else []
    trouble = [f"it is away ({one.away})"] if one.away else []
    trouble += [one.held] if one.held else []
    return "; ".join([*trouble, *known, waiting])
