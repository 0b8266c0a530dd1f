"""The catalogue's collections: list, get, find by name, create, replace, delete; edits guarded by the version."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from howdah.client.connection import Connection
from howdah.client.errors import UnexpectedAnswerError
from howdah.client.models import Answer, Versioned

A = TypeVar("A", bound=Answer)
V = TypeVar("V", bound=Versioned)


class Collection(Generic[A]):
    """Things of one kind that can be listed, read, made and deleted."""

    def __init__(self, connection: Connection, path: str, model: type[A]) -> None:
        self._connection = connection
        self._path = path
        self._model = model

    def list(self) -> Iterator[A]:
        """Yield all, newest first."""
        return self._connection.pages(self._path, self._model)

    def get(self, thing_id: str) -> A:
        """Return one; NotFoundError."""
        return self._connection.get(f"{self._path}/{thing_id}", self._model)

    def find(self, name: str) -> A | None:
        """Return the one with this name, or None. A name that is used twice is the newest's."""
        return next((one for one in self.list() if getattr(one, "name", None) == name), None)

    def create(self, body: Mapping[str, object]) -> A:
        """Make one. InvalidRequestError names the fields; ConflictError when the name is taken."""
        return self._connection.post(self._path, body, self._model, once=True)

    def delete(self, thing_id: str) -> None:
        """Delete one; ConflictError when it is in use."""
        self._connection.send("DELETE", f"{self._path}/{thing_id}")


class VersionedCollection(Collection[V]):
    """Things that can also be changed; a change is refused when somebody else was faster."""

    def replace(self, thing: V, body: Mapping[str, object]) -> V:
        """Replace ``thing``, as it was read, by ``body``.

        Raises:
            PreconditionFailedError: it was changed since ``thing`` was read.
        """
        headers = {"If-Match": f'"{thing.version}"'}
        response = self._connection.send("PUT", f"{self._path}/{thing.id}", json=body, headers=headers)
        try:
            return self._model.model_validate_json(response.content)
        except ValueError as error:
            raise UnexpectedAnswerError(f"the answer to PUT {self._path} is not understood") from error
