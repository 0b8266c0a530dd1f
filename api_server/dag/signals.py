"""Signals: a workflow waits for an answer of somebody, or for the callback of what one of its tasks has started. Pure.

It waits without a thread, a message or a partition: as a row with a deadline. An answer that comes before it is waited
for (what was started calls back before the start itself was told) is kept until then. The first answer counts.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from api_server.dag.decisions import Outcome
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.flow import SIGNAL, SignalParams
from howdah.contracts.requests import SignalGiven
from howdah.contracts.states import TaskState, is_terminal
from howdah.contracts.tasks import TaskSpec
from howdah.contracts.workflows import FAILURE, SUCCESS

if TYPE_CHECKING:
    from api_server.dag.draft import Draft

_ANSWER: Final = "choice"
FOR_EVER_SECONDS: Final = 400 * 86_400
"""A deadline of this length is none."""


def ask(draft: "Draft", spec: TaskSpec, params: Mapping[str, JsonValue]) -> None:
    """Wait for the answer from now on, and show what is asked; an answer that came before is taken at once."""
    status, asked = draft.status(spec.task_id), SignalParams.model_validate(params)
    if status.outputs is not None:
        _take(draft, spec, status.outputs)
        return
    due_at = None
    if spec.deadline_seconds < FOR_EVER_SECONDS:
        due_at = draft.now + timedelta(seconds=spec.deadline_seconds)
    shown = {"message": asked.message, "choices": list(ports_of(asked))}
    waiting = {"attempt": 1, "due_at": due_at, "started_at": draft.now, "outputs": shown}
    draft.set_task(spec.task_id, TaskState.EXECUTING, **waiting)


def take_in(draft: "Draft", event: SignalGiven) -> None:
    """Take an answer in."""
    if event.task_id not in draft.run.tasks:
        draft.ignore(Outcome.ILLEGAL, "the process has no such task")
        return
    spec, status = draft.run.dag.by_id[event.task_id], draft.status(event.task_id)
    if spec.type != SIGNAL:
        draft.ignore(Outcome.ILLEGAL, f"{spec.name} waits for no signal")
    elif is_terminal(status.state) or _ANSWER in (status.outputs or {}):
        draft.ignore(Outcome.RECORDED, f"{spec.name} has had its answer: it is {status.state.value}")
    elif (trouble := why_not(spec, event.port)) is not None:
        draft.ignore(Outcome.ILLEGAL, trouble)
    elif status.state is TaskState.CREATED:
        draft.decisions.tasks[spec.task_id] = status._replace(outputs=_answer(event))
    else:
        _take(draft, spec, _answer(event))


def why_not(spec: TaskSpec, port: str) -> str | None:
    """Return why the signal can't be answered by this port; None when it can."""
    known = ports_of(SignalParams.model_validate(spec.params))
    return None if port in known else f"{spec.name} can be answered by {', '.join(known)}, not by {port!r}"


def ports_of(params: SignalParams) -> tuple[str, ...]:
    """Return the ports by which it may be answered."""
    return params.choices if params.by is not None else (SUCCESS, FAILURE, *params.choices)


def expire(draft: "Draft", spec: TaskSpec) -> None:
    """Nobody answered in time."""
    port = SignalParams.model_validate(spec.params).on_deadline
    if port is not None:
        _take(draft, spec, {_ANSWER: port, "by": None, "comment": "", "in_time": False})
        return
    sentence = f"{spec.name} was not answered within {spec.deadline_seconds:g} s."
    draft.fail_task(spec.task_id, Failure.bounded(kind=FailureKind.TIMEOUT, sentence=sentence))


def _answer(event: SignalGiven) -> dict[str, JsonValue]:
    said: dict[str, JsonValue] = {_ANSWER: event.port, "by": event.actor, "comment": event.reason, "in_time": True}
    return {**event.outputs, **said}


def _take(draft: "Draft", spec: TaskSpec, answer: Mapping[str, JsonValue]) -> None:
    port = str(answer[_ANSWER])
    draft.enter_phase(spec)
    if port == FAILURE:
        comment = str(answer["comment"]) or "it was told to have failed"
        sentence = f"{spec.name} failed, says {answer['by']}: {comment}"
        draft.fail_task(spec.task_id, Failure.bounded(kind=FailureKind.PERMANENT, sentence=sentence))
        return
    left_by = None if port == SUCCESS else port
    draft.set_task(spec.task_id, TaskState.COMPLETED, outputs=answer, port=left_by, failure=None)
