"""The way of a command through a task service: is it ours, is it running already, is there room — then the attempt."""

import contextvars

import structlog
from prometheus_client import Histogram

from howdah.contracts import codec
from howdah.contracts.failures import FailureKind
from howdah.contracts.messages import TaskCanceled, TaskCompleted, TaskDeferred, TaskEvent, TaskFailed
from howdah.messaging.abstract import Delivery, PoisonousMessageError
from howdah.runtime import metrics, tracing
from howdah.tasks.admission import Admission
from howdah.tasks.attempt import Attempt, Surroundings
from howdah.tasks.cancel import CancelToken, StopReason
from howdah.tasks.declaration import AnyTask
from howdah.tasks.events import EventsOf, Outcome

DUPLICATE_DELAY_SECONDS = 5.0


class TaskRunner:
    """Handles the deliveries of one task type; called on the work queue's pool threads.

    Every way through ends in exactly one of: an outcome told (completed, failed, canceled, deferred), the command left
    unfinished for its next owner (DeliveryCanceledError), a dead letter (ContractError, PoisonousMessageError), or, for
    a detached task, an acknowledgement alone.
    """

    def __init__(self, definition: AnyTask, around: Surroundings, threads: int) -> None:
        self._definition = definition
        self._around = around
        self._stops = definition.options.stops()
        self._clock = around.tools.clock
        self._admission = Admission(
            threads,
            definition.options.per_resource(threads),
            self._clock,
            standings=around.standings,
            process_canceled=around.process_canceled,
        )
        self._histograms: dict[str, Histogram] = {}
        self.last_error: str | None = None
        """The latest failure that was the platform's own, for the heartbeat."""

    def __call__(self, delivery: Delivery) -> None:
        """Handle one delivery, in a context of its own so that trace and log fields stay with it."""
        command = codec.COMMANDS.decode(delivery.record.value)
        if command.type != self._definition.type:
            raise PoisonousMessageError(
                f"type: {command.type!r} does not belong on the topic of {self._definition.type!r}"
            )
        contextvars.copy_context().run(self._handle, delivery, EventsOf(command, self._clock))

    def _handle(self, delivery: Delivery, events: EventsOf) -> None:
        command = events.command
        tracing.enter(events.trace)
        structlog.contextvars.bind_contextvars(task_id=command.task_id, attempt=command.attempt)
        token = CancelToken()
        delivery.on_cancel(lambda: token.stop(StopReason.REVOKED))
        if not self._around.in_flight.enter(command, token, self._stops):
            self._tell(delivery, events.outcome(_running_already(events)))
            return
        try:
            self._admit(delivery, events, token)
        finally:
            self._around.in_flight.leave(command)

    def _admit(self, delivery: Delivery, events: EventsOf, token: CancelToken) -> None:
        """Do the attempt if it is admitted, or hand the command back: nobody waits here."""
        refusal = self._admission.enter(events.command)
        if refusal is not None:
            self._tell(delivery, events.outcome(events.deferred(refusal.reason, refusal.delay_seconds)))
            return
        started = self._clock.monotonic()
        outcome: Outcome | None = None
        try:
            outcome = Attempt(self._definition, self._around, delivery, events, token).outcome()
        finally:
            seconds = self._clock.monotonic() - started
            self._seconds(outcome).observe(seconds)
            self._admission.leave(events.command, seconds)
        if outcome is not None:
            self._tell(delivery, outcome)

    def _tell(self, delivery: Delivery, outcome: Outcome) -> None:
        self._count(outcome.event)
        delivery.emit(outcome.message)

    def _seconds(self, outcome: Outcome | None) -> Histogram:
        kind = outcome.event.kind if outcome else "detached or revoked"
        found = self._histograms.get(kind)
        if found is None:
            found = self._histograms[kind] = metrics.TASK_SECONDS.labels(self._definition.type, kind)
        return found

    def _count(self, outcome: TaskEvent) -> None:
        match outcome:
            case TaskFailed(failure=failure):
                metrics.TASK_FAILURES.labels(self._definition.type, failure.kind).inc()
                if failure.kind is FailureKind.INTERNAL:
                    self.last_error = failure.sentence
            case TaskDeferred(reason=reason):
                kind = "running already" if reason == _RUNNING else "bulkhead or cancel"
                metrics.TASKS_DEFERRED.labels(self._definition.type, kind).inc()
            case TaskCompleted() | TaskCanceled() | _:
                pass


_RUNNING = "this attempt is running here already"


def _running_already(events: EventsOf) -> TaskEvent:
    """Hand back the second delivery of a running attempt.

    Acknowledging it silently could lose the task: when the first delivery's partition was lost, only the second one's
    acknowledgement counts, and a crash right after it would leave nobody with the work. Waiting for the first would
    occupy a thread. A deferral does neither: should the attempt end meanwhile, the orchestrator drops it.
    """
    return events.deferred(_RUNNING, DUPLICATE_DELAY_SECONDS)
