"""Launches what schedules are due for. Run under a lease: one hand is enough, and a second could do no harm.

A schedule's turn is one transaction: what became of its moments, the experiments that are launched, their commands, and
its next moment are written together or not at all. A crash before the commit leaves the moment due, one after it done.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from pydantic import ValidationError
from sqlalchemy.orm import Session

from api_server.auth.principal import Principal, Role, Scope
from api_server.dag.schedules import CatchUp, Overlap, Rule, Turn, take_turn
from api_server.lifecycle.lifecycle import Lifecycle
from api_server.lifecycle.requests import EXPERIMENT_REQUEST, AnyRequest
from api_server.problems import ConflictError, ProblemError
from api_server.registry.engine import DATABASE_OUTAGES, asking
from api_server.registry.models import Schedule
from api_server.registry.repositories import schedules
from api_server.registry.unit_of_work import Registry, UnitOfWork
from howdah.contracts.ids import GatewayId
from howdah.contracts.states import ExperimentState
from howdah.contracts.wrong_fields import first_wrong
from howdah.messaging.abstract import MessagingError
from howdah.runtime.clock import Clock

log = structlog.get_logger(__name__)

_AT_ONCE: Final = 200
_REST_SECONDS: Final = 60.0
_SCOPES: Final = frozenset({Scope.EXPERIMENTS_WRITE})
_LONGEST_NAME: Final = 180
_LONGEST_REASON: Final = 2_000
Written = dict[str, Any]


class Schedules:
    """Gives every schedule its turn whose moment has come, or whose earlier run has ended."""

    def __init__(self, registry: Registry, lifecycle: Lifecycle, clock: Clock) -> None:
        self._registry = registry
        self._asking = asking(registry.engine)
        self._lifecycle = lifecycle
        self._clock = clock
        self._rests: dict[str, float] = {}
        """Schedules whose turn failed by a defect, and until when they are left alone."""

    def take_turns(self) -> int:
        """Return how many schedules had something to do."""
        with Session(self._asking) as session:
            found = schedules.with_a_turn(session, _AT_ONCE)
        now = self._clock.monotonic()
        self._rests = {schedule_id: until for schedule_id, until in self._rests.items() if until > now}
        return sum(self._guarded_turn(schedule_id) for schedule_id in found if schedule_id not in self._rests)

    def _guarded_turn(self, schedule_id: str) -> bool:
        """Give one its turn. The boundary: what goes wrong with one schedule stops neither the others nor the loop."""
        try:
            return self._turn(schedule_id)
        except (*DATABASE_OUTAGES, MessagingError):  # an outage, which the loop waits for
            raise
        except Exception:
            log.exception("a schedule's turn failed; it is tried again later", schedule_id=schedule_id)
            self._rests[schedule_id] = self._clock.monotonic() + _REST_SECONDS
            return False

    def _turn(self, schedule_id: str) -> bool:
        with self._registry.transaction() as work:
            taken = schedules.take(work.session, schedule_id)
            if taken is None:
                return False
            schedule, now = taken
            live = schedules.live_experiments(work.session, schedule_id)
            waiting = schedules.waiting_moments(work.session, schedule_id)
            turn = take_turn(rule_of(schedule), schedule.next_at, now, live=bool(live), waiting=waiting)
            turn.forget(schedules.handled(work.session, schedule_id, turn.moments()))
            if turn.cancels:
                self._cancel(work, schedule, [row["id"] for row in live if row["state"] != ExperimentState.CANCELING])
            written = [*_not_launched(turn), *self._launch(work, schedule, turn.launched)]
            schedules.record(work.session, schedule, written)
            schedules.move_on(work.session, schedule_id, turn.next_at)
        log.info("schedule had its turn", schedule=schedule.name, schedule_id=schedule_id, launched=len(turn.launched))
        return True

    def _launch(self, work: UnitOfWork, schedule: Schedule, moments: Sequence[datetime]) -> list[Written]:
        """Launch an experiment for each moment; what can't be is written down with the reason."""
        if not moments:
            return []
        try:
            request = EXPERIMENT_REQUEST.validate_python(schedule.experiment, strict=False)
        except ValidationError as error:
            return _refused(moments, str(first_wrong(error)))
        named = [request.model_copy(update=_of_moment(request, schedule, at)) for at in moments]
        try:
            records = self._lifecycle.create(work, _principal(schedule), named)
        except ProblemError as error:  # Before anything was written: the catalogue no longer has what it needs.
            return _refused(moments, error.detail)
        launched = zip(moments, records, strict=True)
        return [_row(at, schedules.LAUNCHED, experiment_id=record.id) for at, record in launched]

    def _cancel(self, work: UnitOfWork, schedule: Schedule, experiment_ids: Sequence[str]) -> None:
        reason = f"the next run of the schedule {schedule.name} is due"
        for experiment_id in experiment_ids:
            with suppress(ConflictError):  # It has ended in this moment.
                self._lifecycle.cancel(work, _principal(schedule), experiment_id, reason)


def rule_of(schedule: Schedule) -> Rule:
    """Return when a schedule is due, in the words of the decision."""
    return Rule(
        cron=schedule.cron,
        time_zone=schedule.time_zone,
        catch_up=CatchUp(schedule.catch_up),
        catch_up_limit=schedule.catch_up_limit,
        overlap=Overlap(schedule.overlap),
    )


def _principal(schedule: Schedule) -> Principal:
    """Return whoever the experiments belong to. What is asked for was allowed to them when it was written."""
    return Principal(GatewayId(schedule.gateway_id), schedule.owner, Role.GATEWAY_ADMIN, _SCOPES)


def _of_moment(request: AnyRequest, schedule: Schedule, at: datetime) -> Written:
    local = at.astimezone(ZoneInfo(schedule.time_zone))
    return {"launch": True, "name": f"{request.name[:_LONGEST_NAME]} {local:%Y-%m-%d %H:%M}"}


def _not_launched(turn: Turn) -> list[Written]:
    waits = [_row(at, schedules.WAITING, reason="an earlier run has not ended") for at in turn.waiting]
    left_out = [_row(one.due_at, schedules.LEFT_OUT, reason=one.reason, number=one.number) for one in turn.left_out]
    return [*left_out, *waits]


def _refused(moments: Sequence[datetime], reason: str) -> list[Written]:
    return [_row(at, schedules.REFUSED, reason=reason[:_LONGEST_REASON]) for at in moments]


def _row(at: datetime, outcome: str, *, reason: str = "", number: int = 1, experiment_id: str | None = None) -> Written:
    return {"due_at": at, "outcome": outcome, "reason": reason, "number": number, "experiment_id": experiment_id}
