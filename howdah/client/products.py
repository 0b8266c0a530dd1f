"""Data products: registered, searched, downloaded."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from howdah.client.collections import VersionedCollection
from howdah.client.connection import Connection
from howdah.client.models import DataProduct
from howdah.client.transfers import save


class ProductCalls(VersionedCollection[DataProduct]):
    """Everything about data products. Methods raise the errors of ``howdah.client.errors``."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, "/data-products", DataProduct)

    def search(
        self, *, text: str | None = None, owner: str | None = None, labels: Mapping[str, str] | None = None
    ) -> Iterator[DataProduct]:
        """Yield the products that fit, newest first: a part of name or description or a SHA-256, and all the labels."""
        label = [f"{name}={value}" for name, value in (labels or {}).items()]
        return self._connection.pages(self._path, DataProduct, {"q": text, "owner": owner, "label": label or None})

    def register(  # noqa: PLR0913 - what is said about a product, by keyword
        self,
        *,
        replicas: Sequence[str],
        name: str | None = None,
        description: str = "",
        labels: Mapping[str, str] | None = None,
        sha256: str | None = None,
        size_bytes: int | None = None,
    ) -> DataProduct:
        """Register uploaded files (``howdah://objects/…``) or files on storage (``howdah://storage/<name>/<path>``)."""
        known = {"name": name, "sha256": sha256, "size_bytes": size_bytes}
        said: dict[str, object] = {field: value for field, value in known.items() if value is not None}
        body: dict[str, object] = {"replicas": list(replicas), "description": description, "labels": dict(labels or {})}
        return self.create(body | said)

    def register_output(
        self, experiment_id: str, output: str, *, name: str | None = None, labels: Mapping[str, str] | None = None
    ) -> DataProduct:
        """Register an output of an experiment's latest run, which must be there."""
        body: dict[str, object] = {"output": {"experiment_id": experiment_id, "name": output}}
        return self.create(body | {"labels": dict(labels or {})} | ({"name": name} if name else {}))

    def add_replica(self, product_id: str, uri: str) -> DataProduct:
        """Name one more place where the product's bytes are."""
        return self._connection.post(f"{self._path}/{product_id}/replicas", {"uri": uri}, DataProduct, once=True)

    def download(self, product_id: str, target: Path) -> Path:
        """Save a product that the platform stores, streamed and checked; ConflictError when it is elsewhere only."""
        product = self.get(product_id)
        return save(self._connection, f"{self._path}/{product_id}/content", target, product.sha256)
