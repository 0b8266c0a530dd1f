"""One attempt from its start to its outcome: may it run, does it stop, what is told of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from howdah.contracts.errors import TaskError
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.ids import ProcessId
from howdah.contracts.messages import Start, TaskEvent
from howdah.contracts.standings import Standings, all_is_well
from howdah.contracts.wrong_fields import wrong_fields
from howdah.messaging.abstract import Delivery, DeliveryCanceledError, Outgoing, Producer
from howdah.tasks.cancel import CancelToken, StopReason
from howdah.tasks.context import TaskContext, Tools
from howdah.tasks.declaration import DETACHED, AnyTask, Leave, Needs, Result
from howdah.tasks.events import EventsOf, Outcome, outgoing
from howdah.tasks.in_flight import InFlight
from howdah.tasks.starts import Starts, UntoldStart
from howdah.tasks.task_log import OpenLogs, TaskLog

if TYPE_CHECKING:
    from howdah.tasks.declaration import CancelHandler

log = structlog.get_logger(__name__)

CANCEL_RETRY_SECONDS = 15.0
CANCEL_SECONDS = 120.0
"""How long one try to undo an attempt may take."""

_OUTPUTS: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


WasHeld = Callable[[str, str, datetime], bool]
"""(task type, lane, since): whether the lane was paused at some time after that."""


def never_held(_: str, __: str, ___: datetime) -> bool:
    """Know of no lane that was paused."""
    return False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the attempts of one process share."""

    worker: str
    tools: Tools
    producer: Producer
    in_flight: InFlight
    logs: OpenLogs
    starts: Starts
    process_canceled: Callable[[ProcessId], bool]
    standings: Standings = all_is_well
    was_held: WasHeld = never_held


class Attempt:
    """One delivery of one command on its way through the handler."""

    def __init__(
        self, definition: AnyTask, around: Surroundings, delivery: Delivery, events: EventsOf, token: CancelToken
    ) -> None:
        self._definition = definition
        self._around = around
        self._delivery = delivery
        self._events = events
        self._command = events.command
        self._token = token
        self._stops = definition.options.stops()
        self._clock = around.tools.clock
        self._log = TaskLog(events, around.producer, self._clock, around.logs)
        self._start: UntoldStart | None = None

    def outcome(self) -> Outcome | None:
        """Do the attempt; return what ends it, None when it goes on elsewhere.

        Raises:
            DeliveryCanceledError: the delivery was revoked; the command stays unfinished.
        """
        try:
            event = self._outcome()
            if event is None:
                self._tell_start()
                return None
            return self._events.outcome(event, self._take_start())
        finally:
            self._take_start()
            self._log.close()

    def _outcome(self) -> TaskEvent | None:
        refusal = self._refusal()
        if refusal is not None:
            return self._events.failed(refusal)
        try:
            params = self._definition.read_params(self._command)
        except ValidationError as error:
            return self._events.failed(_wrong_params(self._command.name, error))
        if StopReason.PROCESS_CANCELED in self._stops and self._around.process_canceled(self._command.process_id):
            return self._undone(params)
        if StopReason.DEADLINE in self._stops and self._clock.now() >= self._command.deadline_at:
            return self._overdue()
        start = self._events.start(self._around.worker, self._delivery.record)
        self._start = UntoldStart(start, lambda: self._delivery.emit(outgoing(self._events.started(start))))
        self._around.starts.hold(self._start)
        return self._handled(params)

    def _overdue(self) -> TaskEvent:
        """A command that came too late. One that a paused lane kept waiting is published anew, with its whole time."""
        command = self._command
        if self._around.was_held(command.type, command.lane, command.at):
            return self._events.deferred(f"the {command.lane} lane of {command.type} was paused", 0.0)
        return self._events.failed(self._too_late("it was not even begun"))

    def _handled(self, params: BaseModel) -> TaskEvent | None:
        ends_at = self._command.deadline_at if StopReason.DEADLINE in self._stops else None
        context = self._context(params, self._token, ends_at)
        try:
            return self._told(self._definition.handler(context))
        except Exception as error:  # noqa: BLE001 - the boundary: whatever a handler raises becomes an outcome
            return self._after(error, params)

    def _told(self, result: Result) -> TaskEvent | None:
        if result is DETACHED:
            return None
        branch = result.branch if isinstance(result, Leave) else None
        given = result.outputs if isinstance(result, Leave) else result
        if isinstance(given, BaseModel):
            return self._events.completed(given.model_dump(mode="json"), branch)
        return self._events.completed(_OUTPUTS.validate_python({} if given is None else dict(given)), branch)

    def _after(self, error: Exception, params: BaseModel) -> TaskEvent:
        match self._token.reason:
            case StopReason.REVOKED:
                raise DeliveryCanceledError("the delivery was revoked while its handler ran") from error
            case StopReason.PROCESS_CANCELED:
                return self._undone(params)
            case StopReason.DEADLINE:
                return self._events.failed(self._too_late(f"it was stopped ({error})"))
            case None:
                return self._events.failed(self._failure_of(error))

    def _undone(self, params: BaseModel) -> TaskEvent:
        """Undo on the resource what the attempt may have begun; asked again until the deadline, then unconfirmed."""
        undo = self._definition.on_cancel
        if undo is None:
            return self._events.canceled("The task was stopped.", confirmed=True)
        token = CancelToken()
        self._delivery.on_cancel(lambda: token.stop(StopReason.REVOKED))
        trouble = self._try_to_undo(undo, params, token)
        if trouble is None:
            return self._events.canceled("The task was stopped.", confirmed=True)
        if token.stopped:
            raise DeliveryCanceledError("the delivery was revoked while its attempt was undone")
        if self._clock.now() >= self._command.deadline_at:
            return self._events.canceled(f"Stopped, but not confirmed: {trouble}"[:2_000], confirmed=False)
        return self._events.deferred(f"Canceling, not confirmed yet: {trouble}"[:2_000], CANCEL_RETRY_SECONDS)

    def _try_to_undo(self, undo: "CancelHandler[Any]", params: BaseModel, token: CancelToken) -> str | None:
        context = self._context(params, token, self._clock.now() + timedelta(seconds=CANCEL_SECONDS))
        try:
            return None if undo(context) else "the resource did not confirm it"
        except Exception as error:  # noqa: BLE001 - the boundary: what goes wrong here is tried again
            return self._failure_of(error).sentence

    def _context(self, params: BaseModel, token: CancelToken, ends_at: datetime | None) -> TaskContext[Any]:
        return TaskContext(
            self._events,
            params,
            tools=self._around.tools,
            emit=self._emit,
            cancel=token,
            log=self._log,
            ends_at=ends_at,
        )

    def _emit(self, message: Outgoing) -> None:
        """Whatever a handler tells comes after its start."""
        self._tell_start()
        self._delivery.emit(message)

    def _tell_start(self) -> None:
        if self._start is not None:
            self._start.tell()

    def _take_start(self) -> Start | None:
        return None if self._start is None else self._start.take()

    def _refusal(self) -> Failure | None:
        needs, target = self._definition.options.needs, self._command.target
        if needs is Needs.RESOURCE and target is None:
            sentence = f"The task {self._command.name} needs a compute resource, but names none."
        elif needs is Needs.NOTHING and target is not None:
            sentence = f"The task {self._command.name} uses no compute resource, but names {target.name}."
        else:
            return None
        return Failure.bounded(kind=FailureKind.PERMANENT, sentence=sentence)

    def _too_late(self, what: str) -> Failure:
        target = self._command.target
        return Failure.bounded(
            kind=FailureKind.TIMEOUT,
            sentence=f"The task {self._command.name} was due by "
            f"{self._command.deadline_at:%Y-%m-%d %H:%M:%S} UTC; {what}.",
            host=target.host if target else None,
        )

    def _failure_of(self, error: Exception) -> Failure:
        if isinstance(error, TaskError):
            return error.failure
        log.error("the handler failed unexpectedly", task=self._command.name, exc_info=error)
        return Failure.bounded(
            kind=FailureKind.INTERNAL,
            sentence=f"The service that runs {self._command.name} failed with {type(error).__name__}; "
            "this is a defect of the service, its log has the details.",
        )


def _wrong_params(name: str, error: ValidationError) -> Failure:
    words = "; ".join(f"params.{wrong}" for wrong in wrong_fields(error))
    return Failure.bounded(kind=FailureKind.PERMANENT, sentence=f"The parameters of {name} are wrong: {words}")
