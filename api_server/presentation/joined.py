"""Columns that a query has joined to a row under a prefix of their own: what somebody waits for."""

from collections.abc import Sequence
from typing import Any

from api_server.registry.repositories.rows import Row


def joined(row: Row, prefix: str, fields: Sequence[str]) -> dict[str, Any] | None:
    """Return them by their names, with the number of ``tasks`` where it is told; None where nothing was joined.

    Nothing was where the first of ``fields`` is null.
    """
    if row.get(prefix + fields[0]) is None:
        return None
    found = {name: row[prefix + name] for name in fields}
    if row.get(f"{prefix}tasks") is not None:
        found["tasks"] = row[f"{prefix}tasks"]
    return found
