"""The health of resources as it is shown, and what operators ask for. Every statement is bound to a gateway."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, and_, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api_server.registry.models import ComputeResource, ResourceControl, ResourceHealth, ResourceHealthEvent, Task
from api_server.registry.paging import PageOf, Position
from api_server.registry.repositories.rows import Row, all_rows, page_of

_MOST_RESOURCES: Final = 1_000


def accounts(session: Session, gateway_id: str, resource_id: str | None = None) -> list[Row]:
    """Return resources by name, a row for each login account that was worked at: circuit, lane, what waits."""
    waiting = _waiting()
    statement = (
        select(
            ComputeResource.id.label("resource_id"),
            ComputeResource.name,
            ComputeResource.enabled,
            ResourceControl.lane.label("pinned_lane"),
            ResourceControl.handlers.label("asked_handlers"),
            *_HEALTH,
            waiting,
        )
        .outerjoin(ResourceHealth, ResourceHealth.resource_id == ComputeResource.id)
        .outerjoin(ResourceControl, ResourceControl.resource_id == ComputeResource.id)
        .outerjoin(waiting, true())
        .where(ComputeResource.gateway_id == gateway_id)
        .order_by(ComputeResource.name, ResourceHealth.account)
        .limit(_MOST_RESOURCES)
    )
    if resource_id is not None:
        statement = statement.where(ComputeResource.id == resource_id)
    return all_rows(session, statement)


_HEALTH: Final = (
    ResourceHealth.account,
    ResourceHealth.circuit,
    ResourceHealth.since,
    ResourceHealth.cause,
    ResourceHealth.confirmed,
    ResourceHealth.failed_probes,
    ResourceHealth.next_probe_at,
    ResourceHealth.probe_id,
    ResourceHealth.lane,
    ResourceHealth.lane_since,
    ResourceHealth.seconds,
    ResourceHealth.failure_share,
    ResourceHealth.updated_at,
)


def _waiting() -> Any:  # noqa: ANN401 - a lateral subquery
    counted: Select[*tuple[Any, ...]] = select(
        func.count().label("blocked_tasks"),
        func.count(Task.experiment_id.distinct()).label("blocked_experiments"),
        func.min(Task.outage_since).label("blocked_since"),
        func.min(Task.due_at).label("gives_up_at"),
    ).where(Task.resource_id == ComputeResource.id, Task.parked == ResourceHealth.account)
    return counted.correlate(ComputeResource, ResourceHealth).lateral("waiting")


def history(session: Session, gateway_id: str, resource_id: str, limit: int, after: Position | None) -> PageOf[Row]:
    """Return what happened to a resource's health, newest first."""
    one = ResourceHealthEvent
    columns = (one.id, one.account, one.at, one.kind, one.actor, one.sentence)
    statement = select(*columns).where(one.gateway_id == gateway_id, one.resource_id == resource_id)
    if after is not None:
        statement = statement.where((one.at < after.at) | and_(one.at == after.at, one.id < after.id))
    rows = all_rows(session, statement.order_by(one.at.desc(), one.id.desc()).limit(limit + 1))
    return page_of(rows, limit, "at", "id")


def add_to_history(session: Session, gateway_id: str, resource_id: str, **said: object) -> None:
    """Note what an operator did about a resource."""
    session.execute(
        insert(ResourceHealthEvent).values(gateway_id=gateway_id, resource_id=resource_id, account="", **said)
    )


def control(session: Session, gateway_id: str, resource_id: str, actor: str, **wanted: object) -> None:
    """Write what an operator asks for about a resource of the gateway."""
    values = {"resource_id": resource_id, "gateway_id": gateway_id, "actor": actor, **wanted}
    statement = insert(ResourceControl).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[ResourceControl.resource_id],
            set_={"actor": actor, "updated_at": func.now(), **wanted},
            where=ResourceControl.gateway_id == gateway_id,
        )
    )


def ask_for_probe(session: Session, gateway_id: str, resource_id: str, actor: str, at: datetime) -> None:
    """Ask the orchestrator to probe the resource now."""
    control(session, gateway_id, resource_id, actor, probe_asked_at=at)


def parked_tasks(session: Session, gateway_id: str, process_id: str, task_id: str | None = None) -> int:
    """Return how many tasks of a process wait for a resource that is away (of one task: 0 or 1)."""
    statement = select(func.count()).where(
        Task.gateway_id == gateway_id, Task.process_id == process_id, Task.parked.is_not(None)
    )
    if task_id is not None:
        statement = statement.where(Task.id == task_id)
    return session.execute(statement).scalar_one()
