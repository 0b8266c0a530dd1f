"""Experiments, processes, tasks, attempts, jobs and events as the API shows them: plain data for orjson.

The schemas in ``api_server.experiments.*_schemas`` describe the same shapes for OpenAPI; tests hold the two together.
"""

from typing import Any, Final

from api_server.presentation import blocked, held, outlook
from api_server.registry.records import ExperimentRecord
from api_server.registry.repositories.rows import Row
from howdah.contracts.states import TaskState

Shown = dict[str, Any]

_EXPERIMENT: Final = (
    "id",
    "name",
    "description",
    "kind",
    "owner",
    "state",
    "interface_id",
    "resource_id",
    "interface_name",
    "resource_name",
    "queue",
    "priority",
    "deadline_at",
    "workflow_id",
    "workflow_version",
    "cloned_from",
    "tags",
    "archived_at",
    "process_id",
    "process_state",
    "process_number",
    "next_attempt_at",
    "last_seq",
    "version",
    "created_at",
    "updated_at",
    "launched_at",
    "ended_at",
)
_NOT_RECORDED: Final = frozenset(
    {
        *("interface_name", "resource_name", "queue", "priority", "deadline_at"),
        *("process_state", "process_number", "next_attempt_at"),
        *("tags", "archived_at"),
    }
)
_RECORD: Final = (
    *(name for name in _EXPERIMENT if name not in _NOT_RECORDED),
    "failure",
)
_TASK: Final = (
    "id",
    "experiment_id",
    "process_id",
    "position",
    "name",
    "type",
    "state",
    "phase",
    "resource_id",
    "attempt",
    "max_attempts",
    "due_at",
    "worker",
    "lane",
    "step",
    "fraction",
    "outputs",
    "failure",
    "started_at",
    "ended_at",
    "adopted_from",
)
_DEFAULT_ATTEMPTS: Final = 4


def experiment(row: Row) -> Shown:
    """Return an experiment with its progress, its failure and what comes next."""
    shown: Shown = {name: row[name] for name in _EXPERIMENT}
    shown["next"] = outlook.of_experiment(row)
    shown["blocked"] = blocked.of(row)
    shown["paused_lane"] = held.of(row)
    shown["queued"] = row["queued_reason"] or None
    shown["failure"] = _failure(row)
    shown["tasks"] = {"total": row["tasks_total"] or 0} | {
        state.value: count for state in TaskState if (count := row[f"tasks_{state.lower()}"])
    }
    return shown


def experiment_record(record: ExperimentRecord) -> Shown:
    """Return an experiment as lifecycle left it: without its progress, which would have to be read."""
    shown: Shown = {name: getattr(record, name) for name in _RECORD}
    shown["next"] = outlook.of_record(record.state)
    return shown


def _failure(row: Row) -> Shown | None:
    if row["failure"] is None:
        return None
    culprit = {
        "task": row["failed_task"],
        "task_id": row["failed_task_id"],
        "attempts": row["failed_task_attempts"],
    }
    return {**row["failure"], **{name: value for name, value in culprit.items() if value is not None}}


def experiment_in_full(row: Row) -> Shown:
    """Return one experiment with the request that it was made from."""
    return experiment(row) | {"spec": row["spec"], "placement": row["placement"]}


def process(row: Row) -> Shown:
    """Return one run of an experiment."""
    return {**blocked.without(row), "blocked": blocked.of(row)}


def task(row: Row) -> Shown:
    """Return a task: what it does now, what it waits for, and when it is tried again."""
    shown: Shown = {name: row[name] for name in _TASK}
    state = row["state"]
    shown["max_attempts"] = row["max_attempts"] or _DEFAULT_ATTEMPTS
    shown["depends_on"] = row["depends_on"] or []
    shown["waits_for"] = row["awaits"] or []
    shown["waits_for_total"] = row["awaits_total"] or 0
    shown["blocked"] = blocked.of(row)
    shown["paused_lane"] = held.of(row)
    waits = state == TaskState.RETRY_WAIT and shown["blocked"] is None
    shown["next_attempt_at"] = row["due_at"] if waits else None
    runs_on = state in {TaskState.SCHEDULED, TaskState.EXECUTING} and shown["paused_lane"] is None
    shown["deadline_at"] = row["due_at"] if runs_on else None
    shown["next"] = outlook.of_task({**row, "max_attempts": shown["max_attempts"]})
    return shown


def task_in_full(row: Row) -> Shown:
    """Return one task with its parameters, bindings and retry policy."""
    spec = row["spec"]
    return task(row) | {
        "params": spec.get("params") or {},
        "bindings": spec.get("bindings") or {},
        "retry": spec.get("retry"),
        "trigger": spec.get("trigger", "all_succeeded"),
        "deadline_seconds": spec.get("deadline_seconds"),
    }


def job(row: Row) -> Shown:
    """Return a job with how it stands."""
    return {**row, "next": outlook.of_job(row)}


def log_lines(row: Row) -> Shown:
    """Return what a handler wrote at one time."""
    return {"id": row["event_id"], "attempt": row["attempt"], "at": row["at"], "lines": row["lines"]}


def as_is(row: Row) -> Shown:
    """Return attempts and events as they stand in the registry."""
    return dict(row)
