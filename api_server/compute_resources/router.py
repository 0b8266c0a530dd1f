"""Paths of compute resources."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.compute_resources import service
from api_server.compute_resources.schemas import ResourceBody, ResourceShown
from api_server.http.dependencies import Work, requires
from api_server.http.etag import ExpectedVersion, etag
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, EDITS, LISTS, READS
from api_server.registry.repositories.catalogue import ResourceRepository

router = APIRouter(prefix="/compute-resources", tags=["compute resources"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Writer = Annotated[Principal, requires(Scope.CATALOGUE_WRITE)]


@router.post("", status_code=201, response_model=ResourceShown, responses=CREATES)
def create_compute_resource(
    request: Request, work: Work, principal: Writer, idempotent: Idempotent, body: ResourceBody
) -> Response:
    """Add a compute resource."""

    def produce() -> Answer:
        row = service.create(work, principal, body)
        headers = {"Location": f"{request.url.path}/{row.id}", **etag(row.version)}
        return Answer(201, ResourceShown.model_validate(row), headers)

    return idempotent.answer(work, principal, produce)


@router.get("", responses=LISTS)
def list_compute_resources(work: Work, principal: Reader, page: WhichPage) -> Page[ResourceShown]:
    """List compute resources."""
    rows = ResourceRepository(work.session, principal.gateway_id).page(page.limit, page.after)
    return Page.of(rows, ResourceShown.model_validate)


@router.get("/{resource_id}", responses=READS)
def get_compute_resource(work: Work, principal: Reader, resource_id: Id, response: Response) -> ResourceShown:
    """Show a compute resource."""
    row = service.resources(work, principal).get(resource_id)
    response.headers.update(etag(row.version))
    return ResourceShown.model_validate(row)


@router.put("/{resource_id}", responses=EDITS)
def edit_compute_resource(  # noqa: PLR0913, PLR0917 - what the edit is made of
    work: Work, principal: Writer, resource_id: Id, expected: ExpectedVersion, body: ResourceBody, response: Response
) -> ResourceShown:
    """Replace a compute resource's description. What was launched before keeps its view of it."""
    row = service.edit(work, principal, resource_id, expected, body)
    response.headers.update(etag(row.version))
    return ResourceShown.model_validate(row)


@router.delete("/{resource_id}", status_code=204, responses=DELETES)
def delete_compute_resource(work: Work, principal: Writer, resource_id: Id) -> None:
    """Remove a compute resource on which nothing is deployed and nothing ran."""
    service.resources(work, principal).delete(resource_id)
