"""What the orchestrator is told by its environment (``HOWDAH_…``), beside what the API server is."""

from pydantic import Field

from api_server.dag.circuits import CircuitPolicy
from api_server.dag.lane_choice import LanePolicy
from api_server.settings import ApiSettings


class OrchestratorSettings(ApiSettings):
    """Settings of the orchestrator."""

    service_name: str = "orchestrator"
    database_pool: int = Field(default=14, ge=4, le=100)
    """One connection for each loop: events, timers, gates, admissions, upkeep, dead letters, logs, relay, sweeper …"""
    orchestrator_group: str = Field(default="orchestrator", min_length=1, max_length=200)
    orchestrator_batch: int = Field(default=500, ge=1, le=5_000)
    """The most events that share a transaction."""
    orchestrator_cached_tasks: int = Field(default=200_000, ge=0)
    """How many tasks of running processes are kept in memory; others are read again when an event comes."""
    timer_period_seconds: float = Field(default=0.25, gt=0, le=60)
    gates_period_seconds: float = Field(default=1.0, gt=0, le=60)
    """How soon a replica knows of a new quota or maintenance window."""
    admission_period_seconds: float = Field(default=0.5, gt=0, le=60)
    """How often the line in front of quotas moves on."""
    schedule_period_seconds: float = Field(default=0.5, gt=0, le=60)
    """How often it is looked whether a schedule's moment has come."""
    sweep_period_seconds: float = Field(default=2.0, gt=0, le=600)
    health_period_seconds: float = Field(default=1.0, gt=0, le=60)
    """How often circuits and lanes are looked at."""
    circuit_window_seconds: float = Field(default=300.0, gt=0, le=86_400)
    circuit_min_failures: int = Field(default=3, ge=1, le=1_000)
    circuit_failure_share: float = Field(default=0.5, gt=0, le=1)
    """A circuit opens when this share of the latest attempts at a login account failed, and at least the number."""
    probe_first_seconds: float = Field(default=5.0, gt=0, le=3_600)
    probe_longest_seconds: float = Field(default=300.0, gt=0, le=86_400)
    """A resource that is away is probed after the first time, then ever later, up to the second."""
    release_per_second: float = Field(default=10.0, gt=0, le=10_000)
    """The rate at which blocked tasks are let go, doubled every ten seconds while all goes well."""
    lane_slow_seconds: float = Field(default=5.0, gt=0, le=3_600)
    lane_fast_seconds: float = Field(default=2.0, gt=0, le=3_600)
    """A resource whose attempts take longer than the first goes to the slow lane, and comes back below the second."""
    log_retention_days: float = Field(default=30, gt=0)

    @property
    def circuit_policy(self) -> CircuitPolicy:
        """When circuits open and how they close."""
        return CircuitPolicy(
            window_seconds=self.circuit_window_seconds,
            min_failures=self.circuit_min_failures,
            share=self.circuit_failure_share,
            first_probe_seconds=self.probe_first_seconds,
            longest_probe_seconds=max(self.probe_longest_seconds, self.probe_first_seconds),
            silence_seconds=2 * self.probe_first_seconds,
            settle_seconds=2 * self.probe_first_seconds,
            release_per_second=self.release_per_second,
        )

    @property
    def lane_policy(self) -> LanePolicy:
        """When resources change their lane."""
        return LanePolicy(
            slow_above_seconds=self.lane_slow_seconds,
            fast_below_seconds=min(self.lane_fast_seconds, self.lane_slow_seconds),
        )
