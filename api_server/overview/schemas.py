"""The bodies of the overviews' routes, as OpenAPI tells them."""

from api_server.http.model import ApiModel, Instant


class NeedsYou(ApiModel):
    """Failures of the last 24 hours of which no clone was made."""

    experiments: int
    failed_24h: list[int]
    """Failures in each of the last 24 hours, the oldest first."""


class WaitingTasks(ApiModel):
    """Published tasks that have not ended, alike in all that is named."""

    state: str
    """BLOCKED: in RETRY_WAIT for a resource that is away."""
    type: str
    resource_id: str | None
    resource: str | None
    failure_kind: str | None
    tasks: int
    experiments: int
    next_at: Instant | None
    """RETRY_WAIT: when the first of them is tried again; BLOCKED: when it gives up; else the first deadline."""


class LiveJobs(ApiModel):
    """Jobs that have not ended, alike in all that is named."""

    state: str
    resource_id: str | None
    resource: str | None
    jobs: int
    oldest_at: Instant | None


class InLine(ApiModel):
    """Jobs that wait for a quota or the end of a maintenance window, for the same reason."""

    reason: str
    resource_id: str
    resource: str
    tasks: int
    experiments: int
    oldest_at: Instant


class Overview(ApiModel):
    """What needs somebody, what runs, what waits and for what, over the whole gateway."""

    at: Instant
    experiments: dict[str, int]
    """How many are in each state."""
    needs_you: NeedsYou
    tasks: list[WaitingTasks]
    jobs: list[LiveJobs]
    in_line: list[InLine]
    started_1h: list[int]
    """Attempts begun in each two minutes of the last hour, the oldest first."""


class ResourceHealth(ApiModel):
    """A resource with the attempts of its last hour (monitoring left out), what runs and what waits there."""

    id: str
    name: str
    description: str
    scheduler: str
    transport: str
    host: str
    port: int
    username: str | None
    enabled: bool
    attempts: int
    unreachable: int
    """Failed for a passing reason: transient, throttled."""
    refused: int
    """Failed by authentication or host key."""
    failed: int
    median_seconds: float | None
    p95_seconds: float | None
    lane: str | None
    last_success_at: Instant | None
    last_failure_at: Instant | None
    last_sentence: str | None
    last_kind: str | None
    attempts_1h: list[int]
    """In each five minutes of the last hour, the oldest first."""
    failed_1h: list[int]
    median_1h: list[float | None]
    """How many seconds an attempt took, the median of each five minutes; null where none ended."""
    running: int
    waiting: int
    retrying: int
    next_at: Instant | None
    """When the first retry is due."""
    experiments: int
    jobs_active: int
    jobs_queued: int


class ResourcesHealth(ApiModel):
    """All resources of the gateway."""

    items: list[ResourceHealth]
    next_cursor: None = None
