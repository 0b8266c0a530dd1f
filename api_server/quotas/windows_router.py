"""Paths of maintenance windows."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, requires
from api_server.http.etag import ExpectedVersion, etag
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, EDITS, LISTS, READS
from api_server.quotas import service
from api_server.quotas.schemas import WindowBody, WindowShown
from api_server.registry.models import MaintenanceWindow
from api_server.registry.repositories.catalogue import WindowRepository

router = APIRouter(prefix="/maintenance-windows", tags=["quotas"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Writer = Annotated[Principal, requires(Scope.CATALOGUE_WRITE)]


@router.post("", status_code=201, response_model=WindowShown, responses=CREATES)
def create_maintenance_window(
    request: Request, work: Work, principal: Writer, idempotent: Idempotent, body: WindowBody
) -> Response:
    """Announce that a resource is to be empty for a while: jobs that would reach into it wait."""

    def produce() -> Answer:
        row = service.windows(work, principal).create(MaintenanceWindow(**service.columns(work, principal, body)))
        headers = {"Location": f"{request.url.path}/{row.id}", **etag(row.version)}
        return Answer(201, WindowShown.model_validate(row), headers)

    return idempotent.answer(work, principal, produce)


@router.get("", responses=LISTS)
def list_maintenance_windows(work: Work, principal: Reader, page: WhichPage) -> Page[WindowShown]:
    """List maintenance windows, newest first."""
    rows = WindowRepository(work.session, principal.gateway_id).page(page.limit, page.after)
    return Page.of(rows, WindowShown.model_validate)


@router.get("/{maintenance_window_id}", responses=READS)
def get_maintenance_window(work: Work, principal: Reader, maintenance_window_id: Id, response: Response) -> WindowShown:
    """Show a maintenance window."""
    row = service.windows(work, principal).get(maintenance_window_id)
    response.headers.update(etag(row.version))
    return WindowShown.model_validate(row)


@router.put("/{maintenance_window_id}", responses=EDITS)
def edit_maintenance_window(  # noqa: PLR0913, PLR0917 - what the edit is made of
    work: Work,
    principal: Writer,
    maintenance_window_id: Id,
    expected: ExpectedVersion,
    body: WindowBody,
    response: Response,
) -> WindowShown:
    """Replace a maintenance window; whoever waits is told anew."""
    row = service.windows(work, principal).edit(maintenance_window_id, expected, service.columns(work, principal, body))
    response.headers.update(etag(row.version))
    return WindowShown.model_validate(row)


@router.delete("/{maintenance_window_id}", status_code=204, responses=DELETES)
def delete_maintenance_window(work: Work, principal: Writer, maintenance_window_id: Id) -> None:
    """Remove a maintenance window; what waited for nothing else goes on."""
    service.windows(work, principal).delete(maintenance_window_id)
