"""The events of one attempt: built from its command, with ids that a redelivery repeats."""

from typing import Any, NamedTuple, TypeVar

from pydantic import JsonValue

from howdah.contracts import codec, topics
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.messages import (
    Event,
    JobStatusChanged,
    RunTask,
    Start,
    TaskCanceled,
    TaskCompleted,
    TaskDeferred,
    TaskEvent,
    TaskFailed,
    TaskLogged,
    TaskOutcome,
    TaskProgressed,
    TaskStarted,
    event_id_for,
)
from howdah.messaging.abstract import Outgoing, Record
from howdah.runtime.clock import Clock
from howdah.runtime.tracing import child_of

E = TypeVar("E", bound=TaskEvent)


def outgoing(event: Event) -> Outgoing:
    """Return the message that tells ``event``: keyed by process, so that its order is kept."""
    topic = topics.LOGS if isinstance(event, TaskLogged) else topics.EVENTS
    key = event.task_id if isinstance(event, TaskLogged) else event.process_id
    return Outgoing(topic=topic.name, key=key.encode(), value=codec.encode(event))


class Outcome(NamedTuple):
    """The event that ends an attempt, and the message that tells it (encoded once)."""

    event: TaskEvent
    message: Outgoing


def _outcome(event: TaskEvent, start: Start | None) -> Outcome:
    if start is not None and isinstance(event, TaskOutcome):
        event = event.model_copy(update={"start": start})
    return Outcome(event, outgoing(event))


class EventsOf:
    """Makes the events that the handling of ``command`` emits.

    Ids derive from (command, kind, step): the same step told twice is applied once.
    """

    def __init__(self, command: RunTask, clock: Clock) -> None:
        self.command = command
        self.trace = child_of(command.trace)
        self._clock = clock

    def make(self, model: type[E], step: str | int = "", /, **fields: Any) -> E:  # noqa: ANN401 - the model validates
        """Return an event of ``model`` about this attempt; ``fields`` may name another task or attempt."""
        command = self.command
        kind = model.model_fields["kind"].default
        envelope: dict[str, Any] = {
            "event_id": event_id_for(command.command_id, kind, step),
            "at": self._clock.now(),
            "trace": self.trace,
            "gateway_id": command.gateway_id,
            "experiment_id": command.experiment_id,
            "process_id": command.process_id,
            "task_id": command.task_id,
            "attempt": command.attempt,
        }
        return model(**(envelope | fields))

    def start(self, worker: str, record: Record) -> Start:
        """A worker takes the attempt up now."""
        return Start(
            at=self._clock.now(),
            worker=worker,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            lane=self.command.lane,
        )

    def started(self, start: Start) -> TaskStarted:
        """A worker took the attempt up."""
        return self.make(TaskStarted, **dict(start))

    def completed(self, outputs: dict[str, JsonValue], branch: str | None = None) -> TaskCompleted:
        """The work is done; the task leaves by ``branch``, or by ``success``."""
        return self.make(TaskCompleted, outputs=outputs, branch=branch)

    def outcome(self, event: TaskEvent, start: Start | None = None) -> Outcome:
        """Return the outcome, ready to be told: a permanent failure where the outputs are more than a message takes.

        ``start`` goes with it where it was not told before.
        """
        try:
            return _outcome(event, start)
        except ValueError as error:
            sentence = f"The outputs of {self.command.name} are too large: {error}"
            return _outcome(self.failed(Failure.bounded(kind=FailureKind.PERMANENT, sentence=sentence)), start)

    def failed(self, failure: Failure) -> TaskFailed:
        """The attempt failed."""
        return self.make(TaskFailed, failure=failure)

    def canceled(self, sentence: str, *, confirmed: bool) -> TaskCanceled:
        """The attempt was stopped on request."""
        return self.make(TaskCanceled, confirmed=confirmed, sentence=sentence)

    def deferred(self, reason: str, delay_seconds: float) -> TaskDeferred:
        """The command is handed back untouched."""
        return self.make(TaskDeferred, reason=reason, delay_seconds=delay_seconds, command_id=self.command.command_id)

    def progressed(self, number: int, step: str, fraction: float | None) -> TaskProgressed:
        """How far the attempt is; ``number`` counts the reports of this attempt."""
        return self.make(TaskProgressed, number, step=step[:2_000], fraction=fraction)

    def job_status(self, step: str, **fields: Any) -> JobStatusChanged:  # noqa: ANN401 - the model validates
        """What happened to the job of this task; ``step`` tells the changes of one attempt apart."""
        return self.make(JobStatusChanged, step, **fields)
