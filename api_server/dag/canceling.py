"""How long a canceled process is waited for: once, however often the command comes back and is published again."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.states import TaskState
from howdah.contracts.tasks import TaskSpec

if TYPE_CHECKING:
    from api_server.dag.draft import Draft

LAST_TRY: Final = timedelta(seconds=180)
"""What a service may take for the try that it makes after the deadline, before nobody waits for its word any longer."""


def deadline(draft: "Draft", spec: TaskSpec) -> datetime:
    """Return until when a command that is published now is to be done."""
    usual = draft.now + timedelta(seconds=spec.deadline_seconds)
    return min(usual, _patience_ends(draft, spec)) if draft.canceling else usual


def due(draft: "Draft", spec: TaskSpec) -> datetime:
    """Return when the platform gives up on such a command: a cancel whose time is over has its last try before that."""
    return max(deadline(draft, spec), draft.now + LAST_TRY) if draft.canceling else deadline(draft, spec)


def is_over(draft: "Draft", spec: TaskSpec) -> bool:
    """Tell whether the last try, too, was handed back."""
    return draft.canceling and draft.now > _patience_ends(draft, spec) + LAST_TRY


def end_unconfirmed(draft: "Draft", spec: TaskSpec) -> None:
    """End a task whose cancel nobody has confirmed."""
    waited = draft.now - (draft.process.cancel_requested_at or draft.now)
    sentence = f"{spec.name} was canceled {waited.total_seconds():.0f} s ago, and the resource has not confirmed it."
    failure = draft.status(spec.task_id).failure or Failure.bounded(kind=FailureKind.CANCELED, sentence=sentence)
    draft.set_task(spec.task_id, TaskState.CANCELED, failure=failure, outputs={"confirmed": False})


def _patience_ends(draft: "Draft", spec: TaskSpec) -> datetime:
    """Count from the request, or from the end of what the task had to wait for, where that came later."""
    ends = [draft.status(needed).ended_at for needed in spec.depends_on]
    since = max(filter(None, [draft.process.cancel_requested_at, *ends]), default=draft.now)
    return since + timedelta(seconds=spec.deadline_seconds)
