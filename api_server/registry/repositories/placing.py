"""How full resources are with the runs of a gateway: what a choice between them goes by."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from api_server.registry.models import ComputeResource, Experiment, Job, ResourceLook
from howdah.contracts.looks import LookKind
from howdah.contracts.states import TERMINAL, ExperimentState, JobState, is_terminal

_LIVE = sorted(state for state in ExperimentState if not is_terminal(state) and state not in {"CREATED", "VALIDATED"})
_ENDED = sorted(TERMINAL)


class Crowd(NamedTuple):
    """How many runs a resource has of the gateway, how many of its jobs run, how long one has been queued by now."""

    runs: int = 0
    running: int = 0
    longest_wait_seconds: float = 0.0


def crowds(session: Session, gateway_id: str, resource_ids: Collection[str]) -> dict[str, Crowd]:
    """Return how full the resources are; one without a run is left out."""
    runs = session.execute(
        select(Experiment.resource_id, func.count())
        .where(
            Experiment.gateway_id == gateway_id, Experiment.state.in_(_LIVE), Experiment.resource_id.in_(resource_ids)
        )
        .group_by(Experiment.resource_id)
    )
    found = {str(resource_id): Crowd(runs=count) for resource_id, count in runs}
    queued = func.min(Job.created_at).filter(Job.state == JobState.QUEUED)
    jobs = session.execute(
        select(
            Job.resource_id,
            func.count().filter(Job.state == JobState.ACTIVE),
            func.coalesce(func.extract("epoch", func.now() - queued), 0),
        )
        .where(Job.gateway_id == gateway_id, Job.state.not_in(_ENDED), Job.resource_id.in_(resource_ids))
        .group_by(Job.resource_id)
    )
    for resource_id, running, seconds in jobs:
        crowd = found.get(str(resource_id), Crowd())
        found[str(resource_id)] = crowd._replace(running=running, longest_wait_seconds=float(seconds))
    return found


def resources_by_name(session: Session, gateway_id: str) -> Sequence[ComputeResource]:
    """Return the compute resources of a gateway by name."""
    mine = select(ComputeResource).where(ComputeResource.gateway_id == gateway_id)
    return session.scalars(mine.order_by(ComputeResource.name)).all()


def queues_seen(session: Session, gateway_id: str, resource_ids: Collection[str]) -> dict[str, tuple[datetime, Any]]:
    """Return when the queues of each resource were seen last and what they were, as JSON.

    A look that saw nothing counts only where no earlier one saw anything: what was seen says how old it is.
    """
    seen = ResourceLook.answer["answer"].astext.is_not(None)
    statement = (
        select(ResourceLook.resource_id, ResourceLook.answered_at, ResourceLook.answer)
        .where(
            ResourceLook.gateway_id == gateway_id,
            ResourceLook.resource_id.in_(resource_ids),
            ResourceLook.what == LookKind.QUEUES.value,
            ResourceLook.answered_at.is_not(None),
        )
        .ext(distinct_on(ResourceLook.resource_id))
        .order_by(ResourceLook.resource_id, seen.desc(), ResourceLook.created_at.desc())
    )
    rows = session.execute(statement)
    return {str(one): (at, (answer or {}).get("answer")) for one, at, answer in rows if at is not None}


def may_look_at_queues(session: Session, resource_id: str, now: datetime, every: timedelta) -> bool:
    """Return whether nobody has asked for the queues lately, nor is about to in another transaction."""
    ours = select(func.pg_try_advisory_xact_lock(func.hashtextextended(f"queues {resource_id}", 0)))
    if not session.execute(ours).scalar_one():
        return False
    lately = select(ResourceLook.id).where(
        ResourceLook.resource_id == resource_id,
        ResourceLook.what == LookKind.QUEUES.value,
        ResourceLook.created_at > now - every,
    )
    return session.execute(lately.limit(1)).first() is None
