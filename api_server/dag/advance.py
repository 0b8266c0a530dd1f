"""What follows from an event: a pure function from (run, event, now) to decisions. No I/O, no clock, no chance.

The rules
- An event of another attempt is recorded and moves nothing, except that a native job id is always adopted.
- A terminal event of the present attempt is legal from any state that is not terminal: events overtake each other.
- A terminal state is never left; what no state allows is dropped, with the reason.
- A start that comes with the outcome is taken in first.
- A deferred command is published again after its delay, and uses no attempt.
- While a resource is known to be away nothing is published to it: the task is parked, and an attempt that failed
  there is not held against it (``parking``).
- A timer counts only while the moment stored with the task is the one it was set for.
- A paused process publishes nothing new (see ``pausing``).
- A canceled process starts nothing more, except what ends a job: an attempt of the submission or the monitoring, which
  alone know whether a job exists. Everything under way is waited for until its deadline, then CANCELED unconfirmed.
"""

from datetime import datetime

from api_server.dag import admission, attempts, correcting, deadlines, jobs, parking, pausing, signals, stopping
from api_server.dag.admission import Gate, open_gate
from api_server.dag.decisions import Decisions, Outcome
from api_server.dag.draft import Draft
from api_server.dag.run import Run
from api_server.dag.settling import settle
from howdah.contracts.messages import (
    JobStatusChanged,
    TaskCanceled,
    TaskCompleted,
    TaskDeferred,
    TaskEvent,
    TaskFailed,
    TaskOutcome,
    TaskProgressed,
    TaskReleased,
    TaskStarted,
    TimerDue,
)
from howdah.contracts.requests import (
    AdmissionGranted,
    AnyEvent,
    CancelRequested,
    CorrectionRequested,
    DeadlinePassed,
    GiveUpRequested,
    PauseRequested,
    Request,
    ResumeRequested,
    SignalGiven,
    SkipRequested,
)
from howdah.contracts.standings import Standings, all_is_well
from howdah.contracts.states import ExperimentState, ProcessState
from howdah.contracts.tasks import MAX_TASKS


def begin(run: Run, now: datetime, gate: Gate = open_gate, standings: Standings = all_is_well) -> Decisions:
    """Launch a run: the tasks that wait for nothing are published; those that it has adopted have ended already."""
    draft = Draft(run, now, gate, standings)
    draft.set_experiment(ExperimentState.LAUNCHED)
    draft.set_process(ProcessState.STARTED)
    for task in run.dag.tasks:
        if run.edges[task.task_id].open == 0:
            draft.due(task.task_id)
    settle(draft)
    return draft.decisions


def advance(  # noqa: PLR0913, PLR0917 - all that a decision goes by
    run: Run,
    event: AnyEvent,
    now: datetime,
    gate: Gate = open_gate,
    standings: Standings = all_is_well,
    room: int = MAX_TASKS,
) -> Decisions:
    """Return what follows from ``event``; ``run`` is not changed. Costs as much as what depends on the event.

    ``gate`` says which jobs must ask before they are submitted, ``standings`` which resources are away, ``room`` how
    many tasks fan-outs may make (each makes one item at least, and is told to go on).
    """
    draft = Draft(run, now, gate, standings, room)
    if isinstance(event, Request):
        _steer(draft, event)
    elif event.task_id not in run.tasks:
        draft.ignore(Outcome.ILLEGAL, "the process has no such task")
    elif event.attempt > run.tasks[event.task_id].attempt:
        draft.ignore(Outcome.ILLEGAL, "the attempt was never published")
    else:
        if isinstance(event, TaskOutcome) and event.start is not None:
            attempts.started_and_ended(draft, event, event.start)
        _of_task(draft, event)
    settle(draft)
    return draft.decisions


def _steer(draft: Draft, event: Request) -> None:  # noqa: C901 - one case for each kind of request
    match event:
        case CancelRequested():
            stopping.cancel(draft, draft.now)
        case DeadlinePassed():
            if deadlines.passes(draft, event):
                stopping.cancel(draft, event.deadline_at)
        case PauseRequested():
            pausing.pause(draft)
        case ResumeRequested():
            pausing.resume(draft)
        case SkipRequested():
            pausing.skip(draft, event)
        case CorrectionRequested():
            correcting.correct(draft, event)
        case AdmissionGranted():
            admission.let_in(draft, event)
        case SignalGiven():
            signals.take_in(draft, event)
        case GiveUpRequested():
            parking.give_up(draft, event)
        case _:
            draft.ignore(Outcome.ILLEGAL, f"{event.kind} is no request that is known here")


def _of_task(draft: Draft, event: TaskEvent) -> None:  # noqa: C901 - one case for each kind of event
    """Take in an event about a published attempt."""
    match event:
        case JobStatusChanged():
            jobs.take_in(draft, event)
            attempts.extend(draft, draft.run.monitors.get(event.task_id))
        case TaskStarted():
            attempts.started(draft, event)
        case TaskProgressed():
            draft.note(event.task_id, event.attempt, step=event.step, fraction=event.fraction)
            if attempts.is_present(draft, event):
                attempts.extend(draft, event.task_id)
        case TaskCompleted():
            attempts.completed(draft, event)
        case TaskFailed():
            attempts.failed(draft, event)
        case TaskCanceled():
            attempts.canceled(draft, event)
        case TaskDeferred():
            attempts.deferred(draft, event)
        case TimerDue():
            attempts.timed_out(draft, event)
        case TaskReleased():
            if attempts.is_present(draft, event):
                parking.release(draft, event)
        case _:
            draft.ignore(Outcome.ILLEGAL, f"{event.kind} is no event of a task")
