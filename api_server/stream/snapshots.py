"""The beginning of a live stream: a snapshot of the registry, or what a returning client has missed.

Snapshot and cursor come from one REPEATABLE READ transaction, so that what follows joins it without gap or overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from api_server.presentation import runs
from api_server.problems import NotFoundError
from api_server.registry.repositories import experiment_reads, feed, job_reads, run_reads
from api_server.registry.repositories.experiment_reads import LIVE_STATES, ExperimentFilter
from api_server.registry.repositories.feed_cursor import Cursor
from api_server.registry.repositories.rows import all_rows
from api_server.registry.unit_of_work import Registry
from api_server.stream import frames
from api_server.stream.frames import Frame
from howdah.contracts.tasks import MAX_TASKS

_MAX_LISTED: Final = 500
"""How many live experiments a gateway's snapshot lists; ``live`` counts all of them."""
_MAX_JOBS: Final = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """What a stream is about: a gateway, some of its experiments, or a single one in full."""

    gateway_id: str
    experiment_ids: tuple[str, ...] | None = None
    in_full: bool = False


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first bytes of a stream, and what its reader has when they are read."""

    content: bytes
    cursor: Cursor


def take_snapshot(registry: Registry, scope: Scope) -> Beginning:
    """Show how things stand. NotFoundError for an experiment that the gateway does not have."""
    with registry.transaction() as work:
        work.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        cursor = Cursor.at_snapshot(feed.current_view(work.session))
        return Beginning(frames.snapshot(cursor, _content(work.session, scope)), cursor)


def replay(registry: Registry, scope: Scope, last_event_id: str, limit: int) -> Beginning | None:
    """Return what came after ``last_event_id``; None when the registry can't tell (any more)."""
    cursor = Cursor.parse(last_event_id)
    if cursor is None:
        return None
    with registry.transaction() as work:
        work.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        _check(work.session, scope)
        rows = feed.replay(work.session, scope.gateway_id, scope.experiment_ids, cursor, limit)
    if rows is None:
        return None
    pieces = []
    for row in rows:
        cursor = cursor.moved_to(row.position)
        pieces.append(Frame.of(row).with_cursor(cursor))
    return Beginning(b"".join(pieces), cursor)


def _check(session: Session, scope: Scope) -> None:
    for experiment_id in scope.experiment_ids or ():
        if not experiment_reads.has_experiment(session, scope.gateway_id, experiment_id):
            raise NotFoundError.of("experiment", experiment_id)


def _content(session: Session, scope: Scope) -> dict[str, object]:
    if scope.experiment_ids is None:
        wanted = ExperimentFilter(states=LIVE_STATES)
        page = experiment_reads.list_experiments(session, scope.gateway_id, wanted, _MAX_LISTED, None)
        live = experiment_reads.count_by_state(session, scope.gateway_id)
        return {"experiments": [runs.experiment(row) for row in page.rows], "live": live}
    _check(session, scope)
    if scope.in_full:
        return _one_in_full(session, scope.gateway_id, scope.experiment_ids[0])
    return {"experiments": _several(session, scope.gateway_id, scope.experiment_ids)}


def _several(session: Session, gateway_id: str, ids: Sequence[str]) -> list[runs.Shown]:
    return [runs.experiment(row) for row in experiment_reads.experiments_by_id(session, gateway_id, ids)]


def _one_in_full(session: Session, gateway_id: str, experiment_id: str) -> dict[str, object]:
    experiments = _several(session, gateway_id, [experiment_id])
    latest = run_reads.list_processes(session, gateway_id, experiment_id, 1, None)
    tasks = all_rows(session, run_reads.tasks_after(gateway_id, latest[0]["id"], MAX_TASKS, None)) if latest else []
    jobs = job_reads.list_jobs(
        session, job_reads.jobs_page(gateway_id, _MAX_JOBS, None, experiment_id=experiment_id), _MAX_JOBS
    )
    return {
        "experiments": experiments,
        "process": runs.process(latest[0]) if latest else None,
        "tasks": [runs.task(row) for row in tasks],
        "jobs": [runs.job(row) for row in jobs.rows],
    }
