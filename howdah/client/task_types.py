"""Task types: what tasks of a type of one's own take and give. Registering needs a platform administrator's token."""

from collections.abc import Iterator
from datetime import datetime

from howdah.client.connection import Connection
from howdah.client.errors import UnexpectedAnswerError
from howdah.client.models import Answer
from howdah.contracts.task_types import TaskTypeDescription

_PATH = "/task-types"


class RegisteredTaskType(Answer):
    """A registered task type."""

    name: str
    description: TaskTypeDescription
    version: int
    registered_by: str
    created_at: datetime
    updated_at: datetime


class TaskTypeCalls:
    """Looks at task types (scope catalogue:read) and registers them (platform administrators)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> Iterator[RegisteredTaskType]:
        """Yield all, newest first."""
        return self._connection.pages(_PATH, RegisteredTaskType)

    def get(self, name: str) -> RegisteredTaskType:
        """Return one; NotFoundError when no such type is registered."""
        return self._connection.get(f"{_PATH}/{name}", RegisteredTaskType)

    def register(self, name: str, description: TaskTypeDescription) -> RegisteredTaskType:
        """Register the type, or describe it anew. InvalidRequestError says what is wrong with its schema."""
        body = description.model_dump(mode="json", exclude_none=True)
        response = self._connection.send("PUT", f"{_PATH}/{name}", json=body)
        try:
            return RegisteredTaskType.model_validate_json(response.content)
        except ValueError as error:
            raise UnexpectedAnswerError(f"the answer to PUT {_PATH}/{name} is not understood") from error

    def forget(self, name: str) -> None:
        """Forget the type; its tasks are no longer checked."""
        self._connection.send("DELETE", f"{_PATH}/{name}")
