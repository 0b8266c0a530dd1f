"""The health of resources as its writers see it: samples, circuits, probes, and the tasks that wait."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Row, Table, delete, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from api_server.registry.base import table_of
from api_server.registry.models import (
    ComputeResource,
    Process,
    ResourceControl,
    ResourceHealth,
    ResourceHealthEvent,
    ResourceLook,
    ResourceSample,
    Task,
)
from api_server.registry.repositories.rows import Row as PlainRow
from api_server.registry.repositories.rows import all_rows
from api_server.registry.rowset import Rows, insert_rows, rowset

_health = table_of(ResourceHealth)
_event = table_of(ResourceHealthEvent)

_INSERT_SAMPLES = insert_rows(
    table_of(ResourceSample),
    *("gateway_id", "resource_id", "account", "at", "attempts", "failures", "seconds", "failure"),
)
_STATE = (
    *("circuit", "since", "cause", "confirmed", "failed_probes", "next_probe_at", "probe_id"),
    *("lane", "lane_since", "seconds", "failure_share", "handlers", "version"),
)


def _insert_where_known(table: Table, *names: str) -> Insert:
    """Insert the rows whose resource still exists: it may have been deleted a moment ago."""
    rows = rowset(*(table.c[name] for name in names))
    known = rows.select().where(rows.c.resource_id.in_(select(ComputeResource.id)))
    return insert(table).from_select(names, known, include_defaults=False)


def _upsert_health() -> Insert:
    statement = cast("Any", _insert_where_known(_health, "resource_id", "account", "gateway_id", *_STATE))
    new = statement.excluded
    upsert: Insert = statement.on_conflict_do_update(
        index_elements=["resource_id", "account"],
        set_={**{name: new[name] for name in _STATE}, "updated_at": func.now()},
        where=_health.c.version == new.version - 1,
    )
    return upsert


_UPSERT_HEALTH = _upsert_health()
_INSERT_EVENTS = _insert_where_known(
    _event, "id", "gateway_id", "resource_id", "account", "at", "kind", "actor", "sentence"
)


def add_samples(session: Session, rows: Rows) -> None:
    """Add what attempts at resources came to."""
    if rows:
        session.execute(_INSERT_SAMPLES, {"rows": rows})


def samples(session: Session, after: int, since: datetime) -> list[PlainRow]:
    """Return the samples that were added after the one of this id, and are not older than ``since``."""
    columns = table_of(ResourceSample).columns
    statement = select(*columns).where(columns.id > after, columns.at >= since).order_by(columns.id)
    return all_rows(session, statement)


def load(session: Session) -> list[PlainRow]:
    """Return the health of every account that was seen."""
    return all_rows(session, select(*_health.columns))


def controls(session: Session) -> list[PlainRow]:
    """Return what operators ask for."""
    return all_rows(session, select(*table_of(ResourceControl).columns))


def store(session: Session, rows: Rows) -> None:
    """Write the health of accounts; a row that another writer has changed meanwhile stays as that one left it."""
    if rows:
        session.execute(_UPSERT_HEALTH, {"rows": rows})


def add_events(session: Session, rows: Rows) -> None:
    """Write what happened into the history."""
    if rows:
        session.execute(_INSERT_EVENTS, {"rows": rows})


def count_parked(session: Session) -> dict[tuple[str, str], tuple[str, int]]:
    """Return (resource, account) → (gateway, how many tasks wait for it)."""
    waiting = (
        select(Task.resource_id, Task.parked, func.count().label("tasks"))
        .where(Task.parked.is_not(None))
        .group_by(Task.resource_id, Task.parked)
        .subquery("waiting")
    )
    statement = select(waiting.c.resource_id, waiting.c.parked, ComputeResource.gateway_id, waiting.c.tasks).join(
        ComputeResource, ComputeResource.id == waiting.c.resource_id
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in session.execute(statement)}


def parked(session: Session, resource_id: str, account: str, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the tasks that have waited longest for an account."""
    statement = (
        select(
            Task.id,
            Task.gateway_id,
            Task.experiment_id,
            Task.process_id,
            Task.attempt,
            Task.publications,
            Task.outage_since,
        )
        .where(Task.parked == account, Task.resource_id == resource_id)
        .order_by(Task.outage_since, Task.id)
        .limit(limit)
    )
    return session.execute(statement).all()


def resource(session: Session, resource_id: str) -> ComputeResource | None:
    """Return the resource as it is described now."""
    return session.get(ComputeResource, resource_id)


def target_of_parked(session: Session, resource_id: str, account: str) -> dict[str, Any] | None:
    """Return the resource as a task knows it that waits for the account."""
    statement = (
        select(Process.targets[resource_id])
        .join(Task, Task.process_id == Process.id)
        .where(Task.parked == account, Task.resource_id == resource_id)
        .limit(1)
    )
    return session.execute(statement).scalar_one_or_none()


def add_probe(session: Session, look: ResourceLook) -> None:
    """Write the look that is sent as a probe."""
    session.add(look)
    session.flush()


def probes(session: Session, ids: Sequence[str]) -> dict[str, ResourceLook]:
    """Return looks by their ids."""
    if not ids:
        return {}
    return {look.id: look for look in session.scalars(select(ResourceLook).where(ResourceLook.id.in_(ids)))}


def forget(session: Session, *, samples_after: timedelta, history_after: timedelta) -> None:
    """Delete old samples and old history."""
    session.execute(delete(ResourceSample).where(ResourceSample.at < func.now() - samples_after))
    session.execute(delete(ResourceHealthEvent).where(ResourceHealthEvent.at < func.now() - history_after))
