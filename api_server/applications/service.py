"""Decisions about applications."""

from typing import Any

from api_server.applications.schemas import DeploymentBody, InterfaceBody, ModuleBody
from api_server.auth.principal import Principal
from api_server.http.crud import Crud
from api_server.problems import FieldError, InvalidRequestError
from api_server.registry.models import ApplicationDeployment, ApplicationInterface, ApplicationModule
from api_server.registry.repositories.catalogue import (
    DeploymentRepository,
    InterfaceRepository,
    ModuleRepository,
    ResourceRepository,
)
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.resources import SchedulerKind
from howdah.contracts.scheduling import wrong_directives


def modules(work: UnitOfWork, principal: Principal) -> Crud[ApplicationModule]:
    """Return the application modules of the caller's gateway."""
    rows = ModuleRepository(work.session, principal.gateway_id)
    return Crud(work, principal, rows, "application module", unique="name")


def interfaces(work: UnitOfWork, principal: Principal) -> Crud[ApplicationInterface]:
    """Return the application interfaces of the caller's gateway."""
    rows = InterfaceRepository(work.session, principal.gateway_id)
    return Crud(work, principal, rows, "application interface", unique="name")


def deployments(work: UnitOfWork, principal: Principal) -> Crud[ApplicationDeployment]:
    """Return the application deployments of the caller's gateway."""
    rows = DeploymentRepository(work.session, principal.gateway_id)
    return Crud(work, principal, rows, "application deployment", unique="resource_id")


def columns(
    work: UnitOfWork, principal: Principal, body: ModuleBody | InterfaceBody | DeploymentBody
) -> dict[str, Any]:
    """Return the row's columns for ``body``; InvalidRequestError when it refers to what this gateway does not have."""
    wrong: list[FieldError] = []
    if not isinstance(body, ModuleBody) and _lacks_module(work, principal, body.module_id):
        wrong.append(FieldError("module_id", "names no application module of this gateway"))
    if isinstance(body, DeploymentBody):
        wrong += _wrong_for_the_resource(work, principal, body)
    if wrong:
        raise InvalidRequestError(errors=wrong)
    return body.model_dump(mode="json")


def _lacks_module(work: UnitOfWork, principal: Principal, module_id: str) -> bool:
    return ModuleRepository(work.session, principal.gateway_id).find(module_id) is None


def _wrong_for_the_resource(work: UnitOfWork, principal: Principal, body: DeploymentBody) -> list[FieldError]:
    resource = ResourceRepository(work.session, principal.gateway_id).find(body.resource_id)
    if resource is None:
        return [FieldError("resource_id", "names no compute resource of this gateway")]
    directives = wrong_directives(SchedulerKind(resource.scheduler), body.native)
    return [FieldError(f"native.{index}", why) for index, why in directives]
