"""Paths of task types: list, show, register, forget."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, platform_administrator, requires
from api_server.http.model import ApiModel, Instant
from api_server.http.page import Page, WhichPage
from api_server.http.problem import LISTS, READS, problems
from api_server.problems import ConflictError, InvalidRequestError, NotFoundError, UnavailableError
from api_server.registry.models import TaskType
from api_server.registry.repositories.task_types import TaskTypeRepository
from api_server.task_types import service
from howdah.contracts.ids import TaskType as TaskTypeName
from howdah.contracts.task_types import TaskTypeDescription

router = APIRouter(prefix="/task-types", tags=["task types"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Administrator = Annotated[Principal, Depends(platform_administrator)]
Name = Annotated[TaskTypeName, Path(description="The task type.", examples=["word-count"])]


class TaskTypeShown(ApiModel):
    """A registered task type."""

    name: str
    description: TaskTypeDescription
    version: int
    """Counts its descriptions."""
    registered_by: str
    created_at: Instant
    updated_at: Instant


@router.get("", responses=LISTS)
def list_task_types(work: Work, _: Reader, page: WhichPage) -> Page[TaskTypeShown]:
    """List the registered task types; those that come with the platform need no registration."""
    rows = TaskTypeRepository(work.session).page(page.limit, page.after)
    return Page.of(rows, _shown)


@router.get("/{name}", responses=READS)
def get_task_type(work: Work, _: Reader, name: Name) -> TaskTypeShown:
    """Show what tasks of the type take and give."""
    return _shown(service.get(work, name))


@router.put("/{name}", responses=problems(ConflictError, InvalidRequestError, UnavailableError))
def register_task_type(  # noqa: PLR0913, PLR0917 - who registers what, and the way to the brokers
    request: Request, work: Work, principal: Administrator, name: Name, body: TaskTypeDescription, response: Response
) -> TaskTypeShown:
    """Register a task type, or describe it anew, and make its topic (platform administrators).

    From then on tasks of this type are checked when they are written. The same body twice changes nothing.
    """
    state = request.app.state
    row, is_new = service.register(
        work,
        principal,
        name,
        body,
        brokers=state.brokers,
        replication_factor=state.settings.kafka_replication_factor,
    )
    response.status_code = 201 if is_new else 200
    return _shown(row)


@router.delete("/{name}", status_code=204, responses=problems(NotFoundError))
def forget_task_type(work: Work, principal: Administrator, name: Name) -> None:
    """Forget a task type (platform administrators). Its topic stays, and its tasks are no longer checked."""
    service.forget(work, principal, name)


def _shown(row: TaskType) -> TaskTypeShown:
    return TaskTypeShown(
        name=row.name,
        description=TaskTypeDescription.model_validate(row.description),
        version=row.version,
        registered_by=row.registered_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
