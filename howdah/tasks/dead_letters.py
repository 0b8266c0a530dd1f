"""What goes with a dead letter: if the ids can be read, whoever waits for the task hears that it failed."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.ids import UUID_TEXT, CommandId, ExperimentId, GatewayId, ProcessId, TaskId
from howdah.contracts.messages import TaskFailed, event_id_for
from howdah.messaging.abstract import Outgoing, Record
from howdah.runtime.clock import Clock
from howdah.tasks.events import outgoing


class _Ids(BaseModel):
    """As much of a command as is needed to say that it failed."""

    model_config = ConfigDict(extra="ignore")

    gateway_id: Annotated[GatewayId, UUID_TEXT]
    experiment_id: Annotated[ExperimentId, UUID_TEXT]
    process_id: Annotated[ProcessId, UUID_TEXT]
    task_id: Annotated[TaskId, UUID_TEXT]
    command_id: Annotated[CommandId, UUID_TEXT]
    attempt: int = Field(ge=1)


def failure_with(clock: Clock, record: Record, reason: str) -> Sequence[Outgoing]:
    """Return the ``TaskFailed(internal)`` for the dead letter of ``record``; nothing when ids are missing."""
    try:
        ids = _Ids.model_validate_json(record.value or b"")
    except ValidationError:
        return ()
    sentence = f"The command could not be handled and went to the dead letters: {reason}"
    event = TaskFailed(
        event_id=event_id_for(ids.command_id, "task-failed", "dead-letter"),
        at=clock.now(),
        failure=Failure.bounded(kind=FailureKind.INTERNAL, sentence=sentence),
        gateway_id=ids.gateway_id,
        experiment_id=ids.experiment_id,
        process_id=ids.process_id,
        task_id=ids.task_id,
        attempt=ids.attempt,
    )
    return (outgoing(event),)
