"""What somebody asks of a run, told to its one writer: an event through the outbox."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api_server.registry.records import ExperimentRecord
from howdah.contracts import codec, topics
from howdah.contracts.ids import EventId, ExperimentId, GatewayId, ProcessId, TaskId, derive_id, new_id
from howdah.contracts.messages import Event, TimerDue
from howdah.messaging.abstract import Outgoing
from howdah.runtime.tracing import child_of, current


def request_about(record: ExperimentRecord, actor: str, now: datetime, reason: str) -> dict[str, Any]:
    """Return the fields that every request about the latest run of an experiment has; it must have been launched."""
    assert record.process_id is not None  # noqa: S101 - for the type checker: every launched experiment has one
    return {
        "at": now,
        "trace": child_of(current()),
        "gateway_id": GatewayId(record.gateway_id),
        "experiment_id": ExperimentId(record.id),
        "process_id": ProcessId(record.process_id),
        "event_id": EventId(new_id()),
        "actor": actor,
        "reason": reason[:2_000],
    }


def timer_due(of_run: Mapping[str, Any], task_id: str, attempt: int, due_at: datetime, now: datetime) -> TimerDue:
    """Return the event that the moment stored with a task has come; told twice it is the same. ``of_run``: whose."""
    return TimerDue(
        at=now,
        **of_run,
        event_id=EventId(derive_id("timer", task_id, attempt, due_at.isoformat())),
        task_id=TaskId(task_id),
        attempt=max(attempt, 1),
        due_at=due_at,
    )


def told(event: Event) -> Outgoing:
    """Return the message that tells it."""
    return Outgoing(topic=topics.EVENTS.name, key=event.process_id.encode(), value=codec.encode(event))
