"""What of the catalogue the planning of runs needs, for any number of experiments at once."""

from collections.abc import Collection, Sequence

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session, selectinload

from api_server.registry.models import (
    ApplicationDeployment,
    ApplicationInterface,
    ComputeResource,
    DataProduct,
    StorageResource,
    StoredObject,
    TaskType,
)


def interfaces(session: Session, gateway_id: str, ids: Collection[str]) -> Sequence[ApplicationInterface]:
    """Return the application interfaces."""
    if not ids:
        return []
    statement = select(ApplicationInterface).where(
        ApplicationInterface.gateway_id == gateway_id, ApplicationInterface.id.in_(ids)
    )
    return session.scalars(statement).all()


def resources(session: Session, gateway_id: str, ids: Collection[str]) -> Sequence[ComputeResource]:
    """Return the compute resources with their queues."""
    if not ids:
        return []
    statement = (
        select(ComputeResource)
        .where(ComputeResource.gateway_id == gateway_id, ComputeResource.id.in_(ids))
        .options(selectinload(ComputeResource.queues))
    )
    return session.scalars(statement).all()


def resources_named(
    session: Session, gateway_id: str, names: Collection[str], ids: Collection[str]
) -> Sequence[ComputeResource]:
    """Return the compute resources of these names or ids, with their queues."""
    if not names:
        return []
    statement = (
        select(ComputeResource)
        .where(
            ComputeResource.gateway_id == gateway_id,
            or_(ComputeResource.name.in_(names), ComputeResource.id.in_(ids)),
        )
        .options(selectinload(ComputeResource.queues))
    )
    return session.scalars(statement).all()


def interfaces_named(
    session: Session, gateway_id: str, names: Collection[str], ids: Collection[str]
) -> Sequence[ApplicationInterface]:
    """Return the application interfaces of these names or ids."""
    if not names:
        return []
    statement = select(ApplicationInterface).where(
        ApplicationInterface.gateway_id == gateway_id,
        or_(ApplicationInterface.name.in_(names), ApplicationInterface.id.in_(ids)),
    )
    return session.scalars(statement).all()


def task_types(session: Session, names: Collection[str]) -> Sequence[TaskType]:
    """Return the registered task types; they belong to no gateway."""
    if not names:
        return []
    return session.scalars(select(TaskType).where(TaskType.name.in_(names))).all()


def deployments(
    session: Session, gateway_id: str, pairs: Collection[tuple[str, str]]
) -> Sequence[ApplicationDeployment]:
    """Return the deployments of (module, resource) pairs."""
    if not pairs:
        return []
    statement = select(ApplicationDeployment).where(
        ApplicationDeployment.gateway_id == gateway_id,
        tuple_(ApplicationDeployment.module_id, ApplicationDeployment.resource_id).in_(pairs),
    )
    return session.scalars(statement).all()


def files(session: Session, gateway_id: str, keys: Collection[str]) -> Sequence[StoredObject]:
    """Return the stored objects that were not deleted."""
    if not keys:
        return []
    statement = select(StoredObject).where(
        StoredObject.gateway_id == gateway_id, StoredObject.key.in_(keys), StoredObject.deleted_at.is_(None)
    )
    return session.scalars(statement).all()


def storage_named(session: Session, gateway_id: str, names: Collection[str]) -> Sequence[StorageResource]:
    """Return the enabled storage resources of these names."""
    if not names:
        return []
    statement = select(StorageResource).where(
        StorageResource.gateway_id == gateway_id, StorageResource.name.in_(names), StorageResource.enabled
    )
    return session.scalars(statement).all()


def products(session: Session, gateway_id: str, ids: Collection[str]) -> Sequence[DataProduct]:
    """Return the data products with their replicas."""
    if not ids:
        return []
    statement = (
        select(DataProduct)
        .where(DataProduct.gateway_id == gateway_id, DataProduct.id.in_(ids))
        .options(selectinload(DataProduct.replicas))
    )
    return session.scalars(statement).all()


def storage(session: Session, gateway_id: str, ids: Collection[str]) -> Sequence[StorageResource]:
    """Return the enabled storage resources."""
    if not ids:
        return []
    statement = select(StorageResource).where(
        StorageResource.gateway_id == gateway_id, StorageResource.id.in_(ids), StorageResource.enabled
    )
    return session.scalars(statement).all()
