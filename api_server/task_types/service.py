"""Decisions about task types."""

from sqlalchemy.exc import IntegrityError

from api_server.auth.principal import Principal
from api_server.dag.task_types import schema_trouble
from api_server.problems import ConflictError, FieldError, InvalidRequestError, NotFoundError, UnavailableError
from api_server.registry.models import TaskType
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.task_types import TaskTypeRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.flow import ORCHESTRATED
from howdah.contracts.params import BUILT_IN
from howdah.contracts.task_types import TaskTypeDescription
from howdah.contracts.topics import tasks
from howdah.messaging.abstract import Admin, MessagingError


def get(work: UnitOfWork, name: str) -> TaskType:
    """Return the task type, or NotFoundError."""
    row = TaskTypeRepository(work.session).find(name)
    if row is None:
        raise NotFoundError(f"No task type {name!r} is registered.")
    return row


def register(  # noqa: PLR0913 - who registers what, and the way to the brokers
    work: UnitOfWork,
    principal: Principal,
    name: str,
    description: TaskTypeDescription,
    *,
    brokers: Admin,
    replication_factor: int,
) -> tuple[TaskType, bool]:
    """Register the type or replace its description, and make its topic; return it, and whether it is new.

    Experiments that were launched before keep to what they were checked against.
    """
    if name in BUILT_IN or name in ORCHESTRATED:
        raise ConflictError(f"{name!r} is a task type of the platform's own; choose another name.", slug="built-in")
    if trouble := schema_trouble(description.parameters):
        raise InvalidRequestError(errors=[FieldError("parameters", trouble)])
    try:
        brokers.ensure([tasks(name)], replication_factor)
    except MessagingError as error:
        raise UnavailableError(f"The topic of {name} could not be made: {error}. Try again.") from error
    return _written(work, principal, name, description)


def _written(
    work: UnitOfWork, principal: Principal, name: str, description: TaskTypeDescription
) -> tuple[TaskType, bool]:
    types, told = TaskTypeRepository(work.session), description.model_dump(mode="json")
    row = types.find(name, lock=True)
    if row is not None and row.description == told:
        return row, False
    _note(work, principal, "register", name)
    if row is not None:
        return types.describe(row, told, principal.subject), False
    try:
        return types.add(TaskType(name=name, description=told, registered_by=principal.subject)), True
    except IntegrityError:
        raise ConflictError(
            f"Somebody else registered {name!r} at the same moment; look at it, and try again.", slug="name-taken"
        ) from None


def forget(work: UnitOfWork, principal: Principal, name: str) -> None:
    """Forget the type. Its topic stays, and its tasks are no longer checked."""
    if not TaskTypeRepository(work.session).delete(name):
        raise NotFoundError(f"No task type {name!r} is registered.")
    _note(work, principal, "forget", name)


def _note(work: UnitOfWork, principal: Principal, action: str, name: str) -> None:
    AuditRepository(work.session, principal.gateway_id).record(principal.subject, action, "task type", name, {})
