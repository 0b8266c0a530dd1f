"""Paths of the resources' health: circuit, lane, what waits; a probe at once, a lane pinned."""

from typing import Annotated

from fastapi import APIRouter, Request

from api_server.auth.principal import Principal, Scope
from api_server.compute_resources import health
from api_server.compute_resources.health_schemas import (
    HealthEvent,
    ResourceControl,
    ResourceStanding,
    ResourceStandings,
)
from api_server.http.dependencies import Work, requires
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import LISTS, READS, problems
from api_server.problems import InvalidRequestError, NotFoundError
from api_server.registry.repositories import health_reads

router = APIRouter(tags=["compute resources"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Operator = Annotated[Principal, requires(Scope.OPERATIONS_WRITE)]
_ONE = "/compute-resources/{resource_id}"


@router.get("/compute-resources:health", responses=problems())
def list_compute_resources_health(work: Work, principal: Reader) -> ResourceStandings:
    """Show of every resource whether it is away, which lane its tasks take, and what waits for it."""
    return ResourceStandings(items=health.of_all(work, principal))


@router.get(_ONE + "/health", responses=READS)
def get_compute_resource_health(work: Work, principal: Reader, resource_id: Id) -> ResourceStanding:
    """Show whether a resource is away and why, when it is probed next, which lane its tasks take, what waits."""
    return health.of_one(work, principal, resource_id)


@router.get(_ONE + "/health/history", responses={**LISTS, **problems(NotFoundError)})
def list_compute_resource_health_history(
    work: Work, principal: Reader, resource_id: Id, page: WhichPage
) -> Page[HealthEvent]:
    """Read what happened to a resource's health, newest first."""
    health.of_one(work, principal, resource_id)
    rows = health_reads.history(work.session, principal.gateway_id, resource_id, page.limit, page.after)
    return Page.of(rows, HealthEvent.model_validate)


@router.post(_ONE + "/try-now", status_code=202, responses=problems(NotFoundError))
def try_compute_resource_now(request: Request, work: Work, principal: Operator, resource_id: Id) -> ResourceStanding:
    """Probe a resource that is away now, instead of at the next moment that is arranged."""
    return health.try_now(work, principal, resource_id, request.app.state.clock.now())


@router.put(_ONE + "/control", responses=problems(NotFoundError, InvalidRequestError))
def control_compute_resource(
    request: Request, work: Work, principal: Operator, resource_id: Id, body: ResourceControl
) -> ResourceStanding:
    """Keep a resource in a lane, or limit how much of a service it may occupy; null leaves it to the platform."""
    now = request.app.state.clock.now()
    return health.control(work, principal, resource_id, now, body)
