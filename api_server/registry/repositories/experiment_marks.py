"""What people write upon experiments: notes, tags, and that one is put away. No state of a run is in here.

The orchestrator writes none of these columns, so that nothing here waits for a run or moves its version. Every
statement is bound to the caller's gateway, and to their own experiments where they may steer no others.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Update, func, select, update
from sqlalchemy.orm import Session

from api_server.registry.models import Experiment
from api_server.registry.paging import PageOf, Position
from api_server.registry.repositories.experiment_reads import ExperimentFilter, experiments_page
from api_server.registry.repositories.rows import Row, all_rows, page_of
from howdah.contracts.states import ExperimentState

MAY_BE_ARCHIVED = (
    ExperimentState.CREATED,
    ExperimentState.VALIDATED,
    ExperimentState.COMPLETED,
    ExperimentState.FAILED,
    ExperimentState.CANCELED,
)
"""What runs stays in sight."""


def matching(
    session: Session, gateway_id: str, wanted: ExperimentFilter, limit: int, after: Position | None
) -> PageOf[Row]:
    """Return a page of those that fit, newest first: what is needed to act on each."""
    page = experiments_page(gateway_id, wanted, limit, after).subquery("page")
    chosen = select(page.c.id, page.c.name, page.c.created_at).order_by(page.c.created_at.desc(), page.c.id.desc())
    return page_of(all_rows(session, chosen), limit, "created_at", "id")


def annotate(session: Session, gateway_id: str, experiment_id: str, **values: object) -> None:
    """Write notes (``description``) or ``tags``."""
    session.execute(_of(gateway_id, [experiment_id], None).values(**values))


def archive(session: Session, gateway_id: str, ids: Collection[str], owner: str | None) -> set[str]:
    """Put those away that do not run, in one statement; return them. ``owner``: only theirs."""
    statement = _of(gateway_id, ids, owner).where(Experiment.state.in_(MAY_BE_ARCHIVED))
    return _moved(session, statement.values(archived_at=func.coalesce(Experiment.archived_at, func.now())))


def unarchive(session: Session, gateway_id: str, ids: Collection[str], owner: str | None) -> set[str]:
    """Bring those back into the lists, in one statement; return them. ``owner``: only theirs."""
    return _moved(session, _of(gateway_id, ids, owner).values(archived_at=None))


def tags(session: Session, gateway_id: str, most: int) -> Sequence[str]:
    """Return the gateway's tags, the most used first."""
    each = func.unnest(Experiment.tags).label("tag")
    used = select(each).where(Experiment.gateway_id == gateway_id, Experiment.tags != _NONE).subquery("used")
    counted = select(used.c.tag).group_by(used.c.tag).order_by(func.count().desc(), used.c.tag).limit(most)
    return session.scalars(counted).all()


_NONE: list[str] = []


def _of(gateway_id: str, ids: Collection[str], owner: str | None) -> Update:
    mine: list[ColumnElement[bool]] = [] if owner is None else [Experiment.owner == owner]
    return update(Experiment).where(Experiment.gateway_id == gateway_id, Experiment.id.in_(ids), *mine)


def _moved(session: Session, statement: Update) -> set[str]:
    found: Any = session.execute(statement.returning(Experiment.id).execution_options(synchronize_session=False))
    return set(found.scalars())
