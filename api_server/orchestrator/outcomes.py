"""What attempts at resources come to: counted in memory as events are applied, written down every second.

A count costs the hot path a look-up and an addition. A crash loses a second of counts, which only delays a circuit.
"""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api_server.dag.run import Run
from api_server.lifecycle.rows import dumped
from api_server.registry.repositories import health
from api_server.registry.unit_of_work import Registry
from howdah.contracts.failures import MEANINGS, Failure
from howdah.contracts.messages import Event, TaskCompleted, TaskFailed
from howdah.contracts.params import JOB_MONITORING
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.standings import CircuitState, Standings
from howdah.runtime.clock import Clock

Key = tuple[str, str, str]


@dataclass(slots=True)
class _Count:
    attempts: int = 0
    failures: int = 0
    seconds: float = 0.0
    failure: Failure | None = None


class Outcomes:
    """Thread-safe. Monitoring is left out: it waits for a job, and tells nothing about how fast a resource answers."""

    def __init__(self, registry: Registry, standings: Standings, clock: Clock) -> None:
        self._registry = registry
        self._standings = standings
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[Key, _Count] = {}

    def take(self, run: Run, event: Event) -> None:
        """Count the outcome of an attempt, when the event is one and is about a resource."""
        if not isinstance(event, TaskCompleted | TaskFailed) or not run.identity.targets:
            return
        spec = run.dag.by_id.get(event.task_id)
        if spec is None or spec.resource_id is None or spec.type == JOB_MONITORING:
            return
        target = run.identity.targets.get(spec.resource_id)
        if target is None:
            return
        began_at = event.start.at if event.start is not None else run.tasks[event.task_id].started_at
        if began_at is None or self._is_of_the_outage(target, began_at):
            return
        failure = event.failure if isinstance(event, TaskFailed) else None
        self._count(run.identity.gateway_id, target, failure, (event.at - began_at).total_seconds())

    def _is_of_the_outage(self, target: ResourceTarget, began_at: datetime) -> bool:
        """An attempt that began before the resource came back says nothing about how it is now."""
        standing = self._standings(target)
        return standing is not None and standing.circuit is not CircuitState.CLOSED and began_at < standing.since

    def _count(self, gateway_id: str, target: ResourceTarget, failure: Failure | None, seconds: float) -> None:
        if failure is not None and not MEANINGS[failure.kind].counts_against_resource:
            return
        with self._lock:
            count = self._counts.setdefault((gateway_id, target.resource_id, target.account), _Count())
            count.attempts += 1
            count.seconds += max(seconds, 0.0)
            if failure is not None:
                count.failures += 1
                count.failure = failure

    def write(self) -> None:
        """Write down what was counted since the last time."""
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        now = self._clock.now()
        with self._registry.transaction() as work:
            health.add_samples(work.session, [_row(key, count, now) for key, count in counts.items()])


def _row(key: Key, count: _Count, now: datetime) -> dict[str, Any]:
    gateway_id, resource_id, account = key
    return {
        "gateway_id": gateway_id,
        "resource_id": resource_id,
        "account": account,
        "at": now,
        "attempts": count.attempts,
        "failures": count.failures,
        "seconds": count.seconds,
        "failure": dumped(count.failure),
    }
