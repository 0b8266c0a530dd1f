"""What is said and shown about the health of compute resources."""

from typing import Annotated

from pydantic import ConfigDict, Field

from api_server.http.model import ApiModel, Id, Instant
from howdah.contracts.failures import Failure
from howdah.contracts.standings import CircuitState
from howdah.contracts.task_types import LaneName


class AccountStanding(ApiModel):
    """How it stands with one login account of a resource."""

    account: Annotated[str, Field(examples=["gateway@login.cluster.example.org:22"])]
    circuit: CircuitState
    """``open``: nothing is sent there until a probe succeeds; ``releasing``: what waited is let go bit by bit."""
    since: Instant
    next: Annotated[str, Field(examples=["The next probe is at 2026-11-22 20:01:07 UTC; 40 tasks wait for it."])]
    cause: Failure | None
    """The failure that was seen last while it is away."""
    confirmed: bool
    """A probe has found it away: attempts that failed meanwhile are not held against their tasks."""
    failed_probes: int
    next_probe_at: Instant | None
    probing: bool
    lane: LaneName
    lane_since: Instant
    seconds: float | None
    """How long an attempt takes there, exponentially weighted; null when nothing was seen yet."""
    failure_share: float
    """The share of attempts that failed for a reason of its own, exponentially weighted."""
    blocked_tasks: int
    blocked_experiments: int
    blocked_since: Instant | None
    gives_up_at: Instant | None
    """When the first of the tasks gives up."""
    updated_at: Instant


class ResourceStanding(ApiModel):
    """How it stands with a resource: the gravest circuit and the slowest lane of its accounts."""

    resource_id: Id
    name: str
    enabled: bool
    circuit: CircuitState
    lane: LaneName
    pinned_lane: LaneName | None
    """The lane in which an operator keeps it."""
    handlers: int | None
    """The most handlers of one service replica that it may occupy, where an operator set a limit."""
    blocked_tasks: int
    blocked_experiments: int
    accounts: list[AccountStanding]
    """Those at which work was done; empty for a resource that was never used."""


class ResourceStandings(ApiModel):
    """The health of all resources of the gateway, by name."""

    items: list[ResourceStanding]
    next_cursor: None = None


class HealthEvent(ApiModel):
    """Something that happened to the health of a resource."""

    id: Id
    account: str
    """Empty where it is about all of its accounts."""
    at: Instant
    kind: Annotated[str, Field(examples=["circuit-opened"])]
    actor: str
    sentence: str


class ResourceControl(ApiModel):
    """What an operator decides about a resource in the place of the platform; null leaves it to the platform."""

    model_config = ConfigDict(json_schema_extra={"example": {"lane": "slow", "handlers": 2}})

    lane: LaneName | None = None
    handlers: int | None = Field(default=None, ge=1, le=512)
