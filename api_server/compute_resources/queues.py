"""The live state of resources' queues, with everybody's jobs: what was seen last, and how a look is asked for.

The same looks are what a launch with several candidate resources goes by (``lifecycle.queue_looks``).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from api_server.auth.capabilities import Capabilities
from api_server.auth.principal import Principal
from api_server.compute_resources import service
from api_server.compute_resources.looks import usable_target
from api_server.http.model import ApiModel, Id, Instant
from api_server.lifecycle.looks import LookState, state_of
from api_server.lifecycle.queue_looks import ask_for_queues, report_of
from api_server.problems import InvalidRequestError
from api_server.registry.models import ComputeResource, ResourceLook
from api_server.registry.repositories import placing
from api_server.registry.repositories.looks import LookRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.failures import Failure
from howdah.contracts.looks import READ_QUEUES, LookKind, QueueState


class QueuesSeen(ApiModel):
    """The queues of a resource as they were seen last."""

    resource_id: Id
    resource_name: str
    readable: bool
    """Whether the queues of such a scheduler can be looked at: Slurm, PBS and LSF."""
    state: LookState | Literal["never"]
    """Of the latest look: ``never`` where nobody has asked for one."""
    asked_at: Instant | None
    seen_at: Instant | None
    """When ``queues`` were so."""
    queues: tuple[QueueState, ...]
    failure: Failure | None
    """Why the latest look saw nothing."""

    @property
    def id(self) -> str:
        """The resource's: one look at a time."""
        return self.resource_id


class QueuesSeenOfAll(ApiModel):
    """Those of every resource, by name."""

    items: tuple[QueuesSeen, ...]


def of_all(work: UnitOfWork, principal: Principal, now: datetime) -> tuple[QueuesSeen, ...]:
    """Return what was seen of every resource of the gateway, by name."""
    return _of(work, principal, placing.resources_by_name(work.session, principal.gateway_id), now)


def of_one(work: UnitOfWork, principal: Principal, resource_id: str, now: datetime) -> QueuesSeen:
    """Return what was seen of one; NotFoundError when the gateway has no such resource."""
    [seen] = _of(work, principal, [service.resources(work, principal).get(resource_id)], now)
    return seen


def look(
    work: UnitOfWork, principal: Principal, resource_id: str, capabilities: Capabilities, now: datetime
) -> QueuesSeen:
    """Have the queues looked at, unless somebody has asked for that within the last minute; return what is known.

    Raises:
        NotFoundError: the gateway has no such resource.
        InvalidRequestError: queues of its scheduler can't be looked at.
    """
    row = service.resources(work, principal).get(resource_id)
    if row.scheduler not in READ_QUEUES:
        kinds = ", ".join(sorted(READ_QUEUES))
        raise InvalidRequestError(
            f"The scheduler of {row.name} is {row.scheduler}; queues can be looked at of {kinds}."
        )
    ask_for_queues(work, principal, usable_target(row), capabilities, now)
    [seen] = _of(work, principal, [row], now)
    return seen


def _of(
    work: UnitOfWork, principal: Principal, rows: Sequence[ComputeResource], now: datetime
) -> tuple[QueuesSeen, ...]:
    ids = [row.id for row in rows]
    seen = placing.queues_seen(work.session, principal.gateway_id, ids)
    latest = LookRepository(work.session, principal.gateway_id).latest_of(ids, LookKind.QUEUES)
    return tuple(_shown(row, seen.get(row.id), latest.get(row.id), now) for row in rows)


def _shown(
    row: ComputeResource, seen: tuple[datetime, Any] | None, latest: ResourceLook | None, now: datetime
) -> QueuesSeen:
    report = None if seen is None else report_of(seen[1])
    return QueuesSeen(
        resource_id=row.id,
        resource_name=row.name,
        readable=row.scheduler in READ_QUEUES,
        state="never" if latest is None else state_of(latest, now),
        asked_at=None if latest is None else latest.created_at,
        seen_at=None if seen is None or report is None else seen[0],
        queues=() if report is None else report.queues,
        failure=None if latest is None else (latest.answer or {}).get("failure"),
    )
