"""Decisions about compute resources."""

from typing import Any

from api_server.auth.principal import Principal
from api_server.compute_resources.schemas import ResourceBody
from api_server.http.crud import Crud
from api_server.problems import FieldError, ForbiddenError, InvalidRequestError
from api_server.registry.models import BatchQueue, ComputeResource
from api_server.registry.repositories.agents import AgentRepository
from api_server.registry.repositories.catalogue import CredentialRepository, ResourceRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.resources import ReachKind, TransportKind


def resources(work: UnitOfWork, principal: Principal) -> Crud[ComputeResource]:
    """Return the compute resources of the caller's gateway."""
    rows = ResourceRepository(work.session, principal.gateway_id)
    return Crud(work, principal, rows, "compute resource", unique="name")


def create(work: UnitOfWork, principal: Principal, body: ResourceBody) -> ComputeResource:
    """Add a resource."""
    _check(work, principal, body)
    return resources(work, principal).create(ComputeResource(**_columns(body), queues=_queues(body)))


def edit(
    work: UnitOfWork, principal: Principal, resource_id: str, expected: int, body: ResourceBody
) -> ComputeResource:
    """Replace a resource's description. Runs that were launched before keep their view of it."""
    _check(work, principal, body)
    if body.reach is not ReachKind.AGENT and AgentRepository(work.session, principal.gateway_id).find(resource_id):
        text = "stays 'agent' while an agent is enrolled, which may have work in hand: revoke it first"
        raise InvalidRequestError(errors=[FieldError("reach", text)])
    row = resources(work, principal).edit(resource_id, expected, _columns(body))
    _replace_queues(work, row, body)
    return row


def _check(work: UnitOfWork, principal: Principal, body: ResourceBody) -> None:
    on_our_machine = body.transport is TransportKind.LOCAL and body.reach is not ReachKind.AGENT
    if on_our_machine and not principal.is_platform_admin:
        raise ForbiddenError(
            "A local resource runs commands on the services' own machine: only a platform administrator adds one.",
            slug="missing-role",
        )
    named = {"credential_id": body.credential_id}
    named |= {f"jump_hosts.{number}.credential_id": hop.credential_id for number, hop in enumerate(body.jump_hosts)}
    credentials = CredentialRepository(work.session, principal.gateway_id)
    unknown = [field for field, value in named.items() if value is not None and credentials.find(value) is None]
    if unknown:
        raise InvalidRequestError(errors=[FieldError(one, "names no credential of this gateway") for one in unknown])


def _columns(body: ResourceBody) -> dict[str, Any]:
    columns = body.model_dump(mode="json", exclude={"queues", "known_hosts", "retry"})
    return {**columns, "retry": body.retry.model_dump(exclude_none=True)}


def _queues(body: ResourceBody) -> list[BatchQueue]:
    return [BatchQueue(**queue.model_dump()) for queue in body.queues]


def _replace_queues(work: UnitOfWork, row: ComputeResource, body: ResourceBody) -> None:
    """Change the queues to those of ``body``; the unit of work deletes before it inserts only when flushed between."""
    row.queues.clear()
    work.session.flush()
    row.queues.extend(_queues(body))
    work.session.flush()
