"""Paths of storage resources."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, requires
from api_server.http.etag import ExpectedVersion, etag
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, EDITS, LISTS, READS
from api_server.registry.repositories.data import StorageRepository
from api_server.storage_resources import service
from api_server.storage_resources.schemas import StorageBody, StorageShown

router = APIRouter(prefix="/storage-resources", tags=["data"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Writer = Annotated[Principal, requires(Scope.CATALOGUE_WRITE)]


@router.post("", status_code=201, response_model=StorageShown, responses=CREATES)
def create_storage_resource(
    request: Request, work: Work, principal: Writer, idempotent: Idempotent, body: StorageBody
) -> Response:
    """Add a storage resource: a place from which inputs are read."""

    def produce() -> Answer:
        row = service.create(work, principal, body)
        headers = {"Location": f"{request.url.path}/{row.id}", **etag(row.version)}
        return Answer(201, StorageShown.model_validate(row), headers)

    return idempotent.answer(work, principal, produce)


@router.get("", responses=LISTS)
def list_storage_resources(work: Work, principal: Reader, page: WhichPage) -> Page[StorageShown]:
    """List storage resources."""
    rows = StorageRepository(work.session, principal.gateway_id).page(page.limit, page.after)
    return Page.of(rows, StorageShown.model_validate)


@router.get("/{storage_id}", responses=READS)
def get_storage_resource(work: Work, principal: Reader, storage_id: Id, response: Response) -> StorageShown:
    """Show a storage resource."""
    row = service.storage_resources(work, principal).get(storage_id)
    response.headers.update(etag(row.version))
    return StorageShown.model_validate(row)


@router.put("/{storage_id}", responses=EDITS)
def edit_storage_resource(  # noqa: PLR0913, PLR0917 - what the edit is made of
    work: Work, principal: Writer, storage_id: Id, expected: ExpectedVersion, body: StorageBody, response: Response
) -> StorageShown:
    """Replace a storage resource's description. What was launched before keeps its view of it."""
    row = service.edit(work, principal, storage_id, expected, body)
    response.headers.update(etag(row.version))
    return StorageShown.model_validate(row)


@router.delete("/{storage_id}", status_code=204, responses=DELETES)
def delete_storage_resource(work: Work, principal: Writer, storage_id: Id) -> None:
    """Remove a storage resource on which no data product has a replica."""
    service.storage_resources(work, principal).delete(storage_id)
