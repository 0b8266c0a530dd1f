"""What processes and tasks wait for that is away: columns ``blocked_…`` to be joined to whatever shows them.

Read when shown, not written when it changes: the next probe of one resource concerns any number of runs.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute

from api_server.registry.models import ComputeResource, ResourceHealth, Task
from howdah.contracts.states import ProcessState

PREFIX: Final = "blocked_"


def of_process(
    process_id: ColumnElement[Any] | InstrumentedAttribute[Any], state: ColumnElement[Any] | InstrumentedAttribute[Any]
) -> FromClause:
    """Return, for a process that is BLOCKED, the account for which the most of its tasks wait."""
    since, gives_up_at = func.min(Task.outage_since), func.min(Task.due_at)
    of_what: Select[*tuple[Any, ...]] = (
        select(*_told(), func.count().label("blocked_tasks"), *_since(since, gives_up_at))
        .select_from(Task)
        .join(ComputeResource, ComputeResource.id == Task.resource_id)
        .outerjoin(ResourceHealth, _is_its(Task.resource_id, Task.parked))
        .where(Task.process_id == process_id, Task.parked.is_not(None), state == ProcessState.BLOCKED)
        .group_by(ComputeResource.id, ResourceHealth.resource_id, ResourceHealth.account)
        .order_by(func.count().desc(), ComputeResource.id)
        .limit(1)
    )
    return of_what.correlate_except(Task, ComputeResource, ResourceHealth).lateral("blocked")


def of_task() -> FromClause:
    """Return, for a task that is parked, the account for which it waits."""
    of_what = (
        select(*_told(), *_since(Task.outage_since, Task.due_at))
        .select_from(ComputeResource)
        .outerjoin(ResourceHealth, _is_its(Task.resource_id, Task.parked))
        .where(ComputeResource.id == Task.resource_id, Task.parked.is_not(None))
        .correlate(Task)
    )
    return of_what.lateral("blocked")


def _told() -> tuple[ColumnElement[Any], ...]:
    return (
        ComputeResource.id.label("blocked_resource_id"),
        ComputeResource.name.label("blocked_resource"),
        ResourceHealth.account.label("blocked_account"),
        ResourceHealth.circuit.label("blocked_circuit"),
        ResourceHealth.cause.label("blocked_cause"),
        ResourceHealth.failed_probes.label("blocked_failed_probes"),
        ResourceHealth.next_probe_at.label("blocked_next_probe_at"),
    )


def _since(since: Any, gives_up_at: Any) -> tuple[ColumnElement[Any], ...]:  # noqa: ANN401 - columns
    return since.label("blocked_since"), gives_up_at.label("blocked_gives_up_at")


def _is_its(resource_id: Any, account: Any) -> ColumnElement[bool]:  # noqa: ANN401 - columns
    return and_(ResourceHealth.resource_id == resource_id, ResourceHealth.account == account)
