"""How it stands with a login account of a resource: what whoever sends work there, or does it, must know."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from howdah.contracts.envelope import Instant, Lane, Message
from howdah.contracts.failures import Failure
from howdah.contracts.ids import UUID_TEXT, GatewayId, ResourceId
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.topics import FAST


class CircuitState(StrEnum):
    """Whether work is sent to a login account of a resource."""

    CLOSED = "closed"
    """It is: nothing speaks against it."""
    OPEN = "open"
    """It is not: too many attempts failed there. Tasks wait, and their process is BLOCKED, until a probe succeeds."""
    RELEASING = "releasing"
    """It is again, and what waited is let go bit by bit."""


class ResourceStanding(Message):
    """How it stands with one login account of one resource. Keyed by ``key()``.

    A tombstone says that nothing is out of the ordinary: circuit closed, fast lane, no limit of its own.
    """

    kind: Literal["resource-standing"] = "resource-standing"
    version: Literal[1] = 1
    gateway_id: Annotated[GatewayId, UUID_TEXT]
    resource_id: Annotated[ResourceId, UUID_TEXT]
    account: Annotated[str, StringConstraints(max_length=400)]
    """As ``ResourceTarget.account`` says."""
    circuit: CircuitState = CircuitState.CLOSED
    since: Instant
    """When the circuit entered this state."""
    cause: Failure | None = None
    """OPEN: the failure that was seen last."""
    failed_probes: int = Field(default=0, ge=0)
    next_probe_at: Instant | None = None
    lane: Lane = FAST
    handlers: int | None = Field(default=None, ge=1)
    """The most handlers of one service replica that it may occupy, where an operator set a limit."""

    def key(self) -> str:
        """Return the compaction key: one row for each login account."""
        return standing_key(self.resource_id, self.account)


def standing_key(resource_id: str, account: str) -> str:
    """Return the key under which a login account's row stands in ``howdah.resources``."""
    return f"{resource_id}/{account}"


Standings = Callable[[ResourceTarget], ResourceStanding | None]
"""Looks up how it stands with a target, from memory; None when nothing is out of the ordinary."""


def all_is_well(_: ResourceTarget) -> ResourceStanding | None:
    """Know of nothing out of the ordinary."""
    return None
