"""The states of experiments, processes, tasks and jobs, and which may follow which.

Names follow Apache Airavata's, so that gateways feel at home. A terminal state is never left, but for an experiment's:
a new process takes it up again, and its state follows its latest process.
"""

from enum import StrEnum
from typing import Final


class ExperimentState(StrEnum):
    """An experiment: what a scientist launches. Its state follows its latest process."""

    CREATED = "CREATED"
    VALIDATED = "VALIDATED"
    SCHEDULED = "SCHEDULED"
    LAUNCHED = "LAUNCHED"
    EXECUTING = "EXECUTING"
    CANCELING = "CANCELING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class ProcessState(StrEnum):
    """A process: one run of an experiment. The working states are named for the phase reached."""

    CREATED = "CREATED"
    STARTED = "STARTED"
    CONFIGURING_WORKSPACE = "CONFIGURING_WORKSPACE"
    INPUT_DATA_STAGING = "INPUT_DATA_STAGING"
    EXECUTING = "EXECUTING"
    MONITORING = "MONITORING"
    OUTPUT_DATA_STAGING = "OUTPUT_DATA_STAGING"
    POST_PROCESSING = "POST_PROCESSING"
    QUEUED = "QUEUED"
    BLOCKED = "BLOCKED"
    PAUSED = "PAUSED"
    CANCELING = "CANCELING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class TaskState(StrEnum):
    """A task: one node of a process's DAG. RETRY_WAIT holds no thread and no partition."""

    CREATED = "CREATED"
    SCHEDULED = "SCHEDULED"
    EXECUTING = "EXECUTING"
    RETRY_WAIT = "RETRY_WAIT"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    SKIPPED = "SKIPPED"


class JobState(StrEnum):
    """A job of the resource's scheduler. SUSPENDED and UNKNOWN are left again; requeue goes back to QUEUED."""

    INTENT = "INTENT"
    SUBMITTED = "SUBMITTED"
    QUEUED = "QUEUED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    UNKNOWN = "UNKNOWN"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


State = ExperimentState | ProcessState | TaskState | JobState

TERMINAL: Final = frozenset({"COMPLETED", "FAILED", "CANCELED", "SKIPPED", "COMPLETE"})

PHASES: Final = (
    ProcessState.CREATED,
    ProcessState.STARTED,
    ProcessState.CONFIGURING_WORKSPACE,
    ProcessState.INPUT_DATA_STAGING,
    ProcessState.EXECUTING,
    ProcessState.MONITORING,
    ProcessState.OUTPUT_DATA_STAGING,
    ProcessState.POST_PROCESSING,
)
"""The working states of a process in the order in which it reaches them."""

_E, _P, _T, _J = ExperimentState, ProcessState, TaskState, JobState
_E_END = frozenset({_E.COMPLETED, _E.FAILED, _E.CANCELED})
_P_END = frozenset({_P.COMPLETED, _P.FAILED, _P.CANCELED})
_P_BESIDE = frozenset({_P.QUEUED, _P.BLOCKED, _P.PAUSED, _P.CANCELING})
_T_END = frozenset({_T.COMPLETED, _T.FAILED, _T.CANCELED, _T.SKIPPED})
_J_END = frozenset({_J.COMPLETE, _J.FAILED, _J.CANCELED})
_J_LIVE = frozenset({_J.SUBMITTED, _J.QUEUED, _J.ACTIVE, _J.SUSPENDED, _J.UNKNOWN})

EXPERIMENT_TRANSITIONS: Final[dict[ExperimentState, frozenset[ExperimentState]]] = {
    _E.CREATED: frozenset({_E.VALIDATED, _E.SCHEDULED, _E.LAUNCHED, _E.CANCELED, _E.FAILED}),
    _E.VALIDATED: frozenset({_E.SCHEDULED, _E.LAUNCHED, _E.CANCELED, _E.FAILED}),
    _E.SCHEDULED: frozenset({_E.LAUNCHED, _E.CANCELING, _E.CANCELED, _E.FAILED}),
    _E.LAUNCHED: frozenset({_E.EXECUTING, _E.CANCELING}) | _E_END,
    _E.EXECUTING: frozenset({_E.CANCELING}) | _E_END,
    _E.CANCELING: _E_END,
    # An experiment that has ended is launched again by a new process, and by nothing else.
    **dict.fromkeys(_E_END, frozenset({_E.LAUNCHED})),
}

PROCESS_TRANSITIONS: Final[dict[ProcessState, frozenset[ProcessState]]] = {
    **{phase: frozenset(PHASES[index + 1 :]) | _P_BESIDE | _P_END for index, phase in enumerate(PHASES)},
    # What stands beside the path is left towards any phase that the process had reached or reaches next.
    **{
        beside: (frozenset(PHASES[1:]) | _P_BESIDE | _P_END) - {beside} for beside in (_P.QUEUED, _P.BLOCKED, _P.PAUSED)
    },
    _P.CANCELING: _P_END,
    **dict.fromkeys(_P_END, frozenset()),
}

TASK_TRANSITIONS: Final[dict[TaskState, frozenset[TaskState]]] = {
    _T.CREATED: frozenset({_T.SCHEDULED, _T.EXECUTING, _T.RETRY_WAIT}) | _T_END,
    _T.SCHEDULED: frozenset({_T.EXECUTING, _T.RETRY_WAIT}) | _T_END,
    _T.EXECUTING: frozenset({_T.SCHEDULED, _T.RETRY_WAIT}) | _T_END,
    _T.RETRY_WAIT: frozenset({_T.SCHEDULED, _T.EXECUTING}) | _T_END,
    **dict.fromkeys(_T_END, frozenset()),
}

JOB_TRANSITIONS: Final[dict[JobState, frozenset[JobState]]] = {
    _J.INTENT: _J_LIVE | _J_END,
    _J.SUBMITTED: (_J_LIVE - {_J.SUBMITTED}) | _J_END,
    **{live: (_J_LIVE - {_J.SUBMITTED, live}) | _J_END for live in (_J.QUEUED, _J.ACTIVE, _J.SUSPENDED, _J.UNKNOWN)},
    **dict.fromkeys(_J_END, frozenset()),
}


def is_terminal(state: State) -> bool:
    """Tell whether ``state`` is an end: never left, but for an experiment that a new process takes up again."""
    return state.value in TERMINAL


def may_follow(current: State, following: State) -> bool:
    """Tell whether ``following`` is a legal next state of ``current``; a state never follows itself."""
    match current, following:
        case ExperimentState(), ExperimentState():
            return following in EXPERIMENT_TRANSITIONS[current]
        case ProcessState(), ProcessState():
            return following in PROCESS_TRANSITIONS[current]
        case TaskState(), TaskState():
            return following in TASK_TRANSITIONS[current]
        case JobState(), JobState():
            return following in JOB_TRANSITIONS[current]
        case _:
            return False
