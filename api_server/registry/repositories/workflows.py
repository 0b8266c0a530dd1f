"""Workflows and their versions, always within a gateway."""

from collections.abc import Collection, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Row, delete, func, or_, select, tuple_
from sqlalchemy.orm import Session

from api_server.registry.models import Experiment, Workflow, WorkflowVersion
from api_server.registry.paging import PageOf, Position, newest_first

Pairs = Collection[tuple[str, int]]


class WorkflowRepository:
    """The workflows of one gateway."""

    def __init__(self, session: Session, gateway_id: str) -> None:
        self._session = session
        self._gateway_id = gateway_id

    def add(self, row: Workflow) -> Workflow:
        """Write a workflow; IntegrityError when the gateway has one of its name."""
        row.gateway_id = self._gateway_id
        self._session.add(row)
        self._session.flush()
        self._session.refresh(row)
        return row

    def find(self, workflow_id: str, *, lock: bool = False) -> Workflow | None:
        """Return the workflow; with ``lock`` nobody adds a version meanwhile."""
        statement = select(Workflow).where(Workflow.gateway_id == self._gateway_id, Workflow.id == workflow_id)
        return self._session.scalars(statement.with_for_update() if lock else statement).one_or_none()

    def page(self, limit: int, after: Position | None, name: str | None = None) -> PageOf[Workflow]:
        """Return a page, newest first; with ``name`` only the one of that name."""
        statement = select(Workflow).where(Workflow.gateway_id == self._gateway_id)
        if name is not None:
            statement = statement.where(Workflow.name == name)
        return newest_first(self._session, statement, Workflow.created_at, Workflow.id, limit=limit, after=after)

    def renew(self, row: Workflow, description: str) -> Workflow:
        """Count the version of a locked row up."""
        row.version += 1
        row.description = description
        row.updated_at = func.now()
        self._session.flush()
        self._session.refresh(row)
        return row

    def delete(self, workflow_id: str) -> bool:
        """Delete it with its versions; return whether there was one."""
        statement = delete(Workflow).where(Workflow.gateway_id == self._gateway_id, Workflow.id == workflow_id)
        return cast("CursorResult[Any]", self._session.execute(statement)).rowcount == 1

    def runs(self, workflow_id: str) -> int:
        """Return how many experiments are runs of it."""
        statement = select(func.count()).where(
            Experiment.gateway_id == self._gateway_id, Experiment.workflow_id == workflow_id
        )
        return self._session.scalars(statement).one()

    # ------------------------------------------------------------ versions

    def add_version(self, row: WorkflowVersion) -> WorkflowVersion:
        """Write a version."""
        row.gateway_id = self._gateway_id
        self._session.add(row)
        self._session.flush()
        self._session.refresh(row)
        return row

    def version(self, workflow_id: str, version: int) -> WorkflowVersion | None:
        """Return one version."""
        statement = select(WorkflowVersion).where(
            WorkflowVersion.gateway_id == self._gateway_id,
            WorkflowVersion.workflow_id == workflow_id,
            WorkflowVersion.version == version,
        )
        return self._session.scalars(statement).one_or_none()

    def versions(self, workflow_id: str, limit: int, after: Position | None) -> PageOf[WorkflowVersion]:
        """Return a page of its versions, newest first."""
        statement = select(WorkflowVersion).where(
            WorkflowVersion.gateway_id == self._gateway_id, WorkflowVersion.workflow_id == workflow_id
        )
        at, identity = WorkflowVersion.created_at, WorkflowVersion.id
        return newest_first(self._session, statement, at, identity, limit=limit, after=after)


def definitions(
    session: Session, gateway_id: str, names: Collection[str], ids: Collection[str], pairs: Pairs
) -> Sequence[Row[str, str, int, int, dict[str, Any]]]:
    """Return (id, name, newest, version, definition) of the newest versions of these, and of the versions in ``pairs``.

    A pair is (name or id, version).
    """
    if not (names or ids):
        return []
    newest = WorkflowVersion.version == Workflow.version
    by_name = tuple_(Workflow.name, WorkflowVersion.version).in_(pairs)
    of_ids = [version for name, version in pairs if name in ids]
    by_id = Workflow.id.in_(ids) & WorkflowVersion.version.in_(of_ids)
    statement = (
        select(
            Workflow.id,
            Workflow.name,
            Workflow.version.label("newest"),
            WorkflowVersion.version,
            WorkflowVersion.definition,
        )
        .join(WorkflowVersion, WorkflowVersion.workflow_id == Workflow.id)
        .where(
            Workflow.gateway_id == gateway_id,
            or_(Workflow.name.in_(names), Workflow.id.in_(ids)),
            or_(newest, by_name, by_id),
        )
    )
    return session.execute(statement).all()
