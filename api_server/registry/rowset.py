"""Set-based writes: any number of rows travel as one JSON parameter and become a table inside the statement.

One parameter is encoded in C and taken apart by the server, where a value list would cost the client microseconds for
each value. Statements are built once, when their module is imported.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, Label, TableValuedAlias, Text, Uuid, bindparam, cast, column, func
from sqlalchemy.dialects.postgresql import ARRAY, JSON, Insert, insert
from sqlalchemy.schema import Table

Row = Mapping[str, Any]
Rows = Sequence[Row]


def rowset(*columns: ColumnClause[Any], name: str = "r") -> TableValuedAlias:
    """Return the rows of the parameter ``rows`` as a table with ``columns``: its ``c`` has them by name.

    A row's missing field is NULL. Bytes travel as base64 text: give such a column another type.
    """
    return (
        func.json_to_recordset(bindparam("rows", None, type_=JSON))
        .table_valued(*(column(item.name, item.type) for item in columns))
        .render_derived(name=name, with_types=True)
    )


def insert_rows(table: Table, *names: str) -> Insert:
    """Return the statement that inserts the parameter ``rows`` into the columns ``names`` of ``table``."""
    rows = rowset(*(table.c[name] for name in names))
    return insert(table).from_select(names, rows.select(), include_defaults=False)


def any_of_ids() -> ColumnElement[Any]:
    """Return what a UUID column is compared with to be one of the parameter ``ids``."""
    return func.any(bindparam("ids", type_=ARRAY(Uuid(as_uuid=False))))


def as_text(identity: ColumnClause[Any]) -> Label[str]:
    """Return a UUID column as the server's text: the driver would build a UUID object from it only to print it."""
    return cast(identity, Text).label(identity.name)
