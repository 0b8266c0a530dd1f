"""Decisions about storage resources."""

from api_server.auth.principal import Principal
from api_server.http.crud import Crud
from api_server.problems import FieldError, ForbiddenError, InvalidRequestError
from api_server.registry.models import StorageResource
from api_server.registry.repositories.catalogue import CredentialRepository
from api_server.registry.repositories.data import StorageRepository
from api_server.registry.unit_of_work import UnitOfWork
from api_server.storage_resources.schemas import StorageBody
from howdah.contracts.storage import StorageKind


def storage_resources(work: UnitOfWork, principal: Principal) -> Crud[StorageResource]:
    """Return the storage resources of the caller's gateway."""
    rows = StorageRepository(work.session, principal.gateway_id)
    return Crud(work, principal, rows, "storage resource", unique="name")


def create(work: UnitOfWork, principal: Principal, body: StorageBody) -> StorageResource:
    """Add a storage resource."""
    _check(work, principal, body)
    return storage_resources(work, principal).create(StorageResource(**body.model_dump(mode="json")))


def edit(work: UnitOfWork, principal: Principal, storage_id: str, expected: int, body: StorageBody) -> StorageResource:
    """Replace its description. Runs that were launched before keep their view of it."""
    _check(work, principal, body)
    return storage_resources(work, principal).edit(storage_id, expected, body.model_dump(mode="json"))


def _check(work: UnitOfWork, principal: Principal, body: StorageBody) -> None:
    if body.kind is StorageKind.FILE and not principal.is_platform_admin:
        raise ForbiddenError(
            "A storage resource of the kind 'file' reads on the services' own machines: "
            "only a platform administrator adds one.",
            slug="missing-role",
        )
    credentials = CredentialRepository(work.session, principal.gateway_id)
    if body.credential_id is not None and credentials.find(body.credential_id) is None:
        raise InvalidRequestError(errors=[FieldError("credential_id", "names no credential of this gateway")])
