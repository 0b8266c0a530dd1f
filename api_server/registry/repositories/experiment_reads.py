"""Looks at experiments: one, a page, those that are live. Counting is PostgreSQL's work.

Every statement is bound to the caller's gateway.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import Session, aliased

from api_server.registry.models import ApplicationInterface, ComputeResource, Event, Experiment, Job, Process, Task
from api_server.registry.paging import PageOf, Position
from api_server.registry.repositories import admissions, blocked_reads, lanes
from api_server.registry.repositories.admissions import priority_of
from api_server.registry.repositories.overview_reads import NEEDS_SOMEBODY_HOURS
from api_server.registry.repositories.rows import Row, all_rows, one_row, page_of
from howdah.contracts.states import ExperimentState, ProcessState, TaskState

_ENDED: Final = (ExperimentState.COMPLETED, ExperimentState.FAILED, ExperimentState.CANCELED)
LIVE_STATES: Final = tuple(
    state for state in ExperimentState if state not in {*_ENDED, ExperimentState.CREATED, ExperimentState.VALIDATED}
)
"""Launched and not yet ended."""
HELD: Final = (ProcessState.QUEUED, ProcessState.BLOCKED, ProcessState.PAUSED)
"""A process that waits for something outside of it."""


@dataclass(frozen=True, slots=True)
class ExperimentFilter:
    """Which experiments a list is asked for; absent parts do not narrow it."""

    states: Sequence[str] = ()
    name: str | None = None
    """A part of the name, in any case."""
    owner: str | None = None
    interface_id: str | None = None
    resource_id: str | None = None
    workflow_id: str | None = None
    workflow_version: int | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    text: str | None = None
    """A part of the name, the description, the application or the resource; a user; a native job id; an id's begin."""
    needs_you: bool = False
    """Only failures of the last day of which no clone was made."""
    process_states: Sequence[str] = ()
    """Live ones whose latest process is in one of these: QUEUED, BLOCKED and PAUSED hold a run."""
    blocked_by: str | None = None
    """A resource that is away and for which tasks of it wait."""
    tags: Sequence[str] = ()
    """Those that bear all of them."""
    archived: bool | None = False
    """Those that were put away, or those that were not; None: both."""
    ids: Sequence[str] = ()

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL conditions."""
        wanted = [
            Experiment.name.icontains(self.name, autoescape=True) if self.name else None,
            Experiment.owner == self.owner if self.owner else None,
            Experiment.interface_id == self.interface_id if self.interface_id else None,
            Experiment.resource_id == self.resource_id if self.resource_id else None,
            Experiment.workflow_id == self.workflow_id if self.workflow_id else None,
            Experiment.workflow_version == self.workflow_version if self.workflow_version else None,
            Experiment.created_at > self.created_after if self.created_after else None,
            Experiment.created_at < self.created_before if self.created_before else None,
            Experiment.id.in_(self.ids) if self.ids else None,
            _matches(self.text) if self.text else None,
            _needs_somebody() if self.needs_you else None,
            _has_process_in(self.process_states) if self.process_states else None,
            _waits_for(self.blocked_by) if self.blocked_by else None,
            and_(Experiment.tags.contains(list(self.tags)), Experiment.tags != []) if self.tags else None,
            self._put_away(),
            self._in_states(),
        ]
        return [condition for condition in wanted if condition is not None]

    def _put_away(self) -> ColumnElement[bool] | None:
        if self.archived is None:
            return None
        return Experiment.archived_at.is_not(None) if self.archived else Experiment.archived_at.is_(None)

    def _in_states(self) -> ColumnElement[bool] | None:
        if len(self.states) == 1:  # An equality lets the index give the order, too.
            return Experiment.state == self.states[0]
        return Experiment.state.in_(self.states) if self.states else None


def _matches(words: str) -> ColumnElement[bool]:
    interfaces = select(ApplicationInterface.id).where(ApplicationInterface.name.icontains(words, autoescape=True))
    resources = select(ComputeResource.id).where(ComputeResource.name.icontains(words, autoescape=True))
    jobs = select(Job.experiment_id).where(Job.native_id == words)
    return or_(
        Experiment.name.icontains(words, autoescape=True),
        Experiment.description.icontains(words, autoescape=True),
        Experiment.owner == words,
        cast(Experiment.id, Text).startswith(words.lower(), autoescape=True),
        Experiment.interface_id.in_(interfaces),
        Experiment.resource_id.in_(resources),
        Experiment.id.in_(jobs),
    )


def _needs_somebody() -> ColumnElement[bool]:
    clone = aliased(Experiment)
    return and_(
        Experiment.state == ExperimentState.FAILED,
        Experiment.ended_at > func.now() - timedelta(hours=NEEDS_SOMEBODY_HOURS),
        ~exists().where(clone.cloned_from == Experiment.id),
    )


def _has_process_in(states: Sequence[str]) -> ColumnElement[bool]:
    latest = exists().where(Process.id == Experiment.process_id, Process.state.in_(states))
    return and_(Experiment.state.in_(LIVE_STATES), latest)


def _waits_for(resource_id: str) -> ColumnElement[bool]:
    parked = select(Task.process_id).where(Task.resource_id == resource_id, Task.parked.is_not(None))
    return Experiment.process_id.in_(parked)


def _progress(process_id: ColumnElement[Any]) -> FromClause:
    """How many tasks of the latest process are in which state, and when the next retry is due."""
    counts = [func.count().filter(Task.state == state).label(f"tasks_{state.lower()}") for state in TaskState]
    retried = and_(Task.state == TaskState.RETRY_WAIT, Task.parked.is_(None))
    due = func.min(Task.due_at).filter(retried).label("next_attempt_at")
    parked = func.count(Task.parked).label("tasks_parked")
    of_process = select(func.count().label("tasks_total"), *counts, parked, due).where(Task.process_id == process_id)
    return of_process.lateral("progress")


def _culprit(process_id: ColumnElement[Any], failure: ColumnElement[Any]) -> FromClause:
    """The task that failed first: what the experiment's failure is about."""
    first = (
        select(
            Task.id.label("failed_task_id"), Task.name.label("failed_task"), Task.attempt.label("failed_task_attempts")
        )
        .where(Task.process_id == process_id, Task.state == TaskState.FAILED, failure.is_not(None))
        .order_by(Task.ended_at, Task.position)
        .limit(1)
    )
    return first.lateral("culprit")


_SHOWN: Final = (
    Experiment.id,
    Experiment.name,
    Experiment.description,
    Experiment.kind,
    Experiment.owner,
    Experiment.state,
    Experiment.interface_id,
    Experiment.resource_id,
    Experiment.workflow_id,
    Experiment.workflow_version,
    Experiment.cloned_from,
    Experiment.tags,
    Experiment.archived_at,
    Experiment.process_id,
    Experiment.failure,
    Experiment.spec["requirements"]["queue"].as_string().label("queue"),
    priority_of(Experiment.spec).label("priority"),
    Experiment.last_seq,
    Experiment.version,
    Experiment.created_at,
    Experiment.updated_at,
    Experiment.launched_at,
    Experiment.ended_at,
)


def _with_progress(page: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Join what is counted to the experiments of ``page`` only, in its order."""
    of_page = page.subquery("page")
    progress = _progress(of_page.c.process_id)
    culprit = _culprit(of_page.c.process_id, of_page.c.failure)
    line = admissions.of_process(of_page.c.process_id)
    blocked = blocked_reads.of_process(of_page.c.process_id, Process.state)
    held = lanes.of_process(of_page.c.process_id)
    return (
        select(
            of_page,
            Process.state.label("process_state"),
            Process.number.label("process_number"),
            Process.deadline_at,
            ApplicationInterface.name.label("interface_name"),
            ComputeResource.name.label("resource_name"),
            progress,
            culprit,
            line,
            blocked,
            held,
        )
        .outerjoin(ApplicationInterface, ApplicationInterface.id == of_page.c.interface_id)
        .outerjoin(ComputeResource, ComputeResource.id == of_page.c.resource_id)
        .outerjoin(Process, Process.id == of_page.c.process_id)
        .outerjoin(progress, true())
        .outerjoin(culprit, true())
        .outerjoin(line, and_(Process.state == "QUEUED", true()))
        .outerjoin(blocked, true())
        .outerjoin(held, true())
        .order_by(of_page.c.created_at.desc(), of_page.c.id.desc())
    )


def experiments_page(
    gateway_id: str, wanted: ExperimentFilter, limit: int, after: Position | None
) -> Select[*tuple[Any, ...]]:
    """Return the statement of one page: the newest first that stand after ``after``, one more than ``limit``."""
    statement = select(*_SHOWN).where(Experiment.gateway_id == gateway_id, *wanted.conditions())
    if after is not None:
        statement = statement.where(tuple_(Experiment.created_at, Experiment.id) < (after.at, after.id))
    return statement.order_by(Experiment.created_at.desc(), Experiment.id.desc()).limit(limit + 1)


def list_experiments(
    session: Session, gateway_id: str, wanted: ExperimentFilter, limit: int, after: Position | None
) -> PageOf[Row]:
    """Return a page of experiments with their progress."""
    statement = _with_progress(experiments_page(gateway_id, wanted, limit, after))
    return page_of(all_rows(session, statement), limit, "created_at", "id")


def experiments_by_id(session: Session, gateway_id: str, ids: Sequence[str]) -> list[Row]:
    """Return those of ``ids`` that the gateway has, with their progress, newest first."""
    statement = select(*_SHOWN).where(Experiment.gateway_id == gateway_id, Experiment.id.in_(ids))
    return all_rows(session, _with_progress(statement))


def get_experiment(session: Session, gateway_id: str, experiment_id: str) -> Row | None:
    """Return one experiment with its progress and its request."""
    chosen = select(*_SHOWN, Experiment.spec).where(Experiment.gateway_id == gateway_id, Experiment.id == experiment_id)
    return one_row(session, _with_progress(chosen))


def placement(session: Session, gateway_id: str, experiment_id: str) -> Any | None:  # noqa: ANN401 - JSON
    """Return why the experiment runs where it does; None where the request named the one resource."""
    statement = (
        select(Event.payload["placement"])
        .where(
            Event.experiment_id == experiment_id,
            Event.gateway_id == gateway_id,
            Event.kind == "experiment-launched",
            Event.payload.has_key("placement"),
        )
        .order_by(Event.seq.desc())
        .limit(1)
    )
    return session.scalars(statement).first()


def has_experiment(session: Session, gateway_id: str, experiment_id: str) -> bool:
    """Tell whether the gateway has this experiment."""
    statement = select(Experiment.id).where(Experiment.gateway_id == gateway_id, Experiment.id == experiment_id)
    return session.execute(statement).first() is not None


def count_by_state(session: Session, gateway_id: str) -> dict[str, int]:
    """Return how many experiments of the gateway are launched and not ended, by state."""
    statement = (
        select(Experiment.state, func.count().label("count"))
        .where(
            Experiment.gateway_id == gateway_id,
            Experiment.state.in_(LIVE_STATES),
            Experiment.archived_at.is_(None),  # what runs is never put away; the index does not know
        )
        .group_by(Experiment.state)
    )
    return dict(session.execute(statement).all())


def count_matching(session: Session, gateway_id: str, wanted: ExperimentFilter) -> dict[str, int]:
    """Return how many experiments of the gateway fit the filter, by state."""
    statement = (
        select(Experiment.state, func.count().label("count"))
        .where(Experiment.gateway_id == gateway_id, *wanted.conditions())
        .group_by(Experiment.state)
    )
    return dict(session.execute(statement).all())


def count_held(session: Session, gateway_id: str, wanted: ExperimentFilter) -> dict[str, int]:
    """Return how many of the live experiments that fit the filter are held, by the state of their latest process."""
    statement = (
        select(Process.state, func.count().label("count"))
        .select_from(Experiment)
        .join(Process, Process.id == Experiment.process_id)
        .where(Experiment.gateway_id == gateway_id, Experiment.state.in_(LIVE_STATES), *wanted.conditions())
        .where(Process.state.in_(HELD))
        .group_by(Process.state)
    )
    return dict(session.execute(statement).all())


def output_definitions(session: Session, gateway_id: str, experiment_id: str) -> Mapping[str, Row]:
    """Return what the experiment's application interface says of each of its outputs, by name."""
    statement = (
        select(ApplicationInterface.outputs)
        .join(Experiment, Experiment.interface_id == ApplicationInterface.id)
        .where(Experiment.gateway_id == gateway_id, Experiment.id == experiment_id)
    )
    return {item["name"]: item for item in session.execute(statement).scalar_one_or_none() or ()}
