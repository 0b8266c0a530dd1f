"""What somebody waits for that is away: as data, and in a sentence."""

from typing import Any, Final

from api_server.presentation.joined import joined
from api_server.presentation.moments import moment
from api_server.registry.repositories.blocked_reads import PREFIX
from api_server.registry.repositories.rows import Row
from howdah.contracts.standings import CircuitState

_FIELDS: Final = (
    *("resource_id", "resource", "account", "since", "cause", "failed_probes", "next_probe_at", "gives_up_at"),
)


def of(row: Row) -> dict[str, Any] | None:
    """Return what the row's process or task waits for; None when it waits for nothing."""
    return joined(row, PREFIX, _FIELDS)


def without(row: Row) -> dict[str, Any]:
    """Return the row's other columns."""
    return {name: value for name, value in row.items() if not name.startswith(PREFIX)}


def sentence(row: Row) -> str:
    """Say what is waited for, why, and what happens next."""
    name = row["blocked_resource"]
    ends = f"; it gives up at {moment(row['blocked_gives_up_at'])}" if row["blocked_gives_up_at"] else ""
    if row["blocked_circuit"] == CircuitState.RELEASING:
        return f"{name} is back: what waited for it goes on bit by bit{ends}."
    cause = (row["blocked_cause"] or {}).get("sentence", "").rstrip(".")
    why = f" ({cause})" if cause else ""
    due = row["blocked_next_probe_at"]
    probe = f"the next probe is at {moment(due)}" if due else "it is being probed"
    return f"Waits for {name}, which is away{why}; {probe}{ends}."
