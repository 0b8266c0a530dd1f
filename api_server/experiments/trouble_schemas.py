"""How the API tells what went wrong with a run, and what it waits for."""

from typing import Annotated

from pydantic import ConfigDict, Field

from api_server.http.model import ApiModel, Instant
from howdah.contracts.failures import FailureKind


class Answer(ApiModel):
    """What the API says; a later version may say more."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(Answer):
    """Why it failed: the kind, the sentence for people, and what the remote side said."""

    kind: FailureKind
    sentence: Annotated[str, Field(examples=["sbatch refused the job on ada@cluster: Invalid partition name"])]
    detail: str | None = None
    host: str | None = None
    operation: str | None = None
    exit_status: int | None = None


class PausedLane(Answer):
    """A lane of a task type that an operator has paused, and in which something waits."""

    type: str
    lane: str
    since: Instant
    actor: str
    reason: str
    tasks: int | None = None
    """How many tasks wait in it."""


class BlockedBy(Answer):
    """A resource that is away, and for which something waits: why, and what happens next."""

    resource_id: str
    resource: str
    account: str | None
    since: Instant | None
    """Since when it is waited for."""
    cause: Failure | None
    failed_probes: int | None
    next_probe_at: Instant | None
    """None while a probe is under way."""
    gives_up_at: Instant | None
    tasks: int | None = None
    """How many tasks wait for it."""
