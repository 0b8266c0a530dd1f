"""Lanes of task types: what goes through them, and those that operators hold, which are the whole installation's.

What is joined to runs is read when shown, not written when it changes: a pause concerns any number of runs.
"""

import json
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, exists, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from api_server.registry.models import Attempt, LaneControl, Process, Task
from api_server.registry.repositories.overview_reads import LIVE
from api_server.registry.repositories.rows import Row, all_rows, one_row
from howdah.contracts.states import TaskState

PREFIX: Final = "held_"
LANE_CHANNEL: Final = "howdah_lanes"
"""PostgreSQL's notification channel: a lane was paused or resumed; the payload says which, as JSON."""
_COLUMNS: Final = (
    LaneControl.type,
    LaneControl.lane,
    LaneControl.paused,
    LaneControl.since,
    LaneControl.actor,
    LaneControl.reason,
)
_TOLD: Final = tuple(
    column.label(PREFIX + column.name)
    for column in (LaneControl.type, LaneControl.lane, LaneControl.since, LaneControl.actor, LaneControl.reason)
)

_LANES: Final = text(f"""
    WITH live AS (
        SELECT one.type, a.lane, count(*) FILTER (WHERE one.state = 'SCHEDULED') AS waiting,
               min(a.published_at) FILTER (WHERE one.state = 'SCHEDULED') AS oldest_at,
               count(*) FILTER (WHERE one.state = 'EXECUTING') AS running,
               count(*) FILTER (WHERE one.state = 'RETRY_WAIT') AS retrying
        FROM ({LIVE}) one JOIN attempt a ON a.task_id = one.id AND a.attempt = one.attempt GROUP BY 1, 2
    ), recent AS (
        SELECT t.type, a.lane, count(*) AS published, count(a.ended_at) AS ended,
               count(*) FILTER (WHERE a.state = 'FAILED') AS failed,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM a.started_at - a.published_at))
                   AS wait_seconds,
               percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM a.started_at - a.published_at))
                   AS wait_p95_seconds
        FROM attempt a JOIN task t ON t.id = a.task_id
        WHERE a.published_at > now() - interval '10 minutes' AND t.gateway_id = CAST(:gateway_id AS uuid) GROUP BY 1, 2
    )
    SELECT type, lane, waiting, oldest_at, running, retrying, published, ended, failed, wait_seconds, wait_p95_seconds
    FROM live FULL JOIN recent USING (type, lane) ORDER BY type, lane LIMIT 1000
""")  # noqa: S608 - constants only


def traffic(session: Session, gateway_id: str) -> list[Row]:
    """Return, for each lane that the gateway uses, what waits, what runs, and how long it took to be taken up."""
    return all_rows(session, _LANES.bindparams(gateway_id=gateway_id))


def controls(session: Session) -> list[Row]:
    """Return every lane that was ever paused."""
    return all_rows(session, select(*_COLUMNS).order_by(LaneControl.type, LaneControl.lane))


def control(session: Session, task_type: str, lane: str) -> Row | None:
    """Return the row of one lane, None when it was never paused."""
    return one_row(session, select(*_COLUMNS).where(LaneControl.type == task_type, LaneControl.lane == lane))


def set_paused(  # noqa: PLR0913 - the columns of the row
    session: Session, task_type: str, lane: str, *, paused: bool, at: datetime, actor: str, reason: str
) -> bool:
    """Pause the lane, or resume it; return whether it was not so before, in which case nothing is changed."""
    values = {"paused": paused, "since": at, "actor": actor, "reason": reason}
    statement = insert(LaneControl).values(type=task_type, lane=lane, **values)
    changed = session.execute(
        statement.on_conflict_do_update(
            index_elements=[LaneControl.type, LaneControl.lane], set_=values, where=LaneControl.paused != paused
        ).returning(LaneControl.type)
    )
    if changed.first() is None:
        return False
    news = {"type": task_type, "lane": lane, "paused": paused}
    session.execute(select(func.pg_notify(LANE_CHANNEL, json.dumps(news))))
    return True


def of_task(lane: ColumnElement[Any]) -> FromClause:
    """Return, for a task that waits for a worker, the pause of its lane; ``lane`` is that of its latest attempt."""
    held = select(*_TOLD).where(
        LaneControl.paused, LaneControl.type == Task.type, LaneControl.lane == lane, Task.state == TaskState.SCHEDULED
    )
    return held.correlate_except(LaneControl).lateral("held")


def of_process(process_id: ColumnElement[Any] | InstrumentedAttribute[Any]) -> FromClause:
    """Return, for a process, the paused lane in which the most of its tasks wait."""
    held = (
        select(*_TOLD, func.count().label("held_tasks"))
        .select_from(LaneControl)
        .join(Task, and_(Task.process_id == process_id, Task.type == LaneControl.type))
        .join(Attempt, and_(Attempt.task_id == Task.id, Attempt.attempt == Task.attempt))
        .where(LaneControl.paused, Task.state == TaskState.SCHEDULED, Attempt.lane == LaneControl.lane)
        .group_by(LaneControl.type, LaneControl.lane)
        .order_by(func.count().desc(), LaneControl.type, LaneControl.lane)
        .limit(1)
    )
    return held.correlate_except(LaneControl, Task, Attempt).lateral("held")


def keeps_waiting() -> ColumnElement[bool]:
    """Tell whether a task's time does not run since its lane is paused, or runs anew since it was resumed.

    Whoever cancels is not made to wait: a canceled process's time runs on.
    """
    again = and_(
        LaneControl.since > Attempt.published_at, Task.due_at + (LaneControl.since - Attempt.published_at) > func.now()
    )
    return and_(
        Task.state == TaskState.SCHEDULED,
        exists()
        .where(Attempt.task_id == Task.id, Attempt.attempt == Task.attempt)
        .where(Process.id == Task.process_id, Process.cancel_requested_at.is_(None))
        .where(LaneControl.type == Task.type, LaneControl.lane == Attempt.lane, or_(LaneControl.paused, again)),
    )
