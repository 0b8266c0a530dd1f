"""Statements that are sent together: one round trip to the server, however many there are.

A transaction of the hot path writes to eight tables; waiting for each answer, and building each statement anew, would
cost more than the writing.
"""

import re
from typing import Any, Final

from sqlalchemy import ClauseElement, Dialect
from sqlalchemy.dialects.postgresql import psycopg2
from sqlalchemy.orm import Session

from api_server.registry.engine import dump_json
from api_server.registry.rowset import Rows

_DIALECT: Final[Dialect] = psycopg2.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy types no dialect
_PARAMETER: Final = re.compile(r"%\((\w+)\)s")


class RowStatement:
    """A statement over one row set, compiled once; its parameters can be numbered, to stand beside those of others."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self._text = str(compiled)
        self._constants = {name: value for name, value in compiled.params.items() if name != "rows"}
        self._numbered: dict[int, str] = {}

    def numbered(self, number: int, rows: Rows) -> tuple[str, dict[str, Any]]:
        """Return the SQL and the values of its parameters."""
        text = self._numbered.get(number)
        if text is None:
            text = self._numbered[number] = _PARAMETER.sub(rf"%(\1_{number})s", self._text)
        values = {**self._constants, "rows": dump_json(rows)}
        return text, {f"{name}_{number}": value for name, value in values.items()}


class Script:
    """Collects statements; ``run`` sends them in the order in which they were added."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._values: dict[str, Any] = {}

    def add(self, statement: RowStatement, rows: Rows) -> None:
        """Add a statement over ``rows``; without rows there is nothing to do."""
        if rows:
            text, values = statement.numbered(len(self._texts), rows)
            self._texts.append(text)
            self._values |= values

    def add_plain(self, text: str) -> None:
        """Add a constant statement."""
        self._texts.append(text)

    def run(self, session: Session) -> int:
        """Send what was added and start anew; return how many rows the last statement touched."""
        texts, values = self._texts, self._values
        self._texts, self._values = [], {}
        if not texts:
            return 0
        return session.connection().exec_driver_sql(";\n".join(texts), values).rowcount
