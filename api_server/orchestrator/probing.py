"""Probes of resources that are away: looks, asked for by the orchestrator in the slow lane."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import structlog
from pydantic import ValidationError

from api_server.lifecycle.catalogue import target_of
from api_server.lifecycle.commands import Mint
from api_server.lifecycle.looks import look_request, new_look
from api_server.orchestrator.health_rows import Entry
from api_server.registry.models import ResourceLook
from api_server.registry.repositories import health
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.looks import LookKind, ReachabilityReport
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.topics import SLOW

log = structlog.get_logger(__name__)

ORCHESTRATOR: Final = "orchestrator"
_LATE: Final = timedelta(seconds=5)
_PLATFORM: Final = frozenset({FailureKind.INTERNAL, FailureKind.THROTTLED, FailureKind.CANCELED})
"""What a probe may fail of without the resource being away."""


class Verdict(StrEnum):
    """What a probe says beside a failure."""

    PENDING = "pending"
    REACHED = "reached"
    NOTHING = "nothing"
    """Nobody looked, or the platform itself failed."""


def verdict(look: ResourceLook | None, now: datetime) -> Verdict | Failure:
    """Return what came of a probe; a failure is the resource's own."""
    if look is None:
        return Verdict.NOTHING
    if look.answered_at is None:
        return Verdict.NOTHING if look.due_at + _LATE < now else Verdict.PENDING
    told: dict[str, Any] | None = (look.answer or {}).get("answer")
    if told is None:
        return Verdict.NOTHING
    report = ReachabilityReport.model_validate(told)
    if report.reached:
        return Verdict.REACHED
    failure = report.failure or Failure.bounded(kind=FailureKind.TRANSIENT, sentence="")
    return Verdict.NOTHING if failure.kind in _PLATFORM else failure


class Prober:
    """Sends probes within the caller's unit of work."""

    def __init__(self, mint: Mint) -> None:
        self._mint = mint

    def send(self, work: UnitOfWork, entry: Entry, now: datetime) -> str | None:
        """Ask for a look at the account; return its id, None when nobody knows any more how to get there."""
        target = self._target(work, entry)
        if target is None:
            log.warning("no way to probe is known", resource_id=entry.resource_id, account=entry.account)
            return None
        look = new_look(entry.gateway_id, entry.resource_id, LookKind.REACHABILITY, ORCHESTRATOR, now)
        health.add_probe(work.session, look)
        work.enqueue(look_request(look, target, self._mint, now, SLOW))
        return look.id

    @staticmethod
    def _target(work: UnitOfWork, entry: Entry) -> ResourceTarget | None:
        """Return the account as the catalogue describes it now; as the waiting tasks know it, if it has changed."""
        row = health.resource(work.session, entry.resource_id)
        known = health.target_of_parked(work.session, entry.resource_id, entry.account)
        try:
            now = None if row is None else target_of(row)
            if now is not None and now.account == entry.account:
                return now
            return None if known is None else ResourceTarget.model_validate(known)
        except ValidationError as error:
            log.warning("a resource is not complete", resource_id=entry.resource_id, errors=error.error_count())
            return None
