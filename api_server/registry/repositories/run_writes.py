"""What is written about runs: one statement a table, whatever the number of rows.

Every function adds to a script, which the caller sends; rows are mappings of column names, a missing field is NULL.
"""

from typing import Any, cast

from sqlalchemy import Column, Table, Update, case, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from api_server.registry.base import table_of
from api_server.registry.models import Admission, Attempt, Event, Experiment, Job, Process, Task
from api_server.registry.repositories.feed import FEED_CHANNEL
from api_server.registry.rowset import Rows, any_of_ids, insert_rows, rowset
from api_server.registry.script import Script, by_ids, over_rows

_experiment = table_of(Experiment)
_process = table_of(Process)
_task = table_of(Task)
_attempt = table_of(Attempt)
_job = table_of(Job)
_admission = table_of(Admission)
_event = table_of(Event)


_NOTIFY = f"NOTIFY {FEED_CHANNEL}"
_ENDED = ("COMPLETED", "FAILED", "CANCELED")

_INSERT_EXPERIMENTS = over_rows(
    "insert_experiments",
    insert_rows(
        _experiment,
        *("id", "gateway_id", "owner", "name", "description", "kind", "spec", "interface_id", "resource_id"),
        *(
            "workflow_id",
            "workflow_version",
            "cloned_from",
            "state",
            "process_id",
            "last_seq",
            "version",
            "launched_at",
            "failure",
            "ended_at",
        ),
    ),
)
_INSERT_PROCESSES = over_rows(
    "insert_processes",
    insert_rows(
        _process,
        *("id", "gateway_id", "experiment_id", "number", "state", "version", "targets", "trace"),
        *("continues", "settles_as", "deadline_at", "failure", "ended_at"),
    ),
)
_TASK_STATUS = (
    *("state", "attempt", "publications", "deferred", "due_at", "command_id"),
    *("parked", "outage_since", "excused"),
    *("outputs", "port", "failure", "started_at", "ended_at"),
)
_INSERT_TASKS = over_rows(
    "insert_tasks",
    insert_rows(
        _task,
        *("id", "gateway_id", "experiment_id", "process_id", "position", "name", "type", "spec", "resource_id"),
        "adopted_from",
        *_TASK_STATUS,
    ),
)
_INSERT_EVENTS = over_rows(
    "insert_events",
    insert_rows(
        _event,
        *("event_id", "gateway_id", "experiment_id", "seq", "process_id", "process_number", "task_id", "attempt"),
        *("kind", "actor", "payload", "changes", "at"),
    ),
)


def _columns(table: Table, *names: str) -> list[Column[Any]]:
    return [table.c[name] for name in names]


def _update_tasks() -> Update:
    rows = rowset(*_columns(_task, "id", *_TASK_STATUS))
    return update(_task).where(_task.c.id == rows.c.id).values({name: rows.c[name] for name in _TASK_STATUS})


def _respecify_tasks() -> Update:
    rows = rowset(*_columns(_task, "id", "spec"))
    return update(_task).where(_task.c.id == rows.c.id).values(spec=rows.c.spec)


_ATTEMPT_FACTS = (
    *("command_id", "lane", "worker", "partition", "offset", "step", "fraction"),
    *("failure", "published_at", "started_at", "ended_at"),
)


def _sticky(new: Any) -> Any:  # noqa: ANN401 - column expressions
    """An attempt that has ended stays as it ended."""
    return case((_attempt.c.state.in_(_ENDED), _attempt.c.state), else_=func.coalesce(new, _attempt.c.state))


def _upsert_attempts() -> Any:  # noqa: ANN401 - the dialect's Insert
    names = ("task_id", "attempt", "state", *_ATTEMPT_FACTS)
    statement = insert_rows(_attempt, *names)
    new = cast("Any", statement).excluded
    facts = {name: func.coalesce(new[name], _attempt.c[name]) for name in _ATTEMPT_FACTS}
    return cast("Any", statement).on_conflict_do_update(
        index_elements=["task_id", "attempt"], set_={"state": _sticky(new.state), **facts}
    )


def _update_attempts() -> Update:
    rows = rowset(*_columns(_attempt, "task_id", "attempt", "state", *_ATTEMPT_FACTS))
    facts = {name: func.coalesce(rows.c[name], _attempt.c[name]) for name in _ATTEMPT_FACTS}
    return (
        update(_attempt)
        .where(_attempt.c.task_id == rows.c.task_id, _attempt.c.attempt == rows.c.attempt)
        .values({"state": _sticky(rows.c.state), **facts})
    )


def _upsert_jobs() -> Any:  # noqa: ANN401 - the dialect's Insert
    known = ("job_name", "native_id", "state", "reason", "exit_code", "started_at", "ended_at")
    names = ("task_id", "generation", "gateway_id", "experiment_id", "process_id", "resource_id", *known)
    statement = cast("Any", insert_rows(_job, *names))
    return statement.on_conflict_do_update(
        index_elements=["task_id", "generation"],
        set_={"updated_at": func.now(), **{name: statement.excluded[name] for name in known}},
    )


def _update_processes() -> Update:
    names = ("state", "failure", "cancel_requested_at", "ended_at")
    rows = rowset(*_columns(_process, "id", "version", *names))
    return (
        update(_process)
        .where(_process.c.id == rows.c.id, _process.c.version == rows.c.version)
        .values({"version": rows.c.version + 1, "updated_at": func.now(), **{name: rows.c[name] for name in names}})
    )


def _update_experiments() -> Update:
    """Late news of a run that another has taken the place of adds to the history and moves nothing."""
    names = ("state", "failure", "ended_at")
    rows = rowset(*_columns(_experiment, "id", "process_id", "last_seq", *names))
    latest = _experiment.c.process_id == rows.c.process_id
    of_the_latest = {name: case((latest, rows.c[name]), else_=_experiment.c[name]) for name in names}
    return (
        update(_experiment)
        .where(_experiment.c.id == rows.c.id)
        .values({"updated_at": func.now(), "last_seq": rows.c.last_seq, **of_the_latest})
    )


def _ask_for_admission() -> Any:  # noqa: ANN401 - the dialect's Insert
    """Whoever asks again, after a pause, keeps its place in line."""
    given = ("task_id", "monitor_id", "gateway_id", "experiment_id", "process_id", "resource_id")
    wanted = ("queue", "wall_time_minutes")
    rows = rowset(*_columns(_admission, *given, *wanted))
    names = (*given, *wanted, "owner")
    chosen = select(*(rows.c[name] for name in (*given, *wanted)), _experiment.c.owner).join_from(
        rows, _experiment, _experiment.c.id == rows.c.experiment_id
    )
    return (
        insert(_admission)
        .from_select(names, chosen, include_defaults=False)
        .on_conflict_do_update(index_elements=["task_id"], set_={"granted_at": None})
    )


_LOCK_PROCESSES = by_ids(
    "lock_processes",
    select(literal_column("1"))
    .select_from(_process)
    .where(_process.c.id == any_of_ids())
    .order_by(_process.c.id)
    .with_for_update(),
)
_UPDATE_TASKS = over_rows("update_tasks", _update_tasks())
_RESPECIFY_TASKS = over_rows("respecify_tasks", _respecify_tasks())
_UPSERT_ATTEMPTS = over_rows("upsert_attempts", _upsert_attempts())
_UPDATE_ATTEMPTS = over_rows("update_attempts", _update_attempts())
_ASK_FOR_ADMISSION = over_rows("ask_for_admission", _ask_for_admission())
_UPSERT_JOBS = over_rows("upsert_jobs", _upsert_jobs())
_UPDATE_PROCESSES = over_rows("update_processes", _update_processes())
_UPDATE_EXPERIMENTS = over_rows("update_experiments", _update_experiments())


def insert_experiments(script: Script, rows: Rows) -> None:
    """Write new experiments."""
    script.add(_INSERT_EXPERIMENTS, rows)


def insert_processes(script: Script, rows: Rows) -> None:
    """Write new processes."""
    script.add(_INSERT_PROCESSES, rows)


def insert_tasks(script: Script, rows: Rows) -> None:
    """Write the tasks of new processes, and those that a fan-out has added to a process."""
    script.add(_INSERT_TASKS, rows)


def lock_processes(script: Script, ids: list[str]) -> None:
    """Lock processes in the order of their ids, so that no two writers wait for each other."""
    script.add_ids(_LOCK_PROCESSES, ids)


def update_tasks(script: Script, rows: Rows) -> None:
    """Write the statuses of tasks."""
    script.add(_UPDATE_TASKS, rows)


def respecify_tasks(script: Script, rows: Rows) -> None:
    """Write what tasks depend on, where that has become more."""
    script.add(_RESPECIFY_TASKS, rows)


def publish_attempts(script: Script, rows: Rows) -> None:
    """Write attempts that were published (again); what is known of one already stays."""
    script.add(_UPSERT_ATTEMPTS, rows)


def update_attempts(script: Script, rows: Rows) -> None:
    """Add what became known of attempts; how one ended is never overwritten."""
    script.add(_UPDATE_ATTEMPTS, rows)


def upsert_jobs(script: Script, rows: Rows) -> None:
    """Write what is known of jobs."""
    script.add(_UPSERT_JOBS, rows)


def ask_for_admission(script: Script, rows: Rows) -> None:
    """Put jobs in line; those that stand there already keep their place."""
    script.add(_ASK_FOR_ADMISSION, rows)


def update_processes(script: Script, rows: Rows) -> None:
    """Write processes whose ``version`` is still as it was read. As the last of a script its count tells how many."""
    script.add(_UPDATE_PROCESSES, rows)


def update_experiments(script: Script, rows: Rows) -> None:
    """Write the states of experiments, as their latest process says, and the sequence numbers they have reached."""
    script.add(_UPDATE_EXPERIMENTS, rows)


def insert_events(script: Script, rows: Rows) -> None:
    """Write the history, and wake the feed's readers when this transaction is committed."""
    if rows:
        script.add(_INSERT_EVENTS, rows)
        script.add_plain(_NOTIFY)
