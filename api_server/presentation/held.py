"""The paused lane in which somebody's tasks wait: as data, and in a sentence."""

from collections.abc import Mapping
from typing import Any, Final

from api_server.presentation.joined import joined
from api_server.presentation.moments import moment
from api_server.registry.repositories.lanes import PREFIX
from api_server.registry.repositories.rows import Row

_FIELDS: Final = ("type", "lane", "since", "actor", "reason")


def of(row: Row) -> dict[str, Any] | None:
    """Return the lane that keeps the row's experiment or task waiting; None when none does."""
    return joined(row, PREFIX, _FIELDS)


def sentence(pause: Mapping[str, Any]) -> str:
    """Say which lane is paused, by whom, why, and that it goes on when it is resumed."""
    why = f" ({pause['reason'].rstrip('.')})" if pause["reason"] else ""
    lane = f"the {pause['lane']} lane of {pause['type']}"
    return f"{pause['actor']} paused {lane} at {moment(pause['since'])}{why}; it goes on when that is resumed."
