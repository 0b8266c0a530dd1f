"""Decisions about quotas and maintenance windows."""

from typing import Any

from api_server.auth.principal import Principal
from api_server.http.crud import Crud
from api_server.http.model import ApiModel
from api_server.problems import FieldError, InvalidRequestError
from api_server.registry.models import MaintenanceWindow, Quota
from api_server.registry.repositories.catalogue import QuotaRepository, ResourceRepository, WindowRepository
from api_server.registry.unit_of_work import UnitOfWork


def quotas(work: UnitOfWork, principal: Principal) -> Crud[Quota]:
    """Return the quotas of the caller's gateway."""
    return Crud(work, principal, QuotaRepository(work.session, principal.gateway_id), "quota", unique="name")


def windows(work: UnitOfWork, principal: Principal) -> Crud[MaintenanceWindow]:
    """Return the maintenance windows of the caller's gateway."""
    rows = WindowRepository(work.session, principal.gateway_id)
    return Crud(work, principal, rows, "maintenance window", unique="starts_at")


def columns(work: UnitOfWork, principal: Principal, body: ApiModel) -> dict[str, Any]:
    """Return the columns of ``body``; the resource that it names must be the gateway's."""
    values = body.model_dump()
    resource_id = values["resource_id"]
    if resource_id is not None and ResourceRepository(work.session, principal.gateway_id).find(resource_id) is None:
        raise InvalidRequestError(errors=[FieldError("resource_id", "no compute resource of this gateway has this id")])
    return values
