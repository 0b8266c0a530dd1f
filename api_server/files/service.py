"""Decisions about files."""

from api_server.auth.principal import Principal
from api_server.files.upload import Upload
from api_server.http.crud import Crud
from api_server.http.dependencies import after_commit
from api_server.objects.keys import uri_of
from api_server.objects.store import ObjectStore
from api_server.problems import ConflictError, ForbiddenError
from api_server.registry.models import StoredObject
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.catalogue import FileRepository
from api_server.registry.unit_of_work import UnitOfWork


def files(work: UnitOfWork, principal: Principal) -> Crud[StoredObject]:
    """Return the files of the caller's gateway."""
    return Crud(work, principal, FileRepository(work.session, principal.gateway_id), "file", unique="name")


def key_for(principal: Principal, file_id: str) -> str:
    """Return where an upload's bytes go; nothing that a user says is in it."""
    return f"{principal.gateway_id}/uploads/{file_id}"


def register(work: UnitOfWork, principal: Principal, file_id: str, upload: Upload) -> StoredObject:
    """Write the row of a file whose bytes are in the store."""
    row = StoredObject(
        id=file_id,
        key=key_for(principal, file_id),
        name=upload.name,
        content_type=upload.content_type,
        size_bytes=upload.written.size_bytes,
        sha256=upload.written.sha256,
        created_by=principal.subject,
    )
    return files(work, principal).create(row)


def delete(work: UnitOfWork, principal: Principal, store: ObjectStore, file_id: str) -> None:
    """Delete one's own file (an administrator: any) unless an experiment that has not ended needs it."""
    rows = FileRepository(work.session, principal.gateway_id)
    row = files(work, principal).get(file_id)
    if not principal.may_steer(row.created_by):
        raise ForbiddenError(f"The file belongs to {row.created_by}.", slug="not-owner")
    if uses := rows.uses(file_id):
        named = ", ".join(f"{what} {name!r} ({identity})" for what, identity, name in uses)
        raise ConflictError(f"The file is used by {named}.", slug="in-use")
    rows.mark_deleted(file_id)
    AuditRepository(work.session, principal.gateway_id).record(
        principal.subject, "delete", "file", file_id, {"name": row.name, "uri": uri_of(row.key)}
    )
    after_commit(work, lambda: store.delete(row.key))
