from datetime import UTC, datetime
from typing import Any

from howdah.cli.run_view import RunView
from howdah.client import Change, Snapshot
from howdah.client.run_models import Event, Experiment, Task
from howdah.contracts.states import TaskState
from tests.unit.client.samples import E1, event, experiment, task

FAILURE = {"kind": "transient", "sentence": "login.example.org did not answer within 20 s."}


def _view() -> RunView:
    tasks = [
        task("prepare", "COMPLETED"),
        task("submit", "SCHEDULED", type="job-submission", depends_on=["task-prepare"]),
        task("monitor", type="job-monitoring", depends_on=["task-prepare", "task-submit"]),
    ]
    view = RunView()
    view.apply(
        Snapshot(
            "c", (Experiment.model_validate(experiment()),), None, tuple(Task.model_validate(one) for one in tasks)
        )
    )
    return view


def _reasons(view: RunView) -> dict[str, str]:
    return {line.task.name: view.reason(line) for line in view.lines.values()}


def _change(seq: int, *changes: tuple[str, str, str, str], **more: Any) -> Change:  # noqa: ANN401 - an event's fields
    return Change(Event.model_validate(event(seq, *changes, **more)))


def test_who_waits_says_for_what() -> None:
    assert _reasons(_view()) == {"prepare": "", "submit": "waits for a worker", "monitor": "after submit"}


def test_changes_move_the_tasks_that_they_name() -> None:
    view = _view()
    started = _change(1, ("task", "task-submit", "SCHEDULED", "EXECUTING"), task_id="task-submit", attempt=2)
    assert view.apply(started) == ["task-submit"]
    assert (view.lines["task-submit"].state, view.lines["task-submit"].attempt) == (TaskState.EXECUTING, 2)
    assert not view.stale


def test_a_task_that_waits_for_another_try_says_why_and_until_when() -> None:
    view = _view()
    failed = _change(
        1,
        ("task", "task-submit", "EXECUTING", "RETRY_WAIT"),
        kind="task-failed",
        task_id="task-submit",
        payload={"failure": FAILURE},
    )
    view.apply(failed)
    assert view.stale
    assert "did not answer" in _reasons(view)["submit"]
    due = datetime(2026, 11, 22, 19, 30, tzinfo=UTC)
    view.learn([Task.model_validate(task("submit", "RETRY_WAIT", due_at=due, failure=FAILURE))])
    assert _reasons(view)["submit"] == f"next attempt at {due.astimezone():%H:%M:%S}: {FAILURE['sentence']}"


def test_the_schedulers_word_stands_with_the_task_that_monitors() -> None:
    view = _view()
    view.apply(
        _change(1, ("task", "task-submit", "EXECUTING", "COMPLETED"), ("task", "task-monitor", "CREATED", "EXECUTING"))
    )
    payload = {"state": "QUEUED", "native_id": "17", "reason": "waits for resources"}
    view.apply(_change(2, kind="job-status-changed", task_id="task-submit", payload=payload))
    assert _reasons(view)["monitor"] == "job 17 QUEUED: waits for resources"


def test_progress_is_shown_while_it_runs() -> None:
    view = _view()
    view.apply(_change(1, ("task", "task-submit", "SCHEDULED", "EXECUTING"), task_id="task-submit"))
    payload = {"step": "uploading", "fraction": 0.25}
    view.apply(_change(2, kind="task-progressed", task_id="task-submit", payload=payload))
    assert _reasons(view)["submit"] == "uploading 25%"


def test_a_task_that_nobody_knew_is_asked_for() -> None:
    view = _view()
    view.apply(_change(1, ("task", "task-new", "CREATED", "SCHEDULED")))
    view.learn([Task.model_validate(task("new", "SCHEDULED"))])
    assert view.lines["task-new"].state is TaskState.SCHEDULED


def test_the_experiments_state_is_the_latest_told() -> None:
    view = _view()
    view.apply(_change(1, ("experiment", E1, "EXECUTING", "FAILED")))
    assert view.state == "FAILED"
