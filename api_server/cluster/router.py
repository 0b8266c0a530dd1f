"""Paths of services: what runs in how many instances; scale, restart, deploy, roll back, remove."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from api_server.auth.principal import Principal, Role, Scope
from api_server.cluster.schemas import Scale, ServicesShown
from api_server.cluster.service import Operators
from api_server.http.dependencies import Work, requires
from api_server.http.problem import problems
from api_server.problems import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    UnavailableError,
)
from howdah.contracts.services import ServiceDeployment, ServiceName, ServiceReport

router = APIRouter(prefix="/services", tags=["services"])

Reader = Annotated[Principal, requires(Scope.OPERATIONS_READ)]
Name = Annotated[ServiceName, Path(description="The service's name.", examples=["input-staging"])]
_STEERS = problems(NotFoundError, ConflictError, InvalidRequestError, UnavailableError)


async def _operator(principal: Annotated[Principal, requires(Scope.OPERATIONS_WRITE)]) -> Principal:
    """Services are shared by all gateways: who steers them must be trusted by all."""
    if principal.role is not Role.PLATFORM_ADMIN:
        raise ForbiddenError("Only a platform administrator may steer services.", slug="missing-role")
    return principal


async def _operators(request: Request) -> Operators:
    operators: Operators = request.app.state.operators
    return operators


Operator = Annotated[Principal, Depends(_operator)]
Steering = Annotated[Operators, Depends(_operators)]


@router.get("", responses=problems(UnavailableError))
def list_services(_: Reader, operators: Steering) -> ServicesShown:
    """List all services: wanted, ready and up-to-date instances, release, what is wrong."""
    return ServicesShown(control=operators.control.name, items=operators.services())


@router.get("/{name}", responses=problems(NotFoundError, ConflictError, UnavailableError))
def get_service(_: Reader, operators: Steering, name: Name) -> ServiceReport:
    """Show a service with its instances, how they are, and what happened to them lately."""
    return operators.report(name)


@router.post("/{name}/scale", responses=_STEERS)
def scale_service(work: Work, principal: Operator, operators: Steering, name: Name, body: Scale) -> ServiceReport:
    """Want so many instances of a task service (platform administrators)."""
    return operators.scale(work, principal, name, body.replicas)


@router.post("/{name}/restart", responses=_STEERS)
def restart_service(work: Work, principal: Operator, operators: Steering, name: Name) -> ServiceReport:
    """Replace every instance, one after the other; each finishes what it has in hand (platform administrators)."""
    return operators.restart(work, principal, name)


@router.put("/{name}", responses=_STEERS)
def deploy_service(
    work: Work, principal: Operator, operators: Steering, name: Name, body: ServiceDeployment
) -> ServiceReport:
    """Run a custom task service, or a new revision of it (platform administrators).

    The topic of its task type is made when it is missing. The same body twice changes nothing.
    """
    return operators.deploy(work, principal, name, body)


@router.post("/{name}/roll-back", responses=_STEERS)
def roll_back_service(work: Work, principal: Operator, operators: Steering, name: Name) -> ServiceReport:
    """Go back to the revision before the present one (platform administrators)."""
    return operators.roll_back(work, principal, name)


@router.delete("/{name}", status_code=204, responses=_STEERS)
def remove_service(work: Work, principal: Operator, operators: Steering, name: Name) -> None:
    """Stop a custom service and forget it; tasks that wait in its topic stay there (platform administrators)."""
    operators.remove(work, principal, name)
