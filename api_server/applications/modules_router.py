"""Paths of application modules."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api_server.applications import service
from api_server.applications.schemas import ModuleBody, ModuleShown
from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, requires
from api_server.http.etag import ExpectedVersion, etag
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, EDITS, LISTS, READS
from api_server.registry.models import ApplicationModule
from api_server.registry.repositories.catalogue import ModuleRepository

router = APIRouter(prefix="/application-modules", tags=["applications"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Writer = Annotated[Principal, requires(Scope.CATALOGUE_WRITE)]


@router.post("", status_code=201, response_model=ModuleShown, responses=CREATES)
def create_application_module(
    request: Request, work: Work, principal: Writer, idempotent: Idempotent, body: ModuleBody
) -> Response:
    """Add an application module: the software, whatever it is installed on."""

    def produce() -> Answer:
        row = ApplicationModule(**service.columns(work, principal, body))
        row = service.modules(work, principal).create(row)
        headers = {"Location": f"{request.url.path}/{row.id}", **etag(row.version)}
        return Answer(201, ModuleShown.model_validate(row), headers)

    return idempotent.answer(work, principal, produce)


@router.get("", responses=LISTS)
def list_application_modules(work: Work, principal: Reader, page: WhichPage) -> Page[ModuleShown]:
    """List application modules."""
    rows = ModuleRepository(work.session, principal.gateway_id).page(page.limit, page.after)
    return Page.of(rows, ModuleShown.model_validate)


@router.get("/{module_id}", responses=READS)
def get_application_module(work: Work, principal: Reader, module_id: Id, response: Response) -> ModuleShown:
    """Show an application module."""
    row = service.modules(work, principal).get(module_id)
    response.headers.update(etag(row.version))
    return ModuleShown.model_validate(row)


@router.put("/{module_id}", responses=EDITS)
def edit_application_module(  # noqa: PLR0913, PLR0917 - what the edit is made of
    work: Work, principal: Writer, module_id: Id, expected: ExpectedVersion, body: ModuleBody, response: Response
) -> ModuleShown:
    """Replace an application module."""
    changes = service.columns(work, principal, body)
    row = service.modules(work, principal).edit(module_id, expected, changes)
    response.headers.update(etag(row.version))
    return ModuleShown.model_validate(row)


@router.delete("/{module_id}", status_code=204, responses=DELETES)
def delete_application_module(work: Work, principal: Writer, module_id: Id) -> None:
    """Remove an application module that has neither interfaces nor deployments."""
    service.modules(work, principal).delete(module_id)
