"""What the API server answers about the health of compute resources."""

from datetime import datetime

from pydantic import Field

from howdah.client.models import Answer
from howdah.contracts.failures import Failure


class AccountStanding(Answer):
    """How it stands with one login account of a resource."""

    account: str
    circuit: str
    """``closed``: work is sent there; ``open``: it is away; ``releasing``: it is back."""
    since: datetime
    next: str = ""
    cause: Failure | None = None
    failed_probes: int = 0
    next_probe_at: datetime | None = None
    lane: str
    seconds: float | None = None
    failure_share: float = 0.0
    blocked_tasks: int = 0
    gives_up_at: datetime | None = None


class ResourceStanding(Answer):
    """How it stands with a resource: is it away, which lane do its tasks take, what waits for it."""

    resource_id: str
    name: str
    circuit: str
    lane: str
    pinned_lane: str | None = None
    handlers: int | None = None
    blocked_tasks: int = 0
    blocked_experiments: int = 0
    accounts: list[AccountStanding] = Field(default_factory=list)


class ResourceStandings(Answer):
    """The standing of all resources."""

    items: list[ResourceStanding]


class HealthEvent(Answer):
    """Something that happened to the health of a resource."""

    id: str
    account: str = ""
    at: datetime
    kind: str
    actor: str
    sentence: str
