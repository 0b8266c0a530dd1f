"""Looks at resources, as they are asked for: by people through the API server, as probes by the orchestrator."""

from datetime import datetime, timedelta
from typing import Literal

from api_server.auth.capabilities import Grant
from api_server.lifecycle.addressing import addressed_look, holder_of
from api_server.lifecycle.commands import Mint
from api_server.registry.models import ResourceLook
from howdah.contracts import topics
from howdah.contracts.ids import GatewayId, LookId, new_id
from howdah.contracts.looks import LOOK_SECONDS, RESOURCE_LOOK, LookKind
from howdah.contracts.messages import LookAtResource
from howdah.contracts.resources import ResourceTarget
from howdah.messaging.abstract import Outgoing


def new_look(gateway_id: str, resource_id: str, what: LookKind, requested_by: str, now: datetime) -> ResourceLook:
    """Return a look to be written and asked for."""
    return ResourceLook(
        id=new_id(),
        gateway_id=gateway_id,
        resource_id=resource_id,
        what=what.value,
        params={},
        requested_by=requested_by,
        created_at=now,
        due_at=now + timedelta(seconds=LOOK_SECONDS),
    )


LookState = Literal["running", "done", "unanswered"]
"""``unanswered``: no service took it up in time; see the service ``resource-look``."""


def state_of(look: ResourceLook, now: datetime) -> LookState:
    """Return how a look stands."""
    if look.answered_at is not None:
        return "done"
    return "running" if look.due_at > now else "unanswered"


def look_request(
    look: ResourceLook, target: ResourceTarget, mint: Mint, now: datetime, lane: str = topics.FAST
) -> Outgoing:
    """Return the message that asks for the look, with the capability that it needs."""
    grant = Grant(
        task_id=look.id,
        task_type=RESOURCE_LOOK,
        process_id=look.id,
        gateway_id=look.gateway_id,
        credentials=tuple(map(str, target.credential_ids)),
        holder=holder_of(target),
    )
    request = LookAtResource(
        at=now,
        look_id=LookId(look.id),
        gateway_id=GatewayId(look.gateway_id),
        what=LookKind(look.what),
        params=look.params,
        target=target,
        capability=mint.mint(grant),
        deadline_at=look.due_at,
    )
    return addressed_look(request, lane)
