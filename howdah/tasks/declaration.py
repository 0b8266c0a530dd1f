"""Declaring a task: the handler's name, its parameters and its options, as data.

Whatever would be silently ignored is refused when the module is imported, with the reason.
"""

import builtins
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pydantic import BaseModel, JsonValue

from howdah.contracts.errors import ConfigurationError
from howdah.contracts.messages import RunTask
from howdah.tasks.cancel import StopReason

if TYPE_CHECKING:
    from howdah.tasks.context import TaskContext

P = TypeVar("P", bound=BaseModel)

_TYPE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX_TYPE = 63
_MAX_THREADS = 512


class _Detached(Enum):
    DETACHED = "detached"


DETACHED: Final = _Detached.DETACHED
"""Returned by a handler whose task goes on elsewhere: the command is acknowledged without a terminal event.

Whoever the handler handed the work to owes that event, and progress meanwhile: the task's due time is a heartbeat then.
"""


@dataclass(frozen=True, slots=True)
class Leave:
    """The result of a task that leaves by a branch that its type declares, instead of by ``success``."""

    branch: str
    outputs: Mapping[str, JsonValue] | BaseModel | None = None


Result = Mapping[str, JsonValue] | BaseModel | Leave | _Detached | None
if TYPE_CHECKING:
    Handler = Callable[[TaskContext[P]], Result]
    CancelHandler = Callable[[TaskContext[P]], bool]
    """Undoes on the resource what the attempt may have begun; returns whether that is confirmed."""


class AtDeadline(StrEnum):
    """What happens to a handler when the attempt's deadline passes."""

    STOP = "stop"
    """The token is set; the attempt fails with kind timeout. A command that arrives too late is not begun."""
    RUN_ON = "run on"
    """Nothing: the due time is a heartbeat that whoever does the work keeps moving."""


class AtCancel(StrEnum):
    """What happens to a handler when its process is canceled."""

    STOP = "stop"
    """The token is set, ``on_cancel`` undoes what had begun; a command that arrives later is not begun."""
    RUN_ON = "run on"
    """Nothing: whoever the handler hands the work to sees to the cancellation and reports it."""


class Needs(StrEnum):
    """Whether a task works on a compute resource."""

    RESOURCE = "resource"
    """Always: a command without a target fails at once, permanently."""
    RESOURCE_IF_GIVEN = "resource if given"
    NOTHING = "nothing"
    """Never: a command that carries a target fails at once, since it would be ignored."""


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """How a task is run; see ``task`` for the meaning of each."""

    threads: int = 16
    at_deadline: AtDeadline = AtDeadline.STOP
    at_cancel: AtCancel = AtCancel.STOP
    needs: Needs = Needs.RESOURCE_IF_GIVEN
    bulkhead_share: float = 0.25

    def stops(self) -> frozenset[StopReason]:
        """Return the reasons for which a running handler is stopped."""
        stops = {StopReason.REVOKED}
        if self.at_deadline is AtDeadline.STOP:
            stops.add(StopReason.DEADLINE)
        if self.at_cancel is AtCancel.STOP:
            stops.add(StopReason.PROCESS_CANCELED)
        return frozenset(stops)

    def per_resource(self, threads: int) -> int:
        """Return how many of ``threads`` one resource may occupy."""
        return max(1, int(threads * self.bulkhead_share))


@dataclass(frozen=True, slots=True)
class TaskDefinition(Generic[P]):
    """A declared task. Calling it calls the handler, so that it can be used as the function that it was."""

    type: str
    params: builtins.type[P]
    handler: "Handler[P]"
    options: TaskOptions = field(default_factory=TaskOptions)
    on_cancel: "CancelHandler[P] | None" = None

    def __call__(self, context: "TaskContext[P]") -> Result:
        """Run the handler."""
        return self.handler(context)

    def read_params(self, command: RunTask) -> P:
        """Return the command's parameters as the model; pydantic's ValidationError when they are not."""
        return self.params.model_validate(command.params)


AnyTask = TaskDefinition[Any]


def task(  # noqa: PLR0913 - the options of a task, by keyword
    type: str,  # noqa: A002 - the word on the wire
    *,
    params: type[P],
    threads: int = 16,
    at_deadline: AtDeadline = AtDeadline.STOP,
    at_cancel: AtCancel = AtCancel.STOP,
    needs: Needs = Needs.RESOURCE_IF_GIVEN,
    bulkhead_share: float | None = None,
    on_cancel: "CancelHandler[P] | None" = None,
) -> "Callable[[Handler[P]], TaskDefinition[P]]":
    """Declare the decorated function as the handler of a task type.

    Args:
        type: the task type: lower-case words joined by hyphens; stable, since it names the topic and the group.
        params: the pydantic model of the parameters; ``extra="forbid"`` in it makes misspelt ones an error.
        threads: how many attempts one replica works on at a time (``HOWDAH_THREADS`` overrides it).
        at_deadline: stop when the attempt's deadline passes, or run on.
        at_cancel: stop when the process is canceled, or run on.
        needs: whether commands carry a compute resource.
        bulkhead_share: the share of the threads that one resource may occupy, a quarter unless told; at least one.
        on_cancel: undoes on the resource what an attempt may have begun; called in place of the handler when the
            process is canceled before the attempt started, after it when it was stopped. Without it a stopped
            handler counts as confirmed.

    Raises:
        ConfigurationError: an option is out of range, contradicts another, or would be silently ignored.
    """
    _check_type(type)
    if not (inspect.isclass(params) and issubclass(params, BaseModel)):
        raise ConfigurationError(f"task {type}: params must be a pydantic model class, not {params!r}")
    if not 1 <= threads <= _MAX_THREADS:
        raise ConfigurationError(f"task {type}: threads must be between 1 and {_MAX_THREADS}, not {threads}")
    if bulkhead_share is not None:
        _check_share(type, bulkhead_share, needs)
    if on_cancel is not None and at_cancel is AtCancel.RUN_ON:
        raise ConfigurationError(f"task {type}: on_cancel would be ignored, since the task runs on when canceled")
    options = TaskOptions(
        threads=threads,
        at_deadline=at_deadline,
        at_cancel=at_cancel,
        needs=needs,
        bulkhead_share=0.25 if bulkhead_share is None else bulkhead_share,
    )

    def declare(handler: "Handler[P]") -> TaskDefinition[P]:
        _check_handler(type, handler)
        return TaskDefinition(type=type, params=params, handler=handler, options=options, on_cancel=on_cancel)

    return declare


def _check_type(type_: str) -> None:
    if not _TYPE.fullmatch(type_) or len(type_) > _MAX_TYPE:
        raise ConfigurationError(
            f"task {type_!r}: a task type is made of lower-case words and digits joined by hyphens, "
            f"starts with a letter and has at most {_MAX_TYPE} characters, like 'word-count'"
        )


def _check_share(type_: str, share: float, needs: Needs) -> None:
    if needs is Needs.NOTHING:
        raise ConfigurationError(f"task {type_}: bulkhead_share would be ignored, since the task needs no resource")
    if not 0 < share <= 1:
        raise ConfigurationError(f"task {type_}: bulkhead_share must be above 0 and at most 1, not {share}")


def _check_handler(type_: str, handler: Callable[..., object]) -> None:
    if inspect.iscoroutinefunction(handler) or inspect.isgeneratorfunction(handler):
        raise ConfigurationError(
            f"task {type_}: the handler is a coroutine or generator, whose body would never run; "
            "write a plain function, it has a thread of its own"
        )
    positional = [
        parameter
        for parameter in inspect.signature(handler).parameters.values()
        if parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
        and parameter.default is parameter.empty
    ]
    if len(positional) != 1:
        raise ConfigurationError(f"task {type_}: the handler takes the context and nothing else")
