"""Dead letters as they are stored and handled; the lists for people are in ``operations_reads``."""

from datetime import datetime

from sqlalchemy import Text, column, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api_server.registry.base import table_of
from api_server.registry.models import DeadLetter, Task
from api_server.registry.rowset import Rows, rowset

_table = table_of(DeadLetter)
_NAMES = (
    *("id", "gateway_id", "experiment_id", "process_id", "task_id", "attempt", "at", "reason", "group", "topic"),
    *("partition", "offset", "headers", "state", "note"),
)
_rows = rowset(*(_table.c[name] for name in _NAMES), column("key64", Text()), column("value64", Text()))
_INSERT = (
    insert(_table)
    .from_select(
        [*_NAMES, "key", "value"],
        select(
            *(_rows.c[name] for name in _NAMES),
            func.decode(_rows.c.key64, "base64"),
            func.decode(_rows.c.value64, "base64"),
        ),
        include_defaults=False,
    )
    .on_conflict_do_nothing(index_elements=["id"])
)


def store(session: Session, rows: Rows) -> None:
    """Store dead letters; one that is there already is left as it is."""
    if rows:
        session.execute(_INSERT, {"rows": rows})


def lock(session: Session, gateway_id: str, dead_letter_id: str, *, with_unowned: bool) -> DeadLetter | None:
    """Return a dead letter of the gateway (or, ``with_unowned``, of none), locked; None when there is none."""
    own = DeadLetter.gateway_id == gateway_id
    visible = or_(own, DeadLetter.gateway_id.is_(None)) if with_unowned else own
    return session.scalars(select(DeadLetter).where(DeadLetter.id == dead_letter_id, visible).with_for_update()).first()


def mark(  # noqa: PLR0913 - what is recorded, by keyword
    session: Session, dead_letter_id: str, *, state: str, by: str, at: datetime, note: str
) -> None:
    """Record what was done with a dead letter."""
    session.execute(
        update(DeadLetter)
        .where(DeadLetter.id == dead_letter_id)
        .values(state=state, handled_by=by, handled_at=at, note=note)
    )


def task_now(session: Session, gateway_id: str, task_id: str) -> tuple[str, int] | None:
    """Return the state and the attempt of a task; None when there is none."""
    row = session.execute(
        select(Task.state, Task.attempt).where(Task.id == task_id, Task.gateway_id == gateway_id)
    ).first()
    return None if row is None else (row[0], row[1])
