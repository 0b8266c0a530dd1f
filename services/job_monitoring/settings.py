"""How jobs are followed."""

from pydantic import Field, model_validator

from howdah.contracts.exchange import REAPING_HOURS
from howdah.runtime.settings import RuntimeSettings


class MonitorSettings(RuntimeSettings):
    """The environment of the monitor, beside that of every task service."""

    monitor_threads: int = Field(default=8, ge=2, le=128)
    """How many resources are asked at a time; those that failed last time get at most half of them."""
    monitor_min_seconds: float = Field(default=0.5, ge=0.1, le=600)
    """The shortest time between two questions to one login account, while things change."""
    monitor_max_seconds: float = Field(default=60.0, ge=0.1, le=3_600)
    """The longest, while nothing does."""
    monitor_query_seconds: float = Field(default=90.0, gt=0, le=600)
    """How long one round at a resource may take in all."""
    monitor_grace_seconds: float = Field(default=300.0, ge=0, le=86_400)
    """How long a job may be unknown to the scheduler, without an exit code, before it counts as lost."""
    monitor_heartbeat_seconds: float = Field(default=240.0, gt=0, le=3_600)
    """How often each job's task is said to be looked after; well below the task's due time."""
    cancel_budget_seconds: float = Field(default=600.0, gt=0, le=7 * 86_400)
    """How long after a cancel request an unreachable resource is waited for before CANCELED, unconfirmed. Shorter than
    the due time of a job's monitoring (15 min), which a cancellation does not extend."""
    reap_hours: float = Field(default=REAPING_HOURS, gt=0, le=REAPING_HOURS)
    """How long after that the cancel is tried on: at most as long as the API server goes on granting the secret."""

    @model_validator(mode="after")
    def _intervals_are_ordered(self) -> "MonitorSettings":
        if self.monitor_max_seconds < self.monitor_min_seconds:
            raise ValueError("monitor_max_seconds must not be below monitor_min_seconds")
        return self
