"""What the orchestrator is told by its environment (``HOWDAH_…``), beside what the API server is."""

from pydantic import Field

from api_server.settings import ApiSettings


class OrchestratorSettings(ApiSettings):
    """Settings of the orchestrator."""

    service_name: str = "orchestrator"
    database_pool: int = Field(default=10, ge=4, le=100)
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
    sweep_period_seconds: float = Field(default=2.0, gt=0, le=600)
    log_retention_days: float = Field(default=30, gt=0)
