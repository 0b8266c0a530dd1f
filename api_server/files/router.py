"""Paths of uploaded files."""

from functools import partial
from typing import Annotated, Any, Final

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.files import service
from api_server.files.schemas import FileShown
from api_server.files.upload import store_form_file
from api_server.http.dependencies import Objects, Work, requires, unless_committed
from api_server.http.download import send_object
from api_server.http.idempotency import Answer, Idempotency, IdempotencyKeyHeader, fingerprint
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, LISTS, READS, problems
from api_server.objects.keys import uri_of
from api_server.problems import NotFoundError, RangeNotSatisfiableError
from api_server.registry.models import StoredObject
from api_server.registry.repositories.catalogue import FileRepository
from howdah.contracts.ids import new_id

router = APIRouter(prefix="/files", tags=["files"])

Reader = Annotated[Principal, requires(Scope.FILES_READ)]
Writer = Annotated[Principal, requires(Scope.FILES_WRITE)]

_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                },
                "example": {"file": "the bytes of the file"},
            }
        },
    }
}
BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The bytes.", "content": {"application/octet-stream": {}}},
    206: {"description": "The bytes of the Range.", "content": {"application/octet-stream": {}}},
    304: {"description": "The caller has it already (If-None-Match)."},
}


@router.post("", status_code=201, response_model=FileShown, responses=CREATES, openapi_extra=_FORM)
async def upload_file(
    request: Request,
    work: Work,
    principal: Writer,
    store: Objects,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Upload a file, for experiments to take as an input."""
    file_id = new_id()
    key = service.key_for(principal, file_id)
    upload = await store_form_file(request, store, key, request.app.state.settings.max_upload_bytes)
    unless_committed(work, partial(store.delete, key))
    content = f"{upload.name}\x00{upload.written.sha256}".encode()
    idempotency = Idempotency(idempotency_key, fingerprint(request, content) if idempotency_key else b"")

    def produce() -> Answer:
        shown = _shown(service.register(work, principal, file_id, upload))
        return Answer(201, shown, {"Location": f"{request.url.path}/{file_id}"})

    def answer() -> Response:
        response = idempotency.answer(work, principal, produce)
        if "Idempotency-Replayed" in response.headers:
            store.delete(key)
        return response

    return await run_sync(answer)


@router.get("", responses=LISTS)
def list_files(work: Work, principal: Reader, page: WhichPage) -> Page[FileShown]:
    """List uploaded files."""
    return Page.of(FileRepository(work.session, principal.gateway_id).page(page.limit, page.after), _shown)


@router.get("/{file_id}", responses=READS)
def get_file(work: Work, principal: Reader, file_id: Id) -> FileShown:
    """Show an uploaded file."""
    return _shown(service.files(work, principal).get(file_id))


@router.delete("/{file_id}", status_code=204, responses=DELETES)
def delete_file(work: Work, principal: Writer, store: Objects, file_id: Id) -> None:
    """Delete an uploaded file that no experiment needs any more."""
    service.delete(work, principal, store, file_id)


@router.get(
    "/{file_id}/content",
    response_class=Response,
    responses={**BYTES, **problems(NotFoundError, RangeNotSatisfiableError)},
)
def get_file_content(request: Request, work: Work, principal: Reader, store: Objects, file_id: Id) -> Response:
    """Download an uploaded file, whole or a Range of it."""
    row = service.files(work, principal).get(file_id)
    return send_object(request, store, row.key, name=row.name, content_type=row.content_type, sha256=row.sha256)


def _shown(row: StoredObject) -> FileShown:
    return FileShown(
        id=row.id,
        uri=uri_of(row.key),
        name=row.name,
        content_type=row.content_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_by=row.created_by,
        created_at=row.created_at,
    )
