"""Lanes shown, paused and resumed. What services do about it is theirs: they are told by the orchestrator."""

from datetime import datetime
from typing import Final

from api_server.auth.principal import Principal
from api_server.presentation import held
from api_server.presentation.moments import moment
from api_server.problems import NotFoundError
from api_server.registry.repositories import lanes
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.rows import Row
from api_server.registry.repositories.task_types import TaskTypeRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.params import BUILT_IN
from howdah.contracts.topics import LANES

_COUNTS: Final = ("waiting", "running", "retrying", "published", "ended", "failed")
_NAMES: Final = tuple(name for name, _ in LANES.sizes)
_MOST_TYPES: Final = 1_000


def of_all(work: UnitOfWork, principal: Principal) -> list[Row]:
    """Return both lanes of every task type that is known or was used, with what the gateway has in them."""
    seen = {(row["type"], row["lane"]): row for row in lanes.traffic(work.session, principal.gateway_id)}
    controls = {(row["type"], row["lane"]): row for row in lanes.controls(work.session)}
    registered = TaskTypeRepository(work.session).names(_MOST_TYPES)
    types = {*BUILT_IN, *registered, *(kind for kind, _ in (*seen, *controls))}
    there = {*seen, *((kind, lane) for kind in types for lane in _NAMES)}
    return [_shown(kind, lane, seen.get((kind, lane)), controls.get((kind, lane))) for kind, lane in sorted(there)]


def known(work: UnitOfWork, task_type: str) -> str:
    """Return the task type if there is one of that name, NotFoundError otherwise."""
    if task_type not in BUILT_IN and TaskTypeRepository(work.session).find(task_type) is None:
        raise NotFoundError(f"No task type {task_type!r} is known; a type of one's own is registered first.")
    return task_type


def set_paused(  # noqa: PLR0913 - who wants what of which lane
    work: UnitOfWork, principal: Principal, task_type: str, lane: str, now: datetime, *, paused: bool, reason: str = ""
) -> Row:
    """Pause the lane or resume it; return its row. One that is so already stays as it is."""
    kind, actor = known(work, task_type), principal.subject
    if lanes.set_paused(work.session, kind, lane, paused=paused, at=now, actor=actor, reason=reason):
        verb = "pause" if paused else "resume"
        AuditRepository(work.session, principal.gateway_id).record(
            actor, verb, "lane", f"{kind}/{lane}", {"reason": reason} if reason else {}
        )
    row = lanes.control(work.session, kind, lane)
    if row is None:  # nothing but the statement above takes a row away, and it never does
        raise NotFoundError.of("lane", f"{kind}/{lane}")
    return row


def _shown(task_type: str, lane: str, row: Row | None, control: Row | None) -> Row:
    counted = {name: (row[name] or 0) if row else 0 for name in _COUNTS}
    others = {name: row[name] if row else None for name in ("oldest_at", "wait_seconds", "wait_p95_seconds")}
    paused = control if control and control["paused"] else None
    shown = {"type": task_type, "lane": lane, **counted, **others}
    told = {name: paused[name] for name in ("since", "actor", "reason")} if paused else None
    return shown | {"paused": told, "next": _next(shown, paused)}


def _next(shown: Row, paused: Row | None) -> str:
    waiting = shown["waiting"]
    if paused is not None:
        said = held.sentence(paused)
        return f"{waiting} tasks wait: {said}" if waiting else said
    if not waiting:
        return "Nothing waits for a worker."
    return f"{waiting} tasks wait for a worker, the first since {moment(shown['oldest_at'])}."
