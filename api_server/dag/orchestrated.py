"""Tasks that no service does: a workflow's joins, choices, fan-outs, fan-ins and signals, decided on the spot. Pure.

They begin like any other task, once what they depend on has ended and leads to them. All end at once but a signal and a
fan-out with many items.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from api_server.dag import expansion, signals
from api_server.dag.bindings import UnboundError, bound_params
from api_server.dag.conditions import IncomparableError, holds
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.flow import (
    CHOICE,
    FAN_IN,
    FAN_OUT,
    JOIN,
    ORCHESTRATED,
    SIGNAL,
    ChoiceParams,
    FailureMeans,
    FanInParams,
    JoinParams,
)
from howdah.contracts.ids import TaskId
from howdah.contracts.states import TaskState, is_terminal
from howdah.contracts.tasks import TaskSpec

if TYPE_CHECKING:
    from api_server.dag.decisions import TaskStatus
    from api_server.dag.draft import Draft

Params = Mapping[str, JsonValue]


def perform(draft: "Draft", spec: TaskSpec) -> None:
    """Decide a task whose turn has come. What can't be decided fails, with the sentence."""
    if (broken := _broken_part(draft, spec)) is not None:
        draft.fail_task(spec.task_id, broken)
        return
    try:
        _PERFORM[spec.type](draft, spec, bound_params(spec, draft.given))
    except (UnboundError, IncomparableError, expansion.NoItemsError) as error:
        failure = Failure.bounded(kind=FailureKind.PERMANENT, sentence=f"{spec.name} can't be decided: {error}")
        draft.fail_task(spec.task_id, failure)


def go_on(draft: "Draft", spec: TaskSpec) -> None:
    """Make the next items of a fan-out that had too many for one decision."""
    perform(draft, spec)
    if is_terminal(draft.status(spec.task_id).state):
        expansion.call_next(draft)


def end(draft: "Draft", task_id: TaskId, outputs: Params, port: str | None = None) -> None:
    """End a task well, by its port."""
    began = draft.status(task_id).started_at or draft.now
    draft.set_task(task_id, TaskState.COMPLETED, outputs=outputs, port=port, failure=None, started_at=began)


def waits(status: "TaskStatus", spec: TaskSpec) -> bool:
    """Tell whether the task has begun and nobody works on it: it waits for an answer, or to go on."""
    return spec.type in ORCHESTRATED and status.state is TaskState.EXECUTING


def _broken_part(draft: "Draft", spec: TaskSpec) -> Failure | None:
    """Return why a part of what the task ends has failed; of a fan-out's items its own rule says how many may."""
    for needed in spec.depends_on[:1] if spec.type == FAN_IN else spec.depends_on:
        status = draft.status(needed)
        way = draft.spec(needed).way
        is_part = way.parent == spec.task_id and way.failure_means is FailureMeans.PARENT
        if is_part and status.state is TaskState.FAILED:
            return status.failure or Failure(kind=FailureKind.INTERNAL, sentence=f"A part of {spec.name} failed.")
    return None


def _join(draft: "Draft", spec: TaskSpec, params: Params) -> None:
    end(draft, spec.task_id, JoinParams.model_validate(params).outputs)


def _choose(draft: "Draft", spec: TaskSpec, params: Params) -> None:
    choice = ChoiceParams.model_validate(params)
    port = next((branch.port for branch in choice.branches if holds(branch.when)), choice.otherwise)
    end(draft, spec.task_id, {"branch": port}, port)


def _fan_out(draft: "Draft", spec: TaskSpec, params: Params) -> None:
    made, items = expansion.expand(draft, spec, params)
    if made < items:
        expansion.stand_in_line(draft, spec, items)
    else:
        end(draft, spec.task_id, {"items": items})


def _fan_in(draft: "Draft", spec: TaskSpec, params: Params) -> None:
    wanted = FanInParams.model_validate(params)
    ends = spec.depends_on[1:]  # the first is the fan-out
    statuses = [draft.status(task_id) for task_id in ends]
    failed = [(task_id, one) for task_id, one in zip(ends, statuses, strict=True) if one.state is TaskState.FAILED]
    if len(failed) > wanted.max_failed:
        first, status = failed[0]
        why = f"{len(failed)} of {len(ends)} items failed; {draft.spec(first).name}: "
        why += status.failure.sentence if status.failure else "for a reason that is not known"
        kind = status.failure.kind if status.failure else FailureKind.INTERNAL
        draft.fail_task(spec.task_id, Failure.bounded(kind=kind, sentence=why))
        return
    end(draft, spec.task_id, {**_gathered(wanted.outputs, statuses), "failed": len(failed), "count": len(ends)})


def _gathered(names: tuple[str, ...], statuses: "list[TaskStatus]") -> dict[str, JsonValue]:
    given = [status.outputs or {} if status.state is TaskState.COMPLETED else {} for status in statuses]
    found = names or tuple(dict.fromkeys(name for outputs in given for name in outputs))
    return {name: [outputs.get(name) for outputs in given] for name in found}


_PERFORM: Final[Mapping[str, Callable[["Draft", TaskSpec, Params], None]]] = {
    JOIN: _join,
    CHOICE: _choose,
    FAN_OUT: _fan_out,
    FAN_IN: _fan_in,
    SIGNAL: signals.ask,
}
