"""Which of several resources an experiment goes to, and why. Pure: facts in, a choice in words out.

The rules, the first that tells two apart decides
- What can't run it at all (limits of its queue, not deployed, disabled) is left out.
- One that is away, or that would keep it in line (quota, maintenance window), only when all do.
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
    best = min(fit, key=_preference)
    considered = tuple(
        Considered(resource_id=one.resource_id, resource=one.name, words=_words(one)) for one in candidates
    )
    beside = "" if len(fit) > 1 else "the only one of those named that can run it; "
    return Placement(
        resource_id=best.resource_id,
        resource=best.name,
        reason=f"{best.name} was chosen of {len(candidates)}: {beside}{_words(best)}",
        considered=considered,
    )


def _preference(one: Candidate) -> tuple[bool, bool, int, int, int]:
    return bool(one.away), bool(one.held), one.waiting, int(one.longest_wait_seconds / _MINUTE), one.running


def _words(one: Candidate) -> str:
    if one.unfit:
        return one.unfit
    waiting = f"{one.waiting} of our runs wait there, {one.running} run"
    if one.longest_wait_seconds >= _MINUTE:
        waiting += f", its queue has kept one waiting for {one.longest_wait_seconds / _MINUTE:.0f} min"
    trouble = [f"it is away ({one.away})"] if one.away else []
    trouble += [one.held] if one.held else []
    return "; ".join([*trouble, waiting])
