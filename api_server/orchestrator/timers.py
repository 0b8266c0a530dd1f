"""Durable timers: the row is the truth, the event only says that its moment has come."""

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api_server.registry.repositories import upkeep
from howdah.contracts import codec, topics
from howdah.contracts.ids import EventId, derive_id
from howdah.contracts.messages import TimerDue
from howdah.messaging.abstract import Outgoing, Producer
from howdah.runtime.clock import Clock
from howdah.runtime.metrics import TIMERS_FIRED

log = structlog.get_logger(__name__)

SCAN_LIMIT = 1_000
AGAIN_SECONDS = 10.0


class Timers:
    """Tells due timers as events, again and again until they are handled. Run under a lease: one teller is enough."""

    def __init__(self, engine: Engine, producer: Producer, clock: Clock) -> None:
        self._engine = engine
        self._producer = producer
        self._clock = clock
        self._told: dict[str, float] = {}
        """Event id → when it was told last."""

    def fire(self) -> int:
        """Tell what is due now and was not told in the last seconds; return how much that was."""
        with Session(self._engine) as session:
            due = upkeep.due_timers(session, SCAN_LIMIT)
        now = self._clock.monotonic()
        self._told = {event_id: at for event_id, at in self._told.items() if now - at < AGAIN_SECONDS}
        count = 0
        for row in due:
            event_id = derive_id("timer", row.id, row.attempt, row.due_at.isoformat())
            if event_id in self._told:
                continue
            event = TimerDue(
                at=self._clock.now(),
                gateway_id=row.gateway_id,
                experiment_id=row.experiment_id,
                process_id=row.process_id,
                event_id=EventId(event_id),
                task_id=row.id,
                attempt=max(row.attempt, 1),
                due_at=row.due_at,
            )
            self._producer.send(
                Outgoing(topic=topics.EVENTS.name, key=row.process_id.encode(), value=codec.encode(event))
            )
            self._told[event_id] = now
            count += 1
        TIMERS_FIRED.inc(count)
        return count
