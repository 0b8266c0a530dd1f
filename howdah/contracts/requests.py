"""What people and the platform itself ask of a run, as events: told by the API half, decided by the orchestrator."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from howdah.contracts.envelope import Instant, Words
from howdah.contracts.ids import UUID_TEXT, TaskId
from howdah.contracts.messages import (
    Event,
    JobStatusChanged,
    TaskCanceled,
    TaskCompleted,
    TaskDeferred,
    TaskFailed,
    TaskProgressed,
    TaskReleased,
    TaskStarted,
    TimerDue,
)
from howdah.contracts.states import TaskState
from howdah.contracts.task_types import BranchName


class Request(Event):
    """Somebody asked for something to be done with a process: told by the API half, decided by the orchestrator."""

    actor: str
    reason: Words = ""


class CancelRequested(Request):
    """Somebody asked for the process to be stopped."""

    kind: Literal["cancel-requested"] = "cancel-requested"
    version: Literal[1] = 1


class PauseRequested(Request):
    """Somebody asked that nothing new be begun; what runs goes on."""

    kind: Literal["pause-requested"] = "pause-requested"
    version: Literal[1] = 1


class ResumeRequested(Request):
    """Somebody asked that a paused process go on."""

    kind: Literal["resume-requested"] = "resume-requested"
    version: Literal[1] = 1


class SkipRequested(Request):
    """Somebody asked that a task which has not begun, or waits for another try, be left out."""

    kind: Literal["skip-requested"] = "skip-requested"
    version: Literal[1] = 1
    task_id: Annotated[TaskId, UUID_TEXT]


class CorrectionRequested(Request):
    """An operator said how a task (or, without one, the run) has ended, against what the platform knows."""

    kind: Literal["correction-requested"] = "correction-requested"
    version: Literal[1] = 1
    task_id: Annotated[TaskId, UUID_TEXT] | None = None
    state: TaskState
    outputs: dict[str, JsonValue] | None = None


class AdmissionGranted(Request):
    """A job's turn has come: the quotas that cover it have room, and no maintenance is in its way."""

    kind: Literal["admission-granted"] = "admission-granted"
    version: Literal[1] = 1
    task_id: Annotated[TaskId, UUID_TEXT]


class GiveUpRequested(Request):
    """Somebody no longer waits for a resource that is away: what is blocked fails."""

    kind: Literal["give-up-requested"] = "give-up-requested"
    version: Literal[1] = 1
    task_id: Annotated[TaskId, UUID_TEXT] | None = None
    """Only this task; without it all that are blocked."""


class DeadlinePassed(Request):
    """The time that the experiment was given is over: what is left of the run is stopped, and it has failed."""

    kind: Literal["deadline-passed"] = "deadline-passed"
    version: Literal[1] = 1
    deadline_at: Instant


class SignalGiven(Request):
    """Somebody answered what the run waits for, or what one of its tasks had started called back."""

    kind: Literal["signal-given"] = "signal-given"
    version: Literal[1] = 1
    task_id: Annotated[TaskId, UUID_TEXT]
    port: BranchName
    """The out-port by which the task is left."""
    outputs: dict[str, JsonValue] = Field(default_factory=dict)


AnyEvent = Annotated[
    TaskStarted
    | TaskProgressed
    | TaskCompleted
    | TaskFailed
    | TaskCanceled
    | TaskDeferred
    | JobStatusChanged
    | CancelRequested
    | PauseRequested
    | ResumeRequested
    | SkipRequested
    | GiveUpRequested
    | TaskReleased
    | CorrectionRequested
    | AdmissionGranted
    | DeadlinePassed
    | SignalGiven
    | TimerDue,
    Field(discriminator="kind"),
]
