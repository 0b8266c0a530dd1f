"""Paths of the queues' live state: what was seen last, and a look at them now."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.compute_resources import queues
from api_server.compute_resources.queues import QueuesSeen, QueuesSeenOfAll
from api_server.http.awaited import Wait, awaited
from api_server.http.dependencies import Work, requires
from api_server.http.model import Id
from api_server.http.problem import READS, problems
from api_server.problems import InvalidRequestError, NotFoundError
from api_server.registry.unit_of_work import Registry

router = APIRouter(tags=["compute resources"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Launcher = Annotated[Principal, requires(Scope.EXPERIMENTS_WRITE)]
_ONE = "/compute-resources/{resource_id}/queues"


@router.get("/compute-resources:queues", responses=problems())
def list_compute_resources_queues(request: Request, work: Work, principal: Reader) -> QueuesSeenOfAll:
    """Show of every resource what its queues were like when they were seen last."""
    return QueuesSeenOfAll(items=queues.of_all(work, principal, request.app.state.clock.now()))


@router.get(_ONE, responses=READS)
def get_compute_resource_queues(request: Request, work: Work, principal: Reader, resource_id: Id) -> QueuesSeen:
    """Show what the queues of a resource were like when they were seen last."""
    return queues.of_one(work, principal, resource_id, request.app.state.clock.now())


@router.post(
    _ONE,
    status_code=202,
    responses={
        200: {"model": QueuesSeen, "description": "They were seen within the last minute, or while the call waited."},
        **problems(NotFoundError, InvalidRequestError),
    },
)
async def look_at_compute_resource_queues(
    request: Request, principal: Launcher, resource_id: Id, response: Response, wait: Wait = 0
) -> QueuesSeen:
    """Look at the queues of a resource now; at most once a minute, so that what is younger is the answer."""
    registry: Registry = request.app.state.registry
    clock, capabilities = request.app.state.clock, request.app.state.capabilities

    def ask() -> QueuesSeen:
        with registry.transaction() as work:
            return queues.look(work, principal, resource_id, capabilities, clock.now())

    def again(_: str) -> QueuesSeen:
        with registry.transaction() as work:
            return queues.of_one(work, principal, resource_id, clock.now())

    return await awaited(request, response, wait, ask, again)
