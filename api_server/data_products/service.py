"""Decisions about data products."""

import mimetypes
from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter, ValidationError

from api_server.auth.principal import Principal
from api_server.data_products.schemas import ProductBody, ProductEdit
from api_server.http.crud import Crud
from api_server.objects.keys import key_of
from api_server.objects.outputs import find_output
from api_server.problems import ConflictError, FieldError, ForbiddenError, InvalidRequestError, NotFoundError
from api_server.registry.models import DataProduct, DataReplica, StoredObject
from api_server.registry.repositories import launch_catalogue
from api_server.registry.repositories.data import ProductRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.paths import RelativePath

_STORAGE: Final = "howdah://storage/"
_PATH: Final[TypeAdapter[str]] = TypeAdapter(RelativePath)
_UNKNOWN_TYPE: Final = "application/octet-stream"


def products(work: UnitOfWork, principal: Principal) -> Crud[DataProduct]:
    """Return the data products of the caller's gateway."""
    return Crud(work, principal, ProductRepository(work.session, principal.gateway_id), "data product", unique="name")


def register(work: UnitOfWork, principal: Principal, body: ProductBody) -> DataProduct:
    """Write a product: an output that is there, or files that are known by their places."""
    if body.output is not None:
        row = _of_output(work, principal, body, body.output.experiment_id, body.output.name)
    else:
        row = _of_replicas(work, principal, body)
    row.owner, row.description, row.labels = principal.subject, body.description, dict(body.labels)
    return products(work, principal).create(row)


def _of_output(work: UnitOfWork, principal: Principal, body: ProductBody, experiment_id: str, name: str) -> DataProduct:
    output, key = find_output(work, principal.gateway_id, experiment_id, name)
    if output["files"]:
        message = "is several files; register it with an application that packs them, or each by itself"
        raise InvalidRequestError(errors=[FieldError("output.name", message, name)])
    return DataProduct(
        name=body.name or output["file_name"],
        content_type=output["content_type"],
        size_bytes=output["size_bytes"],
        sha256=output["sha256"],
        experiment_id=experiment_id,
        output_name=name,
        replicas=[DataReplica(key=key)],
    )


def _of_replicas(work: UnitOfWork, principal: Principal, body: ProductBody) -> DataProduct:
    rows = ProductRepository(work.session, principal.gateway_id)
    found = [_replica(work, principal, rows, uri, f"replicas.{number}") for number, uri in enumerate(body.replicas)]
    uploads = [upload for _, upload in found if upload is not None]
    name = body.name or uploads[0].name
    for upload in uploads:
        _check_same(upload, size_bytes=body.size_bytes, sha256=body.sha256, others=uploads)
    return DataProduct(
        name=name,
        content_type=uploads[0].content_type if uploads else mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE,
        size_bytes=uploads[0].size_bytes if uploads else body.size_bytes,
        sha256=uploads[0].sha256 if uploads else body.sha256,
        replicas=[replica for replica, _ in found],
    )


def _check_same(
    upload: StoredObject, *, size_bytes: int | None, sha256: str | None, others: Sequence[StoredObject] = ()
) -> None:
    digests = {upload.sha256, *(other.sha256 for other in others), *([sha256] if sha256 else [])}
    if len(digests) > 1 or size_bytes not in {None, upload.size_bytes}:
        message = (
            f"has {upload.size_bytes} bytes with the SHA-256 {upload.sha256}: replicas of one product are the same"
        )
        raise InvalidRequestError(errors=[FieldError("replicas", message)])


def _replica(
    work: UnitOfWork, principal: Principal, rows: ProductRepository, uri: str, field: str
) -> tuple[DataReplica, StoredObject | None]:
    if not uri.startswith(_STORAGE):
        upload = rows.uploaded(key_of(uri))
        if upload is None:
            message = "no uploaded file of this gateway has this URI; upload it first, or register an output"
            raise InvalidRequestError(errors=[FieldError(field, message, uri[:200])])
        return DataReplica(key=upload.key), upload
    name, _, path = uri.removeprefix(_STORAGE).partition("/")
    storage = launch_catalogue.storage_named(work.session, principal.gateway_id, [name])
    if not storage:
        message = "no enabled storage resource of this gateway has this name"
        raise InvalidRequestError(errors=[FieldError(field, message, name[:100])])
    try:
        return DataReplica(storage_id=storage[0].id, path=_PATH.validate_python(path)), None
    except ValidationError:
        message = "has no path without empty, '.' or '..' segments"
        raise InvalidRequestError(errors=[FieldError(field, message, uri[:200])]) from None


def edit(work: UnitOfWork, principal: Principal, product_id: str, expected: int, body: ProductEdit) -> DataProduct:
    """Change what is said about one's own product (an administrator: any)."""
    _own(work, principal, product_id)
    return products(work, principal).edit(product_id, expected, body.model_dump())


def delete(work: UnitOfWork, principal: Principal, product_id: str) -> None:
    """Forget one's own product; the bytes stay where they are."""
    _own(work, principal, product_id)
    products(work, principal).delete(product_id)


def add_replica(work: UnitOfWork, principal: Principal, product_id: str, uri: str) -> DataProduct:
    """Name one more place; of an uploaded file the digest must be the product's."""
    row = _own(work, principal, product_id)
    rows = ProductRepository(work.session, principal.gateway_id)
    replica, upload = _replica(work, principal, rows, uri, "uri")
    if upload is not None:
        _check_same(upload, size_bytes=row.size_bytes, sha256=row.sha256)
    return rows.add_replica(row, replica)


def remove_replica(work: UnitOfWork, principal: Principal, product_id: str, replica_id: str) -> None:
    """Forget one place; the last one goes only with the product."""
    row = _own(work, principal, product_id)
    if replica_id not in {replica.id for replica in row.replicas}:
        raise NotFoundError.of("replica of this product", replica_id)
    if len(row.replicas) == 1:
        raise ConflictError("It is the only replica; delete the product instead.", slug="last-replica")
    ProductRepository(work.session, principal.gateway_id).remove_replica(row, replica_id)


def _own(work: UnitOfWork, principal: Principal, product_id: str) -> DataProduct:
    row = products(work, principal).get(product_id)
    if not principal.may_steer(row.owner):
        raise ForbiddenError(f"The data product belongs to {row.owner}.", slug="not-owner")
    return row
