"""Statements that are sent together, and planned once: what the hot path's transactions are made of.

A transaction there writes to eight tables. Waiting for each answer would cost more than the writing, and so would
having the server parse and plan the same statements anew each time: half of its work, when it was measured.
"""

from typing import Any, Final

from sqlalchemy import ClauseElement, Connection, CursorResult, Dialect
from sqlalchemy.dialects.postgresql import psycopg2
from sqlalchemy.orm import Session

from api_server.registry.engine import dump_json
from api_server.registry.rowset import Rows

_DIALECT: Final[Dialect] = psycopg2.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy types no dialect
_PREPARED: Final = "howdah prepared statements"


class Prepared:
    """A statement with one parameter, prepared in a connection when it is first used there.

    Needs a connection that stays with its session (a pooler in transaction mode does not give one).
    """

    def __init__(self, name: str, statement: ClauseElement, parameter: str, sql_type: str) -> None:
        compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.name = name
        self.sql_type = sql_type
        self._text = str(compiled).replace(f"%({parameter})s", "$1")
        self._constants = {key: value for key, value in compiled.params.items() if key != parameter}

    def prepare(self, connection: Connection) -> None:
        """Make the server know it in this connection, unless it does. A rollback does not undo that."""
        known: set[str] = connection.info.setdefault(_PREPARED, set())
        if self.name not in known:
            connection.exec_driver_sql(f"PREPARE {self.name} ({self.sql_type}) AS {self._text}", self._constants)
            known.add(self.name)

    def call(self, parameter: str) -> str:
        """Return the SQL that executes it with the named parameter."""
        return f"EXECUTE {self.name} (%({parameter})s::{self.sql_type})"

    def execute(self, session: Session, value: object) -> CursorResult[Any]:
        """Execute it by itself."""
        connection = session.connection()
        self.prepare(connection)
        return connection.exec_driver_sql(self.call("value"), {"value": value})


def over_rows(name: str, statement: ClauseElement) -> Prepared:
    """Return a statement over the parameter ``rows``; see ``rowset``."""
    return Prepared(name, statement, "rows", "json")


def by_ids(name: str, statement: ClauseElement) -> Prepared:
    """Return a statement over the parameter ``ids``, a list of UUIDs."""
    return Prepared(name, statement, "ids", "uuid[]")


class Script:
    """Collects statements; ``run`` sends them in the order in which they were added."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._values: dict[str, Any] = {}
        self._needed: list[Prepared] = []

    def add(self, statement: Prepared, rows: Rows) -> None:
        """Add a statement over ``rows``; without rows there is nothing to do."""
        if rows:
            self._add(statement, dump_json(rows))

    def add_ids(self, statement: Prepared, ids: list[str]) -> None:
        """Add a statement over ``ids``; without any there is nothing to do."""
        if ids:
            self._add(statement, ids)

    def add_plain(self, text: str) -> None:
        """Add a constant statement."""
        self._texts.append(text)

    def run(self, session: Session) -> int:
        """Send what was added and start anew; return how many rows the last statement touched."""
        texts, values, needed = self._texts, self._values, self._needed
        self._texts, self._values, self._needed = [], {}, []
        if not texts:
            return 0
        connection = session.connection()
        for statement in needed:
            statement.prepare(connection)
        return connection.exec_driver_sql(";\n".join(texts), values).rowcount

    def _add(self, statement: Prepared, value: object) -> None:
        parameter = f"p{len(self._texts)}"
        self._texts.append(statement.call(parameter))
        self._values[parameter] = value
        self._needed.append(statement)
