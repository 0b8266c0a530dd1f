"""Paths of application interfaces."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api_server.applications import service
from api_server.applications.schemas import InterfaceBody, InterfaceShown
from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, requires
from api_server.http.etag import ExpectedVersion, etag
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, EDITS, LISTS, READS
from api_server.registry.models import ApplicationInterface
from api_server.registry.repositories.catalogue import InterfaceRepository

router = APIRouter(prefix="/application-interfaces", tags=["applications"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Writer = Annotated[Principal, requires(Scope.CATALOGUE_WRITE)]


@router.post("", status_code=201, response_model=InterfaceShown, responses=CREATES)
def create_application_interface(
    request: Request, work: Work, principal: Writer, idempotent: Idempotent, body: InterfaceBody
) -> Response:
    """Add an application interface: what it takes and gives."""

    def produce() -> Answer:
        row = ApplicationInterface(**service.columns(work, principal, body))
        row = service.interfaces(work, principal).create(row)
        headers = {"Location": f"{request.url.path}/{row.id}", **etag(row.version)}
        return Answer(201, InterfaceShown.model_validate(row), headers)

    return idempotent.answer(work, principal, produce)


@router.get("", responses=LISTS)
def list_application_interfaces(work: Work, principal: Reader, page: WhichPage) -> Page[InterfaceShown]:
    """List application interfaces."""
    rows = InterfaceRepository(work.session, principal.gateway_id).page(page.limit, page.after)
    return Page.of(rows, InterfaceShown.model_validate)


@router.get("/{interface_id}", responses=READS)
def get_application_interface(work: Work, principal: Reader, interface_id: Id, response: Response) -> InterfaceShown:
    """Show an application interface."""
    row = service.interfaces(work, principal).get(interface_id)
    response.headers.update(etag(row.version))
    return InterfaceShown.model_validate(row)


@router.put("/{interface_id}", responses=EDITS)
def edit_application_interface(  # noqa: PLR0913, PLR0917 - what the edit is made of
    work: Work, principal: Writer, interface_id: Id, expected: ExpectedVersion, body: InterfaceBody, response: Response
) -> InterfaceShown:
    """Replace an application interface."""
    changes = service.columns(work, principal, body)
    row = service.interfaces(work, principal).edit(interface_id, expected, changes)
    response.headers.update(etag(row.version))
    return InterfaceShown.model_validate(row)


@router.delete("/{interface_id}", status_code=204, responses=DELETES)
def delete_application_interface(work: Work, principal: Writer, interface_id: Id) -> None:
    """Remove an application interface with which no experiment was made."""
    service.interfaces(work, principal).delete(interface_id)
