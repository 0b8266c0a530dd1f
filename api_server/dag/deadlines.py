"""An experiment's deadline: what was not done by then is stopped, and the experiment has FAILED. Pure.

The rules
- The deadline counts from the launch of each run, so that one that is tried again has its time again.
- What runs is stopped as by a cancellation: only the resource's word ends a job. That it was stopped since its time was
  over shows in ``cancel_requested_at``, which is then the deadline itself.
- A run whose last task ended well all the same is COMPLETED.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from api_server.dag.decisions import Outcome
from api_server.dag.run import Run
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.requests import DeadlinePassed
from howdah.contracts.states import is_terminal

if TYPE_CHECKING:
    from api_server.dag.draft import Draft


def deadline_of(launched_at: datetime, deadline_seconds: int | None) -> datetime | None:
    """Return by when a run that is launched now must have ended."""
    return None if deadline_seconds is None else launched_at + timedelta(seconds=deadline_seconds)


def is_overdue(run: Run, cancel_requested_at: datetime | None) -> bool:
    """Tell whether the run is stopped since its time was over."""
    return cancel_requested_at is not None and cancel_requested_at == run.identity.deadline_at


def passes(draft: "Draft", event: DeadlinePassed) -> bool:
    """Tell whether the run must be stopped now, and say why in the process; say why not otherwise."""
    process = draft.process
    if event.deadline_at != draft.run.identity.deadline_at:
        draft.ignore(Outcome.ILLEGAL, "the process has another deadline")
    elif is_terminal(process.state):
        draft.ignore(Outcome.ILLEGAL, f"the process is {process.state.value} already")
    elif draft.canceling:
        draft.ignore(Outcome.RECORDED, "the process is being stopped already")
    else:
        moment = f"{event.deadline_at:%Y-%m-%d %H:%M:%S} UTC"
        sentence = f"The experiment had not ended by its deadline, {moment}; what was left of it was stopped."
        failure = Failure.bounded(kind=FailureKind.TIMEOUT, sentence=sentence)
        draft.decisions.process = process._replace(failure=failure)
        return True
    return False
