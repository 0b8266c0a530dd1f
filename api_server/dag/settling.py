"""The consequences of what was decided on a run: tasks that became due begin, and the process ends with the last."""

from collections import Counter

from api_server.dag import admission, orchestrated, parking, pausing, slots, windows
from api_server.dag.bindings import UnboundError, filled
from api_server.dag.conditions import IncomparableError, holds
from api_server.dag.deadlines import is_overdue
from api_server.dag.decisions import CancellationNote, Edge
from api_server.dag.draft import Draft
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.flow import ORCHESTRATED
from howdah.contracts.params import JOB_MONITORING
from howdah.contracts.states import ExperimentState, ProcessState, TaskState, is_terminal
from howdah.contracts.tasks import TaskSpec, Trigger
from howdah.contracts.workflows import Join

_END_OF = {
    ProcessState.COMPLETED: ExperimentState.COMPLETED,
    ProcessState.FAILED: ExperimentState.FAILED,
    ProcessState.CANCELED: ExperimentState.CANCELED,
}


def settle(draft: Draft) -> None:
    """Draw all consequences: tasks that became due, the phase of the process, its end."""
    _begin_due(draft)
    for pool in windows.freed(draft):
        if not slots.call_next(draft, pool):
            draft.freed.discard(pool)
        _begin_due(draft)
    parking.settle(draft)
    unfinished = draft.run.unfinished + len(draft.decisions.added) - len(draft.decisions.ended)
    if unfinished == 0 and not is_terminal(draft.process.state):
        _end_process(draft)


def _begin_due(draft: Draft) -> None:
    for spec in draft.take_due():
        _begin(draft, spec)


def _begin(draft: Draft, spec: TaskSpec) -> None:
    edge = draft.edge(spec.task_id)
    if draft.canceling and not (spec.type == JOB_MONITORING and edge.spoiled == 0):
        draft.set_task(spec.task_id, TaskState.CANCELED)
    elif not (_is_triggered(spec.trigger, edge) and _is_led_to(spec, edge)):
        draft.set_task(spec.task_id, TaskState.SKIPPED, outputs=None)
    elif spec.type not in ORCHESTRATED and pausing.holds_back(draft, spec):
        return  # before it takes a place that it would hold while the run is paused, and take once more after that
    elif not _is_let_pass(draft, spec):
        return
    elif spec.type in ORCHESTRATED:
        orchestrated.perform(draft, spec)
    elif admission.must_ask(draft, spec):
        admission.ask(draft, spec)
    else:
        draft.publish(spec.task_id, attempt=1)


def _is_let_pass(draft: Draft, spec: TaskSpec) -> bool:
    """Tell whether its condition holds and it has its places; it was left out, failed, or stands in line else."""
    guard = spec.way.guard
    try:
        wanted = guard is None or holds(filled(guard.condition, guard.bindings, draft.given))
    except (UnboundError, IncomparableError) as error:
        sentence = f"It can't be told whether {spec.name} is wanted: {error}"
        draft.fail_task(spec.task_id, Failure.bounded(kind=FailureKind.PERMANENT, sentence=sentence))
        return False
    if not wanted:
        draft.set_task(spec.task_id, TaskState.SKIPPED, outputs=None)
        return False
    return windows.has_room(draft, spec) and slots.take(draft, spec)


def _end_process(draft: Draft) -> None:
    ended = draft.run.ended + Counter(draft.decisions.ended)
    if ended[TaskState.COMPLETED] + ended[TaskState.SKIPPED] == ended.total():
        state = ProcessState.COMPLETED
    elif is_overdue(draft.run, draft.process.cancel_requested_at):
        state = ProcessState.FAILED
    elif draft.canceling or not (ended[TaskState.FAILED] or draft.process.failure):
        state = ProcessState.CANCELED
    else:
        state = ProcessState.FAILED
    draft.enter_executing()
    if draft.canceling:
        draft.decisions.cancellation = CancellationNote.WITHDRAW
    failure = None if state is ProcessState.COMPLETED else draft.process.failure
    draft.set_process(state, ended_at=draft.now, failure=failure)
    settled = draft.run.identity.settles_as if state is ProcessState.COMPLETED else None
    draft.set_experiment(settled or _END_OF[state])


def _is_led_to(spec: TaskSpec, edge: Edge) -> bool:
    """Tell whether the tasks before it left by the ports that lead here."""
    way = spec.way
    return not way.routes or edge.taken == len(way.routes) or (way.join is Join.ANY and edge.taken > 0)


def _is_triggered(trigger: Trigger, edge: Edge) -> bool:
    match trigger:
        case Trigger.ALL_SUCCEEDED:
            return edge.spoiled == 0
        case Trigger.ALL_RAN:
            return edge.unrun == 0
        case Trigger.ALL_DONE:
            return True
        case Trigger.ANY_FAILED:
            return edge.spoiled > 0
