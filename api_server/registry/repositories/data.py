"""Storage resources and data products of one gateway."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Text, cast, delete, or_, select
from sqlalchemy.orm import selectinload

from api_server.registry.models import DataProduct, DataReplica, Experiment, StorageResource, StoredObject
from api_server.registry.paging import PageOf, Position
from api_server.registry.repositories.catalogue import CatalogueRepository, Use
from howdah.contracts.states import ExperimentState, is_terminal

_LIVE = sorted(state for state in ExperimentState if not is_terminal(state))


class StorageRepository(CatalogueRepository[StorageResource]):
    """Storage resources."""

    model = StorageResource

    def names(self, ids: Collection[str]) -> dict[str, str]:
        """Return the names by their ids."""
        statement = select(StorageResource.id, StorageResource.name).where(
            StorageResource.gateway_id == self._gateway_id, StorageResource.id.in_(ids)
        )
        return {row[0]: row[1] for row in self._session.execute(statement)} if ids else {}

    def uses(self, row_id: str) -> list[Use]:
        """Return the data products that have a replica on it."""
        statement = (
            select(DataProduct.id, DataProduct.name)
            .join(DataReplica, DataReplica.product_id == DataProduct.id)
            .where(DataProduct.gateway_id == self._gateway_id, DataReplica.storage_id == row_id)
        )
        return self._users("data product", statement)


class ProductRepository(CatalogueRepository[DataProduct]):
    """Data products, always with their replicas."""

    model = DataProduct
    options = (selectinload(DataProduct.replicas),)

    def add(self, row: DataProduct) -> DataProduct:
        """Write a product with its replicas."""
        row.gateway_id = self._gateway_id
        self._session.add(row)
        self._session.flush()
        self._session.refresh(row, ["created_at", "updated_at", "replicas"])
        return row

    def uses(self, row_id: str) -> list[Use]:
        """Return the experiments that have not ended and name the product in their inputs."""
        statement = select(Experiment.id, Experiment.name).where(
            Experiment.gateway_id == self._gateway_id,
            Experiment.state.in_(_LIVE),
            cast(Experiment.spec, Text).contains(row_id, autoescape=True),
        )
        return self._users("experiment", statement)

    def search(
        self, limit: int, after: Position | None, text: str | None, owner: str | None, labels: dict[str, str]
    ) -> PageOf[DataProduct]:
        """Return a page of the products that fit, newest first: ``text`` in name or description, or the digest."""
        conditions: list[ColumnElement[bool]] = []
        if text:
            conditions.append(
                or_(
                    DataProduct.name.icontains(text, autoescape=True),
                    DataProduct.description.icontains(text, autoescape=True),
                    DataProduct.sha256 == text.lower(),
                )
            )
        if owner is not None:
            conditions.append(DataProduct.owner == owner)
        if labels:
            conditions.append(DataProduct.labels.contains(labels))
        return self.page(limit, after, *conditions)

    def add_replica(self, row: DataProduct, replica: DataReplica) -> DataProduct:
        """Write one more place of the product."""
        row.replicas.append(replica)
        self._session.flush()
        self._session.refresh(row, ["replicas"])
        return row

    def remove_replica(self, row: DataProduct, replica_id: str) -> None:
        """Forget one place of the product."""
        statement = delete(DataReplica).where(DataReplica.product_id == row.id, DataReplica.id == replica_id)
        self._session.execute(statement)
        self._session.expire(row, ["replicas"])

    def uploaded(self, key: str) -> StoredObject | None:
        """Return the gateway's uploaded file with this key; it stays until this transaction ends."""
        statement = select(StoredObject).where(
            StoredObject.gateway_id == self._gateway_id, StoredObject.key == key, StoredObject.deleted_at.is_(None)
        )
        return self._session.scalars(statement.with_for_update(read=True)).one_or_none()
