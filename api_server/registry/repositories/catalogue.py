"""What a gateway can run and where. One repository for all catalogue tables: they differ in their columns only."""

from typing import Any, ClassVar, Generic, TypeVar, cast

from sqlalchemy import ColumnElement, CursorResult, Select, delete, func, or_, select, update
from sqlalchemy import cast as cast_sql
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.types import Text

from api_server.registry.models import (
    Agent,
    ApplicationDeployment,
    ApplicationInterface,
    ApplicationModule,
    ComputeResource,
    Credential,
    DataProduct,
    DataReplica,
    Experiment,
    MaintenanceWindow,
    Quota,
    Schedule,
    StorageResource,
    StoredObject,
)
from api_server.registry.paging import PageOf, Position, newest_first
from howdah.contracts.states import ExperimentState, is_terminal

Row = TypeVar(
    "Row",
    ApplicationModule,
    ApplicationInterface,
    ApplicationDeployment,
    ComputeResource,
    Credential,
    StoredObject,
    StorageResource,
    DataProduct,
    Quota,
    MaintenanceWindow,
    Schedule,
)

Use = tuple[str, str, str]
"""(what uses it, its id, its name or '')."""
_SHOWN_USES = 5


class CatalogueRepository(Generic[Row]):
    """The rows of one kind that a gateway has. Subclasses say which kind."""

    model: type[Row]
    options: ClassVar[tuple[Any, ...]] = ()

    def __init__(self, session: Session, gateway_id: str) -> None:
        self._session = session
        self._gateway_id = gateway_id

    def add(self, row: Row) -> Row:
        """Write a row of this gateway and return it with what the database filled in."""
        row.gateway_id = self._gateway_id
        self._session.add(row)
        self._session.flush()
        self._session.refresh(row)
        return row

    def save(self, row: Row) -> Row:
        """Write what was changed in a row that ``find`` returned with ``lock``."""
        self._session.flush()
        return row

    def find(self, row_id: str, *, lock: bool = False) -> Row | None:
        """Return the row, None where this gateway has none with the id; with ``lock`` nobody changes it meanwhile."""
        statement = self._mine().where(self.model.id == row_id).options(*self.options)
        return self._session.scalars(statement.with_for_update() if lock else statement).one_or_none()

    def page(self, limit: int, after: Position | None, *where: ColumnElement[bool]) -> PageOf[Row]:
        """Return a page, newest first."""
        statement = self._mine().where(*where).options(*self.options)
        at, identity = self.model.created_at, self.model.id
        return newest_first(self._session, statement, at, identity, limit=limit, after=after)

    def delete(self, row_id: str) -> bool:
        """Delete the row; return whether there was one."""
        statement = delete(self.model).where(self.model.gateway_id == self._gateway_id, self.model.id == row_id)
        return cast("CursorResult[Any]", self._session.execute(statement)).rowcount == 1

    def uses(self, row_id: str) -> list[Use]:
        """Return some of what refers to the row, nothing when it may be deleted."""
        del row_id
        return []

    def _mine(self) -> Select[Row]:
        return select(self.model).where(self.model.gateway_id == self._gateway_id)

    def _schedules(self, row_id: str) -> Select[str, str]:
        """Return the statement of the schedules whose experiments name the row."""
        named = cast_sql(Schedule.experiment, Text).contains(row_id, autoescape=True)
        return select(Schedule.id, Schedule.name).where(Schedule.gateway_id == self._gateway_id, named)

    def _users(self, what: str, statement: Select[str, str]) -> list[Use]:
        return [(what, row[0], row[1]) for row in self._session.execute(statement.limit(_SHOWN_USES))]


class CredentialRepository(CatalogueRepository[Credential]):
    """Credentials; the encrypted columns are loaded only by ``sealed``."""

    model = Credential

    def uses(self, row_id: str) -> list[Use]:
        """Return the resources that are reached with it."""
        storage = select(StorageResource.id, StorageResource.name).where(
            StorageResource.gateway_id == self._gateway_id, StorageResource.credential_id == row_id
        )
        statement = select(ComputeResource.id, ComputeResource.name).where(
            ComputeResource.gateway_id == self._gateway_id,
            or_(
                ComputeResource.credential_id == row_id,
                ComputeResource.jump_hosts.contains([{"credential_id": row_id}]),
            ),
        )
        return self._users("compute resource", statement) + self._users("storage resource", storage)

    def sealed(self, row_id: str) -> tuple[str, bytes, bytes, str] | None:
        """Return (kind, wrapped key, ciphertext, master key id)."""
        row = self._session.execute(
            select(Credential.kind, Credential.wrapped_key, Credential.ciphertext, Credential.master_key_id).where(
                Credential.gateway_id == self._gateway_id, Credential.id == row_id
            )
        ).one_or_none()
        return None if row is None else (row.kind, row.wrapped_key, row.ciphertext, row.master_key_id)


class QuotaRepository(CatalogueRepository[Quota]):
    """Quotas of live jobs."""

    model = Quota


class WindowRepository(CatalogueRepository[MaintenanceWindow]):
    """Maintenance windows of resources."""

    model = MaintenanceWindow


class ResourceRepository(CatalogueRepository[ComputeResource]):
    """Compute resources, always with their queues."""

    model = ComputeResource
    options = (selectinload(ComputeResource.queues),)

    def add(self, row: ComputeResource) -> ComputeResource:
        """Write a resource with its queues."""
        row.gateway_id = self._gateway_id
        self._session.add(row)
        self._session.flush()
        self._session.refresh(row, ["created_at", "updated_at", "queues"])
        return row

    def uses(self, row_id: str) -> list[Use]:
        """Return the deployments on it, the experiments that ran there, and its agent."""
        deployments = select(ApplicationDeployment.id, ApplicationDeployment.executable).where(
            ApplicationDeployment.gateway_id == self._gateway_id, ApplicationDeployment.resource_id == row_id
        )
        experiments = select(Experiment.id, Experiment.name).where(
            Experiment.gateway_id == self._gateway_id, Experiment.resource_id == row_id
        )
        agents = select(Agent.resource_id, Agent.kafka_user).where(
            Agent.gateway_id == self._gateway_id, Agent.resource_id == row_id
        )
        named = (
            *(("application deployment", deployments), ("experiment", experiments), ("enrolled agent", agents)),
            ("schedule", self._schedules(row_id)),
        )
        return [use for what, statement in named for use in self._users(what, statement)]


class ModuleRepository(CatalogueRepository[ApplicationModule]):
    """Application modules."""

    model = ApplicationModule

    def uses(self, row_id: str) -> list[Use]:
        """Return its interfaces and deployments."""
        interfaces = select(ApplicationInterface.id, ApplicationInterface.name).where(
            ApplicationInterface.gateway_id == self._gateway_id, ApplicationInterface.module_id == row_id
        )
        deployments = select(ApplicationDeployment.id, ApplicationDeployment.executable).where(
            ApplicationDeployment.gateway_id == self._gateway_id, ApplicationDeployment.module_id == row_id
        )
        return self._users("application interface", interfaces) + self._users("application deployment", deployments)


class InterfaceRepository(CatalogueRepository[ApplicationInterface]):
    """Application interfaces."""

    model = ApplicationInterface

    def uses(self, row_id: str) -> list[Use]:
        """Return the experiments made with it."""
        statement = select(Experiment.id, Experiment.name).where(
            Experiment.gateway_id == self._gateway_id, Experiment.interface_id == row_id
        )
        return self._users("experiment", statement) + self._users("schedule", self._schedules(row_id))


class DeploymentRepository(CatalogueRepository[ApplicationDeployment]):
    """Application deployments."""

    model = ApplicationDeployment


class FileRepository(CatalogueRepository[StoredObject]):
    """Uploaded files that are not deleted."""

    model = StoredObject

    def uses(self, row_id: str) -> list[Use]:
        """Return the live experiments and the schedules whose inputs name the file, and the products that it is."""
        statement = select(Experiment.id, Experiment.name).where(
            Experiment.gateway_id == self._gateway_id,
            Experiment.state.in_(sorted(state for state in ExperimentState if not is_terminal(state))),
            cast_sql(Experiment.spec, Text).contains(row_id, autoescape=True),
        )
        products = (
            select(DataProduct.id, DataProduct.name)
            .join(DataReplica, DataReplica.product_id == DataProduct.id)
            .join(StoredObject, StoredObject.key == DataReplica.key)
            .where(StoredObject.gateway_id == self._gateway_id, StoredObject.id == row_id)
        )
        schedules = self._schedules(row_id)
        named = (("experiment", statement), ("data product", products), ("schedule", schedules))
        return [use for what, users in named for use in self._users(what, users)]

    def mark_deleted(self, row_id: str) -> None:
        """Hide the file; its bytes are removed after the commit."""
        self._session.execute(
            update(StoredObject)
            .where(StoredObject.gateway_id == self._gateway_id, StoredObject.id == row_id)
            .values(deleted_at=func.now())
        )

    def _mine(self) -> Select[StoredObject]:
        return super()._mine().where(StoredObject.deleted_at.is_(None))
