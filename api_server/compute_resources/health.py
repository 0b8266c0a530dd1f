"""The health of resources as it is shown, and what operators ask for about it. The orchestrator does what is asked."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from api_server.auth.principal import Principal
from api_server.compute_resources.health_schemas import AccountStanding, ResourceControl, ResourceStanding
from api_server.presentation.moments import moment
from api_server.problems import NotFoundError
from api_server.registry.repositories import health_reads
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.rows import Row
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.failures import Failure
from howdah.contracts.ids import new_id
from howdah.contracts.standings import CircuitState
from howdah.contracts.topics import FAST, SLOW


def of_all(work: UnitOfWork, principal: Principal) -> list[ResourceStanding]:
    """Return the health of the gateway's resources, by name."""
    rows = health_reads.accounts(work.session, principal.gateway_id)
    return [_shown(list(found)) for _, found in groupby(rows, itemgetter("resource_id"))]


def of_one(work: UnitOfWork, principal: Principal, resource_id: str) -> ResourceStanding:
    """Return the health of one resource; NotFoundError."""
    rows = health_reads.accounts(work.session, principal.gateway_id, resource_id)
    if not rows:
        raise NotFoundError.of("compute resource", resource_id)
    return _shown(rows)


def try_now(work: UnitOfWork, principal: Principal, resource_id: str, now: datetime) -> ResourceStanding:
    """Ask for a probe at once, instead of at the next moment that is arranged."""
    shown = of_one(work, principal, resource_id)
    health_reads.ask_for_probe(work.session, principal.gateway_id, resource_id, principal.subject, now)
    _note(work, principal, resource_id, now, "try-now", "A probe was asked for at once.")
    return shown


def control(
    work: UnitOfWork, principal: Principal, resource_id: str, now: datetime, wanted: ResourceControl
) -> ResourceStanding:
    """Pin the lane and limit the handlers of a resource; None leaves either to the platform."""
    of_one(work, principal, resource_id)
    lane, handlers = wanted.lane, wanted.handlers
    health_reads.control(
        work.session, principal.gateway_id, resource_id, principal.subject, lane=lane, handlers=handlers
    )
    pinned = f"Its tasks stay in the {lane} lane" if lane else "Its lane follows its health"
    limited = f"at most {handlers} handlers of a replica work there" if handlers else "no limit of its own is set"
    _note(work, principal, resource_id, now, "control", f"{pinned}; {limited}.")
    return of_one(work, principal, resource_id)


def _note(  # noqa: PLR0913, PLR0917 - the columns of the history
    work: UnitOfWork, principal: Principal, resource_id: str, at: datetime, kind: str, sentence: str
) -> None:
    actor, gateway_id = principal.subject, principal.gateway_id
    said = {"id": new_id(), "at": at, "kind": kind, "actor": actor, "sentence": sentence}
    health_reads.add_to_history(work.session, gateway_id, resource_id, **said)
    AuditRepository(work.session, gateway_id).record(
        actor, kind, "compute resource", resource_id, {"sentence": sentence}
    )


def _shown(rows: Sequence[Row]) -> ResourceStanding:
    first = rows[0]
    accounts = [_account(row) for row in rows if row["account"] is not None]
    circuit = max((one.circuit for one in accounts), key=_GRAVITY.__getitem__, default=CircuitState.CLOSED)
    slow = first["pinned_lane"] == SLOW or any(one.lane == SLOW for one in accounts)
    return ResourceStanding(
        resource_id=first["resource_id"],
        name=first["name"],
        enabled=first["enabled"],
        circuit=circuit,
        lane=SLOW if slow else FAST,
        pinned_lane=first["pinned_lane"],
        handlers=first["asked_handlers"],
        blocked_tasks=sum(one.blocked_tasks for one in accounts),
        blocked_experiments=sum(one.blocked_experiments for one in accounts),
        accounts=accounts,
    )


_GRAVITY = {CircuitState.CLOSED: 0, CircuitState.RELEASING: 1, CircuitState.OPEN: 2}


def _account(row: Row) -> AccountStanding:
    return AccountStanding(
        account=row["account"],
        circuit=CircuitState(row["circuit"]),
        since=row["since"],
        next=_next(row),
        cause=None if row["cause"] is None else Failure.model_validate(row["cause"]),
        confirmed=row["confirmed"],
        failed_probes=row["failed_probes"],
        next_probe_at=row["next_probe_at"],
        probing=row["probe_id"] is not None,
        lane=row["lane"],
        lane_since=row["lane_since"],
        seconds=row["seconds"],
        failure_share=row["failure_share"],
        blocked_tasks=row["blocked_tasks"] or 0,
        blocked_experiments=row["blocked_experiments"] or 0,
        blocked_since=row["blocked_since"],
        gives_up_at=row["gives_up_at"],
        updated_at=row["updated_at"],
    )


def _next(row: Row) -> str:
    waiting = row["blocked_tasks"] or 0
    match CircuitState(row["circuit"]):
        case CircuitState.CLOSED:
            return "Work is sent there."
        case CircuitState.RELEASING:
            return f"It is back: {waiting} tasks that waited for it go on bit by bit."
        case CircuitState.OPEN if row["next_probe_at"] is None:
            return f"It is being probed; {waiting} tasks wait for it."
        case CircuitState.OPEN:
            return f"The next probe is at {moment(row['next_probe_at'])}; {waiting} tasks wait for it."
