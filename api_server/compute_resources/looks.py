"""Looks at a compute resource: asked for here, done by a task service, answered over Kafka into the registry.

The API half never opens an SSH connection.
"""

import math
from typing import Final

from pydantic import ValidationError

from api_server.auth.capabilities import Capabilities
from api_server.auth.principal import Principal
from api_server.compute_resources.host_keys import fingerprint, read_host_key
from api_server.http.crud import Crud
from api_server.lifecycle.catalogue import target_of
from api_server.lifecycle.looks import look_request, new_look
from api_server.problems import FieldError, InvalidRequestError, TooManyRequestsError
from api_server.registry.models import ComputeResource, ResourceLook
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.catalogue import ResourceRepository
from api_server.registry.repositories.looks import LookRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.looks import LookKind, StepName
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.wrong_fields import first_wrong
from howdah.runtime.clock import Clock

PAUSE_SECONDS: Final = 5.0
"""The least time between two looks of a kind at one resource: each of them logs in there."""


def ask(  # noqa: PLR0913 - who asks, about what, and with what
    work: UnitOfWork,
    principal: Principal,
    resource_id: str,
    what: LookKind,
    *,
    capabilities: Capabilities,
    clock: Clock,
) -> ResourceLook:
    """Ask for a look; the one that is under way already is everybody's.

    Raises:
        NotFoundError: the gateway has no such resource.
        TooManyRequestsError: the last look was a moment ago.
    """
    resources = ResourceRepository(work.session, principal.gateway_id)
    Crud(work, principal, resources, "compute resource", unique="name").get(resource_id)
    row = resources.find(resource_id, lock=True)  # two requests at once ask for one look
    assert row is not None  # noqa: S101 - for the type checker: found just now, and deletions wait for us
    now = clock.now()
    looks = LookRepository(work.session, principal.gateway_id)
    last = looks.latest(resource_id, what)
    if last is not None and last.answered_at is None and last.due_at > now:
        return last
    if last is not None and (left := PAUSE_SECONDS - (now - last.created_at).total_seconds()) > 0:
        text = f"{row.name} was looked at a moment ago; that answer stands, or ask again in {math.ceil(left)} s."
        raise TooManyRequestsError(text, headers={"Retry-After": str(math.ceil(left))})
    look = new_look(principal.gateway_id, resource_id, what, principal.subject, now)
    looks.add(look)
    AuditRepository(work.session, principal.gateway_id).record(
        principal.subject, "look", "compute resource", resource_id, {"what": what.value, "look_id": look.id}
    )
    work.enqueue(look_request(look, usable_target(row), capabilities, now))
    return look


def confirm_host_key(work: UnitOfWork, principal: Principal, resource_id: str, wanted: str) -> ComputeResource:
    """Pin the key with this fingerprint, which the resource's own host showed to its latest test.

    Raises:
        InvalidRequestError: no test saw such a key.
    """
    resources = ResourceRepository(work.session, principal.gateway_id)
    crud = Crud(work, principal, resources, "compute resource", unique="name")
    row = crud.get(resource_id)
    last = LookRepository(work.session, principal.gateway_id).latest(resource_id, LookKind.REACHABILITY, answered=True)
    shown = _shown_keys(last, row.host)
    chosen = next((key for key in shown if fingerprint(key) == wanted), None)
    if chosen is None:
        seen = ", ".join(map(fingerprint, shown)) or "none: test the resource first"
        message = f"is no fingerprint that {row.host} showed to its latest test; it showed {seen}"
        raise InvalidRequestError(errors=[FieldError("fingerprint", message, wanted[:100])])
    return crud.edit(resource_id, row.version, {"host_keys": list(dict.fromkeys([*row.host_keys, chosen]))})


def _shown_keys(look: ResourceLook | None, host: str) -> list[str]:
    steps = (look.answer or {}).get("answer", {}).get("steps", ()) if look is not None else ()
    lines = [
        step["facts"]["host_key"]
        for step in steps
        if step["step"] == StepName.HOST_KEY.value and step["host"] == host and "host_key" in step["facts"]
    ]
    return [read_host_key(line) for line in lines]


def usable_target(row: ComputeResource) -> ResourceTarget:
    """Return where the resource is; InvalidRequestError when its description can't be worked with."""
    try:
        return target_of(row)
    except ValidationError as error:
        raise InvalidRequestError(errors=[FieldError(*first_wrong(error))]) from None
