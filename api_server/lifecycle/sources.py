"""The sources that inputs name, looked up for one gateway: what another gateway has is not found."""

from collections.abc import Collection, Mapping
from typing import assert_never
from urllib.parse import quote

from pydantic import ValidationError
from sqlalchemy.orm import Session

from api_server.dag.application import StoredFile
from api_server.dag.deliveries import is_destination
from api_server.dag.sources import OBJECTS, Source, SourceKind, file_name_of, read_source
from api_server.registry.models import DataProduct, StorageResource
from api_server.registry.repositories import launch_catalogue as queries
from howdah.contracts.ids import CredentialId, ResourceId
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.storage import FileOrigin, HttpOrigin, Origin, S3Origin, SftpOrigin, StorageKind


def load_sources(session: Session, gateway_id: str, texts: Collection[str]) -> dict[str, StoredFile]:
    """Return those that can be read, by their text, with one query a table."""
    sources = [source for source in map(read_source, texts) if source is not None]
    named: dict[SourceKind, list[Source]] = {kind: [] for kind in SourceKind}
    for source in sources:
        named[source.kind].append(source)
    return {
        **_objects(session, gateway_id, named[SourceKind.OBJECT]),
        **_products(session, gateway_id, named[SourceKind.PRODUCT]),
        **_storage(session, gateway_id, named[SourceKind.STORAGE]),
        **{
            web.text: StoredFile(web.text, file_name_of(web), None, None, HttpOrigin(url=web.name))
            for web in named[SourceKind.WEB]
        },
    }


def load_places(session: Session, gateway_id: str, texts: Collection[str]) -> dict[str, Origin]:
    """Return the places on the gateway's storage that ``texts`` name, by their text: where outputs may go."""
    files = load_sources(session, gateway_id, [text for text in texts if is_destination(text)])
    return {text: file.origin for text, file in files.items() if file.origin is not None}


def _objects(session: Session, gateway_id: str, sources: Collection[Source]) -> dict[str, StoredFile]:
    found = queries.files(session, gateway_id, {source.name for source in sources})
    return {OBJECTS + row.key: StoredFile(OBJECTS + row.key, row.name, row.size_bytes, row.sha256) for row in found}


def _storage(session: Session, gateway_id: str, sources: Collection[Source]) -> dict[str, StoredFile]:
    by_name = {row.name: row for row in queries.storage_named(session, gateway_id, {one.name for one in sources})}
    files = {}
    for source in sources:
        row = by_name.get(source.name)
        if row is not None and (origin := origin_of(row, source.path)) is not None:
            files[source.text] = StoredFile(source.text, file_name_of(source), None, None, origin)
    return files


def _products(session: Session, gateway_id: str, sources: Collection[Source]) -> dict[str, StoredFile]:
    rows = {row.id: row for row in queries.products(session, gateway_id, {source.name for source in sources})}
    places = {replica.storage_id for row in rows.values() for replica in row.replicas if replica.storage_id}
    storage = {row.id: row for row in queries.storage(session, gateway_id, places)}
    found = ((source, rows.get(source.name)) for source in sources)
    files = ((source.text, _of_product(source, row, storage)) for source, row in found if row is not None)
    return {text: file for text, file in files if file is not None}


def _of_product(source: Source, row: DataProduct, storage: Mapping[str, StorageResource]) -> StoredFile | None:
    """Return the product at its best replica: the platform's own store first."""
    for replica in sorted(row.replicas, key=lambda one: one.key is None):
        if replica.key is not None:
            return StoredFile(source.text, row.name, row.size_bytes, row.sha256, at=OBJECTS + replica.key)
        place = storage.get(replica.storage_id or "")
        if place is not None and (origin := origin_of(place, replica.path or "")) is not None:
            return StoredFile(source.text, row.name, row.size_bytes, row.sha256, origin)
    return None


def origin_of(row: StorageResource, path: str) -> Origin | None:
    """Return where a task service reads ``path`` of a storage resource; None when the row does not say."""
    try:
        return _origin_of(row, path)
    except ValidationError:
        return None


def _origin_of(row: StorageResource, path: str) -> Origin:
    match kind := StorageKind(row.kind):
        case StorageKind.FILE:
            return FileOrigin(root=row.root, path=path)
        case StorageKind.HTTP:
            return HttpOrigin(url=f"{row.root.rstrip('/')}/{quote(path)}")
        case StorageKind.S3:
            return S3Origin(
                bucket=row.root,
                key=path,
                endpoint_url=row.endpoint_url,
                region=row.region,
                access_key_id=row.username,
                credential_id=CredentialId(row.credential_id) if row.credential_id else None,
            )
        case StorageKind.SFTP:
            return SftpOrigin(target=_target_of(row), root=row.root, path=path)
        case _:
            assert_never(kind)


def _target_of(row: StorageResource) -> ResourceTarget:
    return ResourceTarget(
        resource_id=ResourceId(row.id),
        name=row.name,
        host=row.host or "",
        port=row.port,
        username=row.username,
        credential_id=CredentialId(row.credential_id) if row.credential_id else None,
        host_keys=tuple(row.host_keys),
    )
