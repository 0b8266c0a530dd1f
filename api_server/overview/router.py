"""Paths of the overviews: one look over the gateway, one over its resources."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Response

from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, requires
from api_server.http.problem import problems
from api_server.http.raw import shown
from api_server.overview.schemas import Overview, ResourcesHealth
from api_server.registry.repositories import overview_reads as reads
from api_server.registry.repositories.rows import Row

router = APIRouter(tags=["overview"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
_STARTED_SLOTS: Final = 30
_RESOURCE_SLOTS: Final = 12
_COUNTS: Final = ("attempts", "unreachable", "refused", "failed", "running", "waiting", "retrying", "experiments")


@router.get("/overview", response_model=Overview, responses=problems())
def get_overview(work: Work, principal: Reader) -> Response:
    """Count what needs somebody, what runs, and what waits for what."""
    session, gateway_id = work.session, principal.gateway_id
    failed = reads.failed_of_late(session, gateway_id)
    return shown(
        {
            "at": datetime.now(UTC),
            "experiments": reads.experiments_by_state(session, gateway_id),
            "needs_you": {
                "experiments": sum(row["unanswered"] for row in failed),
                "failed_24h": _series(((row["hours_ago"], row["count"]) for row in failed), reads.NEEDS_SOMEBODY_HOURS),
            },
            "tasks": reads.live_tasks(session, gateway_id),
            "jobs": reads.live_jobs(session, gateway_id),
            "in_line": reads.in_line(session, gateway_id),
            "started_1h": _series(
                ((row["slot"], row["count"]) for row in reads.attempts_started(session, gateway_id)), _STARTED_SLOTS
            ),
        }
    )


@router.get("/resource-health", response_model=ResourcesHealth, responses=problems())
def list_resource_health(work: Work, principal: Reader) -> Response:
    """Show each compute resource: how its last hour went, what runs and what waits there."""
    items = [_resource(row) for row in reads.resources(work.session, principal.gateway_id)]
    return shown({"items": items, "next_cursor": None})


def _resource(row: Row) -> Row:
    slots = {int(slot): counts for slot, counts in (row.pop("slots") or {}).items()}
    counted = _counted(row, (*_COUNTS, "jobs_active", "jobs_queued"))
    for index, name in enumerate(("attempts_1h", "failed_1h")):
        counted[name] = _series(((slot, counts[index]) for slot, counts in slots.items()), _RESOURCE_SLOTS)
    counted["median_1h"] = [slots[ago][2] if ago in slots else None for ago in reversed(range(_RESOURCE_SLOTS))]
    return counted


def _counted(row: Row, names: Iterable[str]) -> Row:
    """Nothing to count is zero."""
    return row | {name: row[name] or 0 for name in names}


def _series(counts: Iterable[tuple[int, int]], length: int) -> list[int]:
    """Return the counts with the oldest first, from (how many slots ago, count)."""
    series = [0] * length
    for ago, count in counts:
        if 0 <= ago < length:
            series[length - 1 - ago] += count
    return series
