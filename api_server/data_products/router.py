"""Paths of data products."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.data_products import service
from api_server.data_products.schemas import NewReplica, ProductBody, ProductEdit, ProductShown, Replica
from api_server.http.dependencies import Objects, Work, requires
from api_server.http.download import send_object
from api_server.http.etag import ExpectedVersion, etag
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage, encode_cursor
from api_server.http.problem import CREATES, DELETES, EDITS, LISTS, READS, problems
from api_server.objects.keys import uri_of
from api_server.problems import BadRequestError, ConflictError, FieldError, NotFoundError, RangeNotSatisfiableError
from api_server.registry.models import DataProduct, DataReplica
from api_server.registry.repositories.data import ProductRepository, StorageRepository

router = APIRouter(prefix="/data-products", tags=["data"])

Reader = Annotated[Principal, requires(Scope.FILES_READ)]
Writer = Annotated[Principal, requires(Scope.FILES_WRITE)]
_BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The bytes.", "content": {"application/octet-stream": {}}},
    206: {"description": "The bytes of the Range.", "content": {"application/octet-stream": {}}},
    304: {"description": "The caller has it already (If-None-Match)."},
    **problems(NotFoundError, ConflictError, RangeNotSatisfiableError),
}


@router.post("", status_code=201, response_model=ProductShown, responses=CREATES)
def register_data_product(
    request: Request, work: Work, principal: Writer, idempotent: Idempotent, body: ProductBody
) -> Response:
    """Register a file: an output of an experiment, an uploaded file, a file on a storage resource."""

    def produce() -> Answer:
        row = service.register(work, principal, body)
        headers = {"Location": f"{request.url.path}/{row.id}", **etag(row.version)}
        return Answer(201, _shown(work, principal, row), headers)

    return idempotent.answer(work, principal, produce)


@router.get("", responses=LISTS)
def list_data_products(  # noqa: PLR0913, PLR0917 - what narrows the list
    work: Work,
    principal: Reader,
    page: WhichPage,
    q: Annotated[
        str | None, Query(min_length=1, max_length=200, description="A part of name or description, or a SHA-256.")
    ] = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    label: Annotated[
        list[str] | None, Query(max_length=20, description="`name=value`; may be repeated, all must fit.")
    ] = None,
) -> Page[ProductShown]:
    """List data products, newest first."""
    rows = ProductRepository(work.session, principal.gateway_id)
    found = rows.search(page.limit, page.after, q, owner, _labels(label or []))
    return Page(items=_all_shown(work, principal, found.rows), next_cursor=encode_cursor(found.next))


@router.get("/{product_id}", responses=READS)
def get_data_product(work: Work, principal: Reader, product_id: Id, response: Response) -> ProductShown:
    """Show a data product with its replicas."""
    row = service.products(work, principal).get(product_id)
    response.headers.update(etag(row.version))
    return _shown(work, principal, row)


@router.put("/{product_id}", responses=EDITS)
def edit_data_product(  # noqa: PLR0913, PLR0917 - what the edit is made of
    work: Work, principal: Writer, product_id: Id, expected: ExpectedVersion, body: ProductEdit, response: Response
) -> ProductShown:
    """Change what is said about a data product: name, description, labels."""
    row = service.edit(work, principal, product_id, expected, body)
    response.headers.update(etag(row.version))
    return _shown(work, principal, row)


@router.delete("/{product_id}", status_code=204, responses=DELETES)
def delete_data_product(work: Work, principal: Writer, product_id: Id) -> None:
    """Forget a data product that no experiment needs any more. Its bytes stay where they are."""
    service.delete(work, principal, product_id)


@router.post("/{product_id}/replicas", status_code=201, response_model=ProductShown, responses=CREATES)
def add_data_replica(
    work: Work, principal: Writer, idempotent: Idempotent, product_id: Id, body: NewReplica
) -> Response:
    """Name one more place where the product's bytes are."""

    def produce() -> Answer:
        return Answer(201, _shown(work, principal, service.add_replica(work, principal, product_id, body.uri)))

    return idempotent.answer(work, principal, produce)


@router.delete("/{product_id}/replicas/{replica_id}", status_code=204, responses=DELETES)
def remove_data_replica(work: Work, principal: Writer, product_id: Id, replica_id: Id) -> None:
    """Forget one of several places."""
    service.remove_replica(work, principal, product_id, replica_id)


@router.get("/{product_id}/content", response_class=Response, responses=_BYTES)
def get_data_product_content(
    request: Request, work: Work, principal: Reader, store: Objects, product_id: Id
) -> Response:
    """Download a data product that the platform itself stores, whole or a Range of it."""
    row = service.products(work, principal).get(product_id)
    key = next((replica.key for replica in row.replicas if replica.key is not None), None)
    if key is None:
        text = "The platform stores no replica of it; it is on a storage resource, from which experiments read it."
        raise ConflictError(text, slug="not-stored-here")
    return send_object(request, store, key, name=row.name, content_type=row.content_type, sha256=row.sha256)


def _labels(texts: list[str]) -> dict[str, str]:
    labels = {}
    for text in texts:
        name, found, value = text.partition("=")
        if not found or not name:
            raise BadRequestError(errors=[FieldError("label", "must be name=value", text[:100])])
        labels[name] = value
    return labels


def _shown(work: Work, principal: Principal, row: DataProduct) -> ProductShown:
    return _all_shown(work, principal, [row])[0]


def _all_shown(work: Work, principal: Principal, rows: Sequence[DataProduct]) -> list[ProductShown]:
    places = {replica.storage_id for row in rows for replica in row.replicas if replica.storage_id is not None}
    names = StorageRepository(work.session, principal.gateway_id).names(places)

    def replica(one: DataReplica) -> Replica:
        uri = uri_of(one.key) if one.key is not None else f"howdah://storage/{names[one.storage_id or '']}/{one.path}"
        return Replica(id=one.id, uri=uri, storage_id=one.storage_id, created_at=one.created_at)

    def product(row: DataProduct) -> ProductShown:
        own = {name: getattr(row, name) for name in ProductShown.model_fields if name not in {"uri", "replicas"}}
        return ProductShown(uri=f"howdah://products/{row.id}", replicas=[replica(one) for one in row.replicas], **own)

    return [product(row) for row in rows]
