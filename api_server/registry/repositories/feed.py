"""Reads the event table as a feed: in the order (txid, id), and only what no late commit can still precede.

A transaction that began earlier may commit later; its rows carry the smaller transaction id. So rows are read below the
oldest transaction in progress (``pg_snapshot_xmin``), and what is withheld comes with the next read. JSON columns stay
text: they go to clients as they stand in the database.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from api_server.registry.repositories.feed_cursor import Cursor, Position, View

FEED_CHANNEL: Final = "howdah_feed"
"""PostgreSQL's notification channel: one NOTIFY, without payload, in each transaction that writes events."""


class FeedRow(NamedTuple):
    """One event as the feed tells it."""

    txid: int
    id: int
    gateway_id: str
    experiment_id: str
    seq: int
    process_id: str | None
    process_number: int | None
    task_id: str | None
    attempt: int | None
    kind: str
    actor: str
    at: datetime
    changes: str
    payload: str

    @property
    def position(self) -> Position:
        """Where the event stands in the feed."""
        return Position(self.txid, self.id)


_COLUMNS: Final = """
    txid::text::int8, id, gateway_id::text, experiment_id::text, seq, process_id::text, process_number, task_id::text,
    attempt, kind, actor, at, changes::text, payload::text
"""
_BELOW_HORIZON: Final = "txid < pg_snapshot_xmin(pg_current_snapshot())"
_AFTER: Final = "(txid, id) > (CAST(:txid AS xid8), :id)"

_READ_LIMIT: Final = 2_000
_READ_FEED: Final = f"""
    PREPARE read_feed (text, int8) AS
    (SELECT {_COLUMNS} FROM event WHERE (txid, id) > (CAST($1 AS xid8), $2) AND {_BELOW_HORIZON}
     ORDER BY event.txid, event.id LIMIT {_READ_LIMIT})
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    WHERE EXISTS (SELECT FROM event WHERE txid >= pg_snapshot_xmin(pg_current_snapshot()))
"""  # noqa: S608 - constants only
READ_FEED: Final = "EXECUTE read_feed (%(txid)s, %(id)s)"
_BY_INDEX: Final = "SET enable_seqscan = off; SET enable_sort = off"
_HORIZON: Final = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
_VIEW: Final = text("SELECT pg_current_snapshot()::text")
_REPLAYABLE: Final = text(
    "SELECT CAST(:txid AS xid8) <= pg_snapshot_xmax(pg_current_snapshot())"
    " AND EXISTS (SELECT FROM event WHERE (txid, id) <= (CAST(:txid AS xid8), :id))"
)
_MISSED: Final = text(
    f"SELECT count(*) FROM (SELECT FROM event WHERE {_AFTER} AND {_BELOW_HORIZON} LIMIT :limit) AS missed"  # noqa: S608 - constants only
)
REPLAY_GATEWAY: Final = text(
    f"SELECT {_COLUMNS} FROM event WHERE {_AFTER} AND {_BELOW_HORIZON} AND gateway_id = CAST(:gateway_id AS uuid)"  # noqa: S608 - constants only
    " ORDER BY event.txid, event.id LIMIT :limit"
)
REPLAY_EXPERIMENTS: Final = text(
    f"SELECT {_COLUMNS} FROM event WHERE {_AFTER} AND {_BELOW_HORIZON} AND gateway_id = CAST(:gateway_id AS uuid)"  # noqa: S608 - constants only
    " AND experiment_id = ANY(CAST(:experiment_ids AS uuid[])) ORDER BY event.txid, event.id LIMIT :limit"
)


def horizon(connection: Connection) -> Position:
    """Return the place before everything that is not yet surely complete."""
    return Position(int(connection.execute(_HORIZON).scalar_one()), 0)


class FeedRead(NamedTuple):
    """What was found: rows in the feed's order, and what may still come."""

    rows: Sequence[FeedRow]
    more: bool
    """Whether as many were read as are read at a time."""
    withheld: bool
    """Whether committed events wait for an older transaction to end."""


class FeedReader:
    """Reads the events of all gateways on a connection of its own, with a statement that is planned once.

    It is planned on a young table, too: so plans that read all of it are forbidden.
    """

    def __init__(self, connection: Connection) -> None:
        connection.exec_driver_sql(_BY_INDEX)
        connection.exec_driver_sql(_READ_FEED)
        self._connection = connection

    def read_after(self, position: Position) -> FeedRead:
        """Return the next events after ``position``, as they stand in one snapshot."""
        found = self._connection.exec_driver_sql(READ_FEED, {"txid": str(position.txid), "id": position.id})
        rows = [FeedRow._make(row) for row in found]
        withheld = bool(rows) and rows[-1].id is None
        if withheld:
            rows.pop()
        return FeedRead(rows, len(rows) == _READ_LIMIT, withheld)


def current_view(session: Session) -> View:
    """Return what the session's REPEATABLE READ transaction sees."""
    return View.of(session.execute(_VIEW).scalar_one())


def replay(
    session: Session, gateway_id: str, experiment_ids: Sequence[str] | None, cursor: Cursor, limit: int
) -> Sequence[FeedRow] | None:
    """Return the gateway's events that ``cursor`` lacks (of some experiments only, if given), in the feed's order.

    None when the registry can't bridge the gap: the cursor is older than the oldest event kept, or of another
    database, or more than ``limit`` events behind.
    """
    place = {"txid": str(cursor.position.txid), "id": cursor.position.id, "limit": limit + 1}
    if not session.execute(_REPLAYABLE, place).scalar_one():
        return None
    if experiment_ids is None:
        if session.execute(_MISSED, place).scalar_one() > limit:
            return None
        found = session.execute(REPLAY_GATEWAY, {**place, "gateway_id": gateway_id})
    else:
        found = session.execute(
            REPLAY_EXPERIMENTS, {**place, "gateway_id": gateway_id, "experiment_ids": list(experiment_ids)}
        )
    rows = [FeedRow._make(row) for row in found]
    return None if len(rows) > limit else [row for row in rows if cursor.lacks(row.position)]
