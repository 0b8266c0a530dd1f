"""What happens next, in one sentence for whoever looks: what runs, what waits, and for what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from api_server.presentation import blocked, held
from api_server.presentation.moments import moment
from api_server.registry.repositories.rows import Row
from howdah.contracts.flow import SIGNAL
from howdah.contracts.states import ExperimentState, JobState, ProcessState, TaskState

_EXPERIMENT: Final = {
    ExperimentState.CREATED: "Not launched yet: launch it to start the run.",
    ExperimentState.VALIDATED: "Checked against the catalogue: launch it to start the run.",
    ExperimentState.COMPLETED: "Done: its outputs can be fetched.",
    ExperimentState.FAILED: "Ended by a failure: mend what it names, then try it again from there.",
    ExperimentState.CANCELED: "Stopped on request: try it again to go on from there, or clone it to begin anew.",
}
_BESIDE: Final = {
    ProcessState.QUEUED: "It waits for its turn within the gateway's quota",
    ProcessState.BLOCKED: "It waits for its resource to come back",
    ProcessState.PAUSED: "It is paused until somebody lets it go on",
}
_TASK_ENDS: Final = {
    TaskState.COMPLETED: "Done.",
    TaskState.FAILED: "Ended by a failure: it is not tried again.",
    TaskState.CANCELED: "Stopped on request.",
    TaskState.SKIPPED: "Left out, since a task that it needs did not succeed.",
}
_JOB: Final = {
    JobState.INTENT: "About to be submitted.",
    JobState.SUBMITTED: "Handed to the scheduler; its first word is awaited.",
    JobState.QUEUED: "Waits in the scheduler's queue.",
    JobState.ACTIVE: "Runs on the resource.",
    JobState.SUSPENDED: "Suspended by the scheduler; it goes on when the scheduler lets it.",
    JobState.UNKNOWN: "The scheduler could not be asked or does not know; it is asked again.",
    JobState.COMPLETE: "Ended; its outputs are brought back by later tasks.",
    JobState.FAILED: "Ended with an error.",
    JobState.CANCELED: "Stopped.",
}


def of_experiment(row: Row) -> str:
    """Say what comes next for an experiment, from its state and how many tasks are in which."""
    state = ExperimentState(row["state"])
    if state in _EXPERIMENT:
        return _EXPERIMENT[state]
    parts = _in_hand(row)
    if state is ExperimentState.CANCELING:
        return "Being stopped: " + (f"{_listed(parts)}." if parts else "the last task is being put away.")
    if row.get("blocked_resource_id") is not None:
        return " ".join([blocked.sentence(row), *([f"{_listed(parts)}."] if parts else [])])
    if (pause := held.of(row)) is not None:
        return " ".join([f"{_listed(parts)}:" if parts else "Waits:", held.sentence(pause)])
    beside = row["queued_reason"] or _BESIDE.get(row["process_state"])
    if beside:
        return f"{beside}{': ' + _listed(parts) if parts else ''}."
    return f"{_listed(parts)}." if parts else "Launched: its first tasks are being published."


def of_record(state: str) -> str:
    """Say what comes next for an experiment whose progress was not read."""
    known = ExperimentState(state)
    if known is ExperimentState.CANCELING:
        return "Being stopped."
    return _EXPERIMENT.get(known, "Launched: its tasks go on by themselves; the live stream tells how.")


def _in_hand(row: Row) -> list[str]:
    due = row["next_attempt_at"]
    return [
        *_count(row["tasks_executing"], "task runs", "tasks run"),
        *_count(row["tasks_scheduled"], "task waits for a worker", "tasks wait for a worker"),
        *_count(row["tasks_parked"], "task is blocked", "tasks are blocked"),
        *(
            f"{text} (the next at {moment(due)})" if due else text
            for text in _count(_waiting_to_retry(row), "task waits for another try", "tasks wait for another try")
        ),
        *_count(row["tasks_created"], "task waits for earlier ones", "tasks wait for earlier ones"),
    ]


def _waiting_to_retry(row: Row) -> int:
    return (row["tasks_retry_wait"] or 0) - (row["tasks_parked"] or 0)


def _count(number: int | None, one: str, many: str) -> list[str]:
    if not number:
        return []
    return [f"1 {one}" if number == 1 else f"{number} {many}"]


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def of_task(row: Row) -> str:
    """Say what comes next for a task."""
    state = TaskState(row["state"])
    due = row["due_at"]
    match state:
        case TaskState.CREATED:
            return _begins(row)
        case TaskState.SCHEDULED:
            return _published(row, due)
        case TaskState.EXECUTING:
            return _executing(row, due)
        case TaskState.RETRY_WAIT if row.get("blocked_resource_id") is not None:
            return blocked.sentence(row)
        case TaskState.RETRY_WAIT:
            return _tries_again(row, due)
        case _:
            return _ended(row, state)


def _published(row: Row, due: datetime | None) -> str:
    if (pause := held.of(row)) is not None:
        return f"Published, and waits: {held.sentence(pause)}"
    return "Published: waits for a worker" + (f", until {moment(due)} at the latest." if due else ".")


def _ended(row: Row, state: TaskState) -> str:
    if state is TaskState.SKIPPED and row["outputs"] is not None:
        return f"Left out on request of {row['outputs'].get('by', 'somebody')}; what depends on it goes on."
    if state is TaskState.COMPLETED and row["adopted_from"] is not None:
        return "Done in an earlier run, whose result is kept."
    return _TASK_ENDS[state]


def _tries_again(row: Row, due: datetime | None) -> str:
    if row["failure"] is None and due is not None:
        return f"Handed back: enough is being done at its resource. It is published again at {moment(due)}."
    kind = (row["failure"] or {}).get("kind", "unknown")
    begins = f" begins at {moment(due)}" if due else " follows as soon as the run goes on"
    return f"Attempt {row['attempt']} of {row['max_attempts']} failed ({kind}); the next{begins}."


def _begins(row: Row) -> str:
    if row["queued_reason"]:
        return f"Waits for its turn: {row['queued_reason']}."
    if row["resource_id"] is not None and not row["awaits_total"]:
        return "Waits in line: it is published when fewer tasks of its run are on their way to its resource."
    return _awaits(row["awaits"] or (), row["awaits_total"] or 0)


def _awaits(names: Sequence[str], total: int) -> str:
    if not names:
        return "Is published as soon as the run gets to it."
    more = total - len(names)
    return f"Waits for {_listed([*names, f'{more} others'] if more > 0 else names)} to end."


def _executing(row: Row, due: datetime | None) -> str:
    if row["type"] == SIGNAL:
        choices = ", ".join((row["outputs"] or {}).get("choices", ()))
        until = f", until {moment(due)}" if due else ""
        return f"Waits to be answered by one of {choices}{until}."
    step = f": {row['step']}" if row["step"] else ""
    share = f" ({row['fraction']:.0%})" if row["fraction"] is not None else ""
    limit = f"; must be done by {moment(due)}" if due else ""
    return f"Runs{step}{share}{limit}."


def of_job(row: Row) -> str:
    """Say how it stands with a job."""
    return _JOB[JobState(row["state"])]
