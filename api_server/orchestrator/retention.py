"""What has outlived its use goes; idempotency keys are forgotten by the API server, whose they are."""

from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api_server.registry.repositories import health, leases, looks, schedules, upkeep

_LEASE_MEMORY = timedelta(hours=1)
_LOOK_MEMORY = timedelta(days=30)
_SAMPLE_MEMORY = timedelta(hours=2)
_HISTORY_MEMORY = timedelta(days=90)
_SCHEDULE_MEMORY = timedelta(days=365)


class Retention:
    """Deletes old log lines, looks, samples and history of resources, runs of schedules, and dead relays' leases."""

    def __init__(self, engine: Engine, *, logs: timedelta) -> None:
        self._engine = engine
        self._logs = logs

    def prune(self) -> None:
        """Delete what is too old, in one transaction."""
        with Session(self._engine) as session, session.begin():
            upkeep.forget_logs(session, self._logs)
            looks.forget(session, _LOOK_MEMORY)
            health.forget(session, samples_after=_SAMPLE_MEMORY, history_after=_HISTORY_MEMORY)
            schedules.forget_runs(session, _SCHEDULE_MEMORY)
            leases.forget_expired(session, _LEASE_MEMORY)
