"""Schedules: as a gateway's callers see them, and as their one writer moves them on."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from api_server.registry.models import Experiment, Gateway, Schedule, ScheduleRun
from api_server.registry.paging import PageOf, Position, newest_first
from api_server.registry.repositories.catalogue import CatalogueRepository
from api_server.registry.repositories.experiment_reads import LIVE_STATES
from api_server.registry.repositories.rows import Row, all_rows
from howdah.contracts.ids import new_id

WAITING = "waiting"
LAUNCHED = "launched"
LEFT_OUT = "left-out"
REFUSED = "refused"


class ScheduleRepository(CatalogueRepository[Schedule]):
    """A gateway's schedules."""

    model = Schedule


def runs_page(session: Session, schedule_id: str, limit: int, after: Position | None) -> PageOf[ScheduleRun]:
    """Return a page of what became of a schedule's moments, latest first."""
    statement = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id)
    return newest_first(session, statement, ScheduleRun.due_at, ScheduleRun.id, limit=limit, after=after)


def last_runs(session: Session, schedule_ids: Sequence[str]) -> dict[str, ScheduleRun]:
    """Return what became of the latest moment of each schedule, where there was one."""
    latest = (
        select(ScheduleRun)
        .where(ScheduleRun.schedule_id.in_(schedule_ids))
        .order_by(ScheduleRun.schedule_id, ScheduleRun.due_at.desc())
        .ext(distinct_on(ScheduleRun.schedule_id))
    )
    return {run.schedule_id: run for run in session.scalars(latest)}


def _live(schedule_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a column or a value
    """Tell, in SQL, whether an experiment of the schedule has not ended."""
    return (
        exists()
        .where(ScheduleRun.schedule_id == schedule_id, Experiment.id == ScheduleRun.experiment_id)
        .where(Experiment.state.in_(LIVE_STATES))
        .correlate(Schedule)
    )


def _has_turn() -> ColumnElement[bool]:
    """Tell, in SQL, whether there is something to be done: a moment has come, or one need wait no longer."""
    waits = exists().where(ScheduleRun.schedule_id == Schedule.id, ScheduleRun.outcome == WAITING).correlate(Schedule)
    enabled = exists().where(Gateway.id == Schedule.gateway_id, Gateway.enabled.is_(True)).correlate(Schedule)
    return enabled & ~Schedule.paused & or_(Schedule.next_at <= func.now(), waits & ~_live(Schedule.id))


_WITH_A_TURN = select(Schedule.id).where(_has_turn()).order_by(Schedule.next_at, Schedule.id)


def with_a_turn(session: Session, limit: int) -> list[str]:
    """Return the schedules that have something to do, the longest overdue first."""
    return list(session.scalars(_WITH_A_TURN.limit(limit)))


def take(session: Session, schedule_id: str) -> tuple[Schedule, datetime] | None:
    """Lock a schedule that has something to do; return it and this instant. None: somebody else is at it, or was."""
    statement = (
        select(Schedule, func.clock_timestamp())
        .where(Schedule.id == schedule_id, _has_turn())
        .with_for_update(of=Schedule, skip_locked=True)
    )
    found = session.execute(statement).one_or_none()
    return None if found is None else (found[0], found[1])


def live_experiments(session: Session, schedule_id: str) -> list[Row]:
    """Return the experiments of the schedule that have not ended."""
    statement = (
        select(Experiment.id, Experiment.state)
        .join(ScheduleRun, ScheduleRun.experiment_id == Experiment.id)
        .where(ScheduleRun.schedule_id == schedule_id, Experiment.state.in_(LIVE_STATES))
    )
    return all_rows(session, statement)


def waiting_moments(session: Session, schedule_id: str) -> list[datetime]:
    """Return the moments of the schedule that wait for an earlier run to end, in order."""
    statement = select(ScheduleRun.due_at).where(ScheduleRun.schedule_id == schedule_id, ScheduleRun.outcome == WAITING)
    return list(session.scalars(statement.order_by(ScheduleRun.due_at)))


def handled(session: Session, schedule_id: str, moments: Collection[datetime]) -> set[datetime]:
    """Return those of ``moments`` that have had their turn: clocks of two servers may differ, and clocks may be set."""
    statement = select(ScheduleRun.due_at).where(
        ScheduleRun.schedule_id == schedule_id, ScheduleRun.due_at.in_(moments), ScheduleRun.outcome != WAITING
    )
    return set(session.scalars(statement)) if moments else set()


def record(session: Session, schedule: Schedule, rows: Sequence[Row]) -> None:
    """Write what became of moments (due_at, outcome, number, reason, experiment_id); one that waited has its turn.

    IntegrityError, and with it the end of the transaction, where a moment that has had its turn is launched again.
    """
    for row in rows:
        values = {"id": new_id(), "gateway_id": schedule.gateway_id, "schedule_id": schedule.id, **row}
        waited = ScheduleRun.schedule_id == schedule.id, ScheduleRun.due_at == row["due_at"]
        change = update(ScheduleRun).where(*waited, ScheduleRun.outcome == WAITING).values(row)
        if not cast("CursorResult[Any]", session.execute(change)).rowcount:
            session.execute(insert(ScheduleRun).values(values))


def instant(session: Session) -> datetime:
    """Return the database's time, by which moments come."""
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now


def move_on(session: Session, schedule_id: str, next_at: datetime | None) -> None:
    """Write the first moment that is not handled."""
    statement = update(Schedule).where(Schedule.id == schedule_id).values(next_at=next_at)
    session.execute(statement.execution_options(synchronize_session=False))


def forget_runs(session: Session, older_than: timedelta) -> None:
    """Delete what became of moments long ago; experiments stay, and what waits or has a live experiment does."""
    statement = delete(ScheduleRun).where(
        ScheduleRun.due_at < func.now() - older_than,
        ScheduleRun.outcome != WAITING,
        ~exists().where(Experiment.id == ScheduleRun.experiment_id, Experiment.state.in_(LIVE_STATES)),
    )
    session.execute(statement.execution_options(synchronize_session=False))
