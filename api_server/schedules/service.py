"""Decisions about schedules: who may change one, what is checked before, when it is due next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from api_server.auth.principal import Principal
from api_server.dag.cron import problems_of
from api_server.dag.schedules import CatchUp, Overlap, Rule
from api_server.http.crud import Crud
from api_server.lifecycle.lifecycle import Lifecycle
from api_server.problems import FieldError, ForbiddenError, InvalidRequestError
from api_server.registry.models import Schedule, ScheduleRun
from api_server.registry.repositories import schedules as rows
from api_server.registry.repositories.schedules import ScheduleRepository
from api_server.registry.unit_of_work import UnitOfWork
from api_server.schedules.schemas import PreviewRequest, ScheduleBody, ScheduleRunShown, ScheduleShown

_UPCOMING: Final = 5


def preview(body: PreviewRequest, now: datetime) -> list[datetime]:
    """Return the moments that would come next; InvalidRequestError where there can be none."""
    _check_moments(body.cron, body.time_zone, now)
    return Rule(body.cron, body.time_zone).upcoming(now, body.count)


def create(work: UnitOfWork, principal: Principal, body: ScheduleBody) -> Schedule:
    """Write a new schedule of the caller's; its experiment is checked as for a launch."""
    changes = _columns(work, principal, body)
    next_at = _rule(changes).next_after(rows.instant(work.session))
    return _crud(work, principal).create(Schedule(**changes, owner=principal.subject, paused=False, next_at=next_at))


def edit(work: UnitOfWork, principal: Principal, schedule_id: str, expected: int, body: ScheduleBody) -> Schedule:
    """Replace what a schedule says; what has come until now is not looked at again."""
    schedule = _steerable(work, principal, schedule_id)
    changes = _columns(work, principal, body)
    if not schedule.paused:
        changes["next_at"] = _rule(changes).next_after(rows.instant(work.session))
    return _crud(work, principal).edit(schedule_id, expected, changes)


def pause(work: UnitOfWork, principal: Principal, schedule_id: str) -> Schedule:
    """Launch nothing from now on. To pause twice changes nothing."""
    schedule = _steerable(work, principal, schedule_id)
    if schedule.paused:
        return schedule
    return _crud(work, principal).edit(schedule_id, schedule.version, {"paused": True, "next_at": None})


def resume(work: UnitOfWork, principal: Principal, schedule_id: str) -> Schedule:
    """Go on with the next moment; those that came while it was paused are not caught up with."""
    schedule = _steerable(work, principal, schedule_id)
    if not schedule.paused:
        return schedule
    rule = Rule(schedule.cron, schedule.time_zone)
    changes = {"paused": False, "next_at": rule.next_after(rows.instant(work.session))}
    return _crud(work, principal).edit(schedule_id, schedule.version, changes)


def delete(work: UnitOfWork, principal: Principal, schedule_id: str) -> None:
    """Delete a schedule with the list of its runs; the experiments stay."""
    _steerable(work, principal, schedule_id)
    _crud(work, principal).delete(schedule_id)


def get(work: UnitOfWork, principal: Principal, schedule_id: str) -> Schedule:
    """Return a schedule of the gateway; NotFoundError."""
    return _crud(work, principal).get(schedule_id)


def shown(work: UnitOfWork, found: Sequence[Schedule]) -> list[ScheduleShown]:
    """Return schedules as they are shown: with what comes next, and what came last."""
    last = rows.last_runs(work.session, [schedule.id for schedule in found])
    return [_shown(schedule, last.get(schedule.id)) for schedule in found]


def _shown(schedule: Schedule, last: ScheduleRun | None) -> ScheduleShown:
    upcoming: list[datetime] = []
    if schedule.next_at is not None:
        rule = Rule(schedule.cron, schedule.time_zone)
        upcoming = [schedule.next_at, *rule.upcoming(schedule.next_at, _UPCOMING - 1)]
    known = {name: getattr(schedule, name) for name in ScheduleShown.model_fields if hasattr(schedule, name)}
    last_run = None if last is None else ScheduleRunShown.model_validate(last)
    return ScheduleShown(**known, next_runs=upcoming, last_run=last_run)


def _columns(work: UnitOfWork, principal: Principal, body: ScheduleBody) -> dict[str, Any]:
    _check_moments(body.cron, body.time_zone, rows.instant(work.session))
    _check_policies(body)
    Lifecycle.check(work, principal, body.experiment, "experiment")
    plain = body.model_dump(mode="json", exclude={"experiment"})
    return {**plain, "experiment": body.experiment.model_dump(mode="json", exclude={"launch"})}


def _check_moments(cron: str, time_zone: str, now: datetime) -> None:
    if problems := problems_of(cron, time_zone, now):
        raise InvalidRequestError(errors=[FieldError(one.field, one.message, str(one.got)[:200]) for one in problems])


def _check_policies(body: ScheduleBody) -> None:
    """Refuse what would be ignored."""
    if body.experiment.launch:
        raise InvalidRequestError(errors=[FieldError("experiment.launch", "a schedule always launches; leave it out")])
    if body.catch_up is CatchUp.ALL and body.overlap in {Overlap.SKIP, Overlap.CANCEL}:
        message = (
            f"with overlap {body.overlap.value} only one of the missed moments would run: take one, or let them follow "
            "each other (overlap: wait)"
        )
        raise InvalidRequestError(errors=[FieldError("catch_up", message, body.catch_up.value)])


def _rule(columns: dict[str, Any]) -> Rule:
    return Rule(
        columns["cron"], columns["time_zone"], CatchUp(columns["catch_up"]), overlap=Overlap(columns["overlap"])
    )


def _steerable(work: UnitOfWork, principal: Principal, schedule_id: str) -> Schedule:
    schedule = get(work, principal, schedule_id)
    if not principal.may_steer(schedule.owner):
        message = f"The schedule belongs to {schedule.owner}; only its owner and administrators steer it."
        raise ForbiddenError(message)
    return schedule


def _crud(work: UnitOfWork, principal: Principal) -> Crud[Schedule]:
    repository = ScheduleRepository(work.session, principal.gateway_id)
    return Crud(work, principal, repository, "schedule", unique="name")
