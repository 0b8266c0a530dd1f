"""Durable timers: the row is the truth, the event only says that its moment has come."""

from typing import Any

from sqlalchemy import Engine, Row
from sqlalchemy.orm import Session

from api_server.lifecycle.telling import timer_due, told
from api_server.registry.engine import asking
from api_server.registry.repositories import upkeep
from howdah.contracts.ids import EventId, derive_id
from howdah.contracts.messages import TimerDue
from howdah.contracts.requests import DeadlinePassed
from howdah.messaging.abstract import Producer
from howdah.runtime.clock import Clock
from howdah.runtime.metrics import TIMERS_FIRED

SCAN_LIMIT = 1_000
AGAIN_SECONDS = 10.0


class Timers:
    """Tells due timers as events, again and again until they are handled. Run under a lease: one teller is enough."""

    def __init__(self, engine: Engine, producer: Producer, clock: Clock) -> None:
        self._engine = asking(engine)
        self._producer = producer
        self._clock = clock
        self._told: dict[str, float] = {}
        """Event id → when it was told last."""

    def fire(self) -> int:
        """Tell what is due now and was not told in the last seconds; return how much that was."""
        with Session(self._engine) as session:
            if not upkeep.is_anything_due(session):
                return 0
            due = upkeep.due_timers(session, SCAN_LIMIT)
            passed = upkeep.passed_deadlines(session, SCAN_LIMIT)
        now = self._clock.monotonic()
        self._told = {event_id: at for event_id, at in self._told.items() if now - at < AGAIN_SECONDS}
        events: list[TimerDue | DeadlinePassed] = [*map(self._timer, due), *map(self._deadline, passed)]
        fresh = [event for event in events if event.event_id not in self._told]
        for event in fresh:
            self._producer.send(told(event))
            self._told[event.event_id] = now
        TIMERS_FIRED.inc(len(fresh))
        return len(fresh)

    def _timer(self, task: Row[Any]) -> TimerDue:
        of_run = {name: getattr(task, name) for name in ("gateway_id", "experiment_id", "process_id")}
        return timer_due(of_run, task.id, task.attempt, task.due_at, self._clock.now())

    def _deadline(self, process: Row[Any]) -> DeadlinePassed:
        return DeadlinePassed(
            at=self._clock.now(),
            gateway_id=process.gateway_id,
            experiment_id=process.experiment_id,
            process_id=process.id,
            event_id=EventId(derive_id("deadline", process.id)),
            actor="orchestrator",
            reason="the experiment's deadline has passed",
            deadline_at=process.deadline_at,
        )
