"""Letting go what waited for a resource that is back: the longest waiting first, at a throttled rate.

The event only says that a task may go on; it is told again until the task is no longer parked.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row
from sqlalchemy.orm import Session

from api_server.dag.circuits import CircuitPolicy, release_rate
from api_server.orchestrator.health_rows import Entry, Key
from api_server.registry.repositories import health
from howdah.contracts import codec, topics
from howdah.contracts.ids import EventId, derive_id
from howdah.contracts.messages import TaskReleased
from howdah.messaging.abstract import Outgoing, Producer
from howdah.runtime.clock import Clock
from howdah.runtime.metrics import TASKS_RELEASED

AGAIN_SECONDS = 10.0
_LONGEST_STEP_SECONDS = 2.0
_MOST_AT_ONCE = 1_000


class Releaser:
    """Used by the lease holder only: one teller is enough."""

    def __init__(self, engine: Engine, producer: Producer, policy: CircuitPolicy, clock: Clock) -> None:
        self._engine = engine
        self._producer = producer
        self._policy = policy
        self._clock = clock
        self._told: dict[Key, dict[str, float]] = {}
        """Account → event id → when it was told last."""
        self._credit: dict[Key, float] = {}
        self._stepped_at = clock.monotonic()

    def step(self, releasing: list[Entry]) -> int:
        """Tell as many releases as the rates allow since the last step; return how many."""
        mono, now = self._clock.monotonic(), self._clock.now()
        passed = min(mono - self._stepped_at, _LONGEST_STEP_SECONDS)
        self._stepped_at = mono
        keys = {entry.key for entry in releasing}
        self._told = {key: told for key, told in self._told.items() if key in keys}
        self._credit = {key: credit for key, credit in self._credit.items() if key in keys}
        return sum(self._release(entry, passed, mono, now) for entry in releasing)

    def _release(self, entry: Entry, passed: float, mono: float, now: datetime) -> int:
        credit = self._credit.get(entry.key, 1.0) + passed * release_rate(entry.circuit, self._policy, now)
        told = {one: at for one, at in self._told.get(entry.key, {}).items() if mono - at < AGAIN_SECONDS}
        count = min(int(credit), _MOST_AT_ONCE)
        with Session(self._engine) as session:
            waiting = health.parked(session, entry.resource_id, entry.account, count + len(told))
        events = [event for row in waiting if (event := _event(row, entry, now)).event_id not in told][:count]
        for event in events:
            value = codec.encode(event)
            self._producer.send(Outgoing(topics.EVENTS.name, value, key=event.process_id.encode()))
            told[event.event_id] = mono
        self._told[entry.key] = told
        self._credit[entry.key] = min(credit - len(events), 1.0) if not waiting else credit - len(events)
        TASKS_RELEASED.inc(len(events))
        return len(events)


def _event(parked: Row[*tuple[Any, ...]], entry: Entry, now: datetime) -> TaskReleased:
    return TaskReleased(
        at=now,
        gateway_id=parked.gateway_id,
        experiment_id=parked.experiment_id,
        process_id=parked.process_id,
        event_id=EventId(derive_id("release", parked.id, parked.attempt, parked.publications)),
        task_id=parked.id,
        attempt=parked.attempt,
        confirmed=entry.circuit.confirmed,
    )
