"""What is said and shown about quotas and maintenance windows."""

from datetime import timedelta
from typing import Annotated, Final, Self

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, model_validator

from api_server.http.model import ApiModel, Id, Instant, Name

_SOME_ID: Final = "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11"
_LONGEST: Final = timedelta(days=60)
QueueName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,128}$")]


class QuotaBody(ApiModel):
    """At most so many live jobs of the gateway, narrowed by what is given; what is beyond waits its turn, QUEUED."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"name": "ClimateHub quota", "max_live_jobs": 60, "resource_id": _SOME_ID, "each_user": False}
        }
    )
    name: Name
    """Stands in the reason that is told to whoever waits."""
    max_live_jobs: Annotated[int, Field(ge=0, le=1_000_000)]
    resource_id: Id | None = None
    queue: QueueName | None = None
    owner: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """One user's jobs only."""
    each_user: bool = False
    """So many for each user, instead of all together."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.queue is not None and self.resource_id is None:
            raise ValueError("queue: a queue belongs to a resource; name it by resource_id")
        if self.owner is not None and self.each_user:
            raise ValueError("each_user: the quota is of one user already; leave out owner or each_user")
        return self


class QuotaShown(ApiModel):
    """A quota."""

    id: Id
    name: str
    max_live_jobs: int
    resource_id: Id | None
    queue: str | None
    owner: str | None
    each_user: bool
    version: int
    created_at: Instant
    updated_at: Instant


class WindowBody(ApiModel):
    """When a resource is to be empty: a job whose wall time reaches into it is not started."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "resource_id": _SOME_ID,
                "starts_at": "2026-12-01T06:00:00Z",
                "ends_at": "2026-12-01T18:00:00Z",
                "reason": "new file system",
            }
        }
    )
    resource_id: Id
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    reason: Annotated[str, StringConstraints(max_length=500)] = ""

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        span: timedelta = self.ends_at - self.starts_at
        if not timedelta(0) < span <= _LONGEST:
            raise ValueError(f"ends_at: must lie after starts_at, by {_LONGEST.days} days at most")
        return self


class WindowShown(ApiModel):
    """A maintenance window."""

    id: Id
    resource_id: Id
    starts_at: Instant
    ends_at: Instant
    reason: str
    version: int
    created_at: Instant
    updated_at: Instant
