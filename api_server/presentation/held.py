"""The paused lane in which somebody's tasks wait: as data, and in a sentence."""

from typing import Any, Final

from api_server.presentation.moments import moment
from api_server.registry.repositories.lanes import PREFIX
from api_server.registry.repositories.rows import Row

_FIELDS: Final = ("type", "lane", "since", "actor", "reason")


def of(row: Row) -> dict[str, Any] | None:
    """Return the lane that keeps the row's experiment or task waiting; None when none does."""
    if row.get("held_type") is None:
        return None
    found = {name: row[PREFIX + name] for name in _FIELDS}
    if row.get("held_tasks") is not None:
        found["tasks"] = row["held_tasks"]
    return found


def sentence(row: Row) -> str:
    """Say which lane is paused, by whom, why, and that it goes on when it is resumed."""
    why = f" ({row['held_reason'].rstrip('.')})" if row["held_reason"] else ""
    lane = f"the {row['held_lane']} lane of {row['held_type']}"
    return f"{row['held_actor']} paused {lane} at {moment(row['held_since'])}{why}; it goes on when that is resumed."
