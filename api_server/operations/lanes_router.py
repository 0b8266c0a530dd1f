"""Paths of the lanes: what waits in them, who holds their partitions, paused and resumed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, platform_administrator, requires
from api_server.http.problem import problems
from api_server.http.raw import shown
from api_server.operations import lane_partitions, lanes
from api_server.operations.instances import ServiceInstances
from api_server.operations.lane_schemas import LaneControl, LanePartitions, Lanes, PauseRequest
from api_server.problems import InvalidRequestError, NotFoundError
from howdah.contracts.ids import TaskType
from howdah.contracts.task_types import LaneName

router = APIRouter(prefix="/lanes", tags=["lanes"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
Operator = Annotated[Principal, requires(Scope.OPERATIONS_READ)]
Administrator = Annotated[Principal, Depends(platform_administrator)]
Type = Annotated[TaskType, Path(description="The task type.", examples=["input-staging"])]
Lane = Annotated[LaneName, Path(description="`fast` or `slow`.")]


@router.get("", response_model=Lanes, responses=problems())
def list_lanes(work: Work, principal: Reader) -> Response:
    """Show both lanes of each task type: what waits, what runs, how soon tasks are taken up, whether it is paused."""
    return shown({"items": lanes.of_all(work, principal), "next_cursor": None})


@router.get("/{task_type}/partitions", responses=problems(NotFoundError))
def list_lane_partitions(request: Request, work: Work, _: Operator, task_type: Type) -> LanePartitions:
    """Show which instance holds which partition of a type's topic, the ledgers, and the latest rebalances."""
    instances: ServiceInstances = request.app.state.service_instances
    kind = lanes.known(work, task_type)
    return lane_partitions.of_type(kind, (one.heartbeat for one in instances.list() if one.alive))


@router.post("/{task_type}/{lane}/pause", responses=problems(NotFoundError, InvalidRequestError))
def pause_lane(  # noqa: PLR0913, PLR0917 - which lane, and who wants it
    request: Request, work: Work, principal: Administrator, task_type: Type, lane: Lane, body: PauseRequest
) -> LaneControl:
    """Hand nothing of the lane out any more, until it is resumed (platform administrators).

    What is in hand is finished; the rest waits in its order, and its time does not run. It concerns every gateway.
    Agents have topics of their own and are not held back: an agent's resource is disabled instead.
    """
    now = request.app.state.clock.now()
    row = lanes.set_paused(work, principal, task_type, lane, now, paused=True, reason=body.reason)
    return LaneControl.model_validate(row)


@router.post("/{task_type}/{lane}/resume", responses=problems(NotFoundError))
def resume_lane(request: Request, work: Work, principal: Administrator, task_type: Type, lane: Lane) -> LaneControl:
    """Go on with a lane that is paused (platform administrators); what waited has its whole time from now on."""
    now = request.app.state.clock.now()
    return LaneControl.model_validate(lanes.set_paused(work, principal, task_type, lane, now, paused=False))
