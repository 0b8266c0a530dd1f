import re
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api_server.experiments.run_schemas import Attempt, Event, Job, LogLines, Process, ProcessInFull, Task, TaskInFull
from api_server.experiments.schemas import ExperimentInFull
from api_server.http.page import Page
from api_server.registry.paging import Position
from api_server.registry.repositories import job_reads, run_reads
from tests.integration.api.conftest import Api, Tenant
from tests.integration.api_experiments import run_rows
from tests.integration.api_experiments.run_rows import FAILURE, NOW
from tests.integration.api_experiments.test_experiments import PATH, made

pytestmark = pytest.mark.integration


@pytest.fixture
def run(user: httpx2.Client) -> dict[str, Any]:
    """A launched experiment with its two tasks."""
    experiment = made(user, launch=True)
    return {**experiment, "tasks": user.get(f"{PATH}/{experiment['id']}/tasks").json()["items"]}


def test_a_task_that_waits_for_a_retry_says_when_and_why(user: httpx2.Client, api: Api, run: dict[str, Any]) -> None:
    task = run["tasks"][0]
    due = NOW + timedelta(seconds=30)
    run_rows.set_task(api.engine, task["id"], "RETRY_WAIT", attempt=1, due_at=due, failure=FAILURE)
    run_rows.add_attempt(api.engine, task["id"], 1, "FAILED")
    shown = TaskInFull.model_validate_json(user.get(f"/api/v1/tasks/{task['id']}").content)
    assert shown.next == "Attempt 1 of 4 failed (transient); the next begins at 2026-11-22 12:00:30 UTC."
    assert shown.next_attempt_at == due
    assert shown.deadline_at is None
    assert shown.failure is not None
    assert shown.failure.sentence == FAILURE["sentence"]
    experiment = user.get(f"{PATH}/{run['id']}").json()
    assert experiment["next_attempt_at"] == "2026-11-22T12:00:30.123456Z"
    assert experiment["next"].startswith("1 task waits for another try (the next at 2026-11-22 12:00:30 UTC)")


def test_a_failed_experiment_names_kind_sentence_task_and_attempts(
    user: httpx2.Client, api: Api, run: dict[str, Any]
) -> None:
    task = run["tasks"][0]
    run_rows.set_task(api.engine, task["id"], "FAILED", attempt=4, failure=FAILURE, ended_at=NOW)
    run_rows.fail_experiment(api.engine, run["id"])
    shown = ExperimentInFull.model_validate_json(user.get(f"{PATH}/{run['id']}").content)
    assert shown.failure is not None
    assert (shown.failure.kind, shown.failure.task, shown.failure.attempts) == ("transient", "first", 4)
    assert shown.failure.sentence == FAILURE["sentence"]
    assert "try it again from there" in shown.next
    [listed] = user.get(PATH, params={"state": "FAILED"}).json()["items"]
    assert listed["failure"]["task"] == "first"


def test_attempts_come_latest_first_in_pages(user: httpx2.Client, api: Api, run: dict[str, Any]) -> None:
    task = run["tasks"][0]
    for number in (1, 2, 3):
        run_rows.add_attempt(api.engine, task["id"], number, "FAILED" if number < 3 else "EXECUTING")
    path = f"/api/v1/tasks/{task['id']}/attempts"
    first = Page[Attempt].model_validate_json(user.get(path, params={"limit": 2}).content)
    assert [one.attempt for one in first.items] == [3, 2]
    assert first.items[1].failure is not None
    assert first.items[1].published_at == NOW + timedelta(minutes=2)
    rest = user.get(path, params={"limit": 2, "cursor": first.next_cursor or ""}).json()
    assert [one["attempt"] for one in rest["items"]] == [1]
    assert rest["next_cursor"] is None


def test_what_runs_says_what_it_is_at(user: httpx2.Client, api: Api, run: dict[str, Any]) -> None:
    task = run["tasks"][0]
    run_rows.add_attempt(api.engine, task["id"], 1, "EXECUTING")
    run_rows.set_task(api.engine, task["id"], "EXECUTING", attempt=1, due_at=NOW, started_at=NOW)
    shown = Task.model_validate(user.get(f"{PATH}/{run['id']}/tasks").json()["items"][0])
    assert shown.next == "Runs: asking sbatch (50%); must be done by 2026-11-22 12:00:00 UTC."
    assert (shown.worker, shown.lane, shown.fraction) == ("noop@host", "fast", 0.5)
    waiting = user.get(f"{PATH}/{run['id']}/tasks", params={"state": "CREATED"}).json()["items"]
    assert [one["name"] for one in waiting] == ["second"]


def test_logs_are_followed_by_their_cursor(user: httpx2.Client, api: Api, tenant: Tenant, run: dict[str, Any]) -> None:
    task = run["tasks"][0]["id"]
    path = f"/api/v1/tasks/{task}/logs"
    for second in range(3):
        run_rows.add_log(api.engine, tenant.gateway_id, task, second, f"line {second}")
    page = Page[LogLines].model_validate_json(user.get(path).content)
    assert [line.text for one in page.items for line in one.lines] == ["line 0", "line 1", "line 2"]
    cursor = page.next_cursor
    assert cursor is not None
    assert user.get(path, params={"cursor": cursor}).json() == {"items": [], "next_cursor": cursor}
    run_rows.add_log(api.engine, tenant.gateway_id, task, 9, "line 9")
    run_rows.set_task(api.engine, task, "COMPLETED", ended_at=NOW)
    last = user.get(path, params={"cursor": cursor}).json()
    assert [one["lines"][0]["text"] for one in last["items"]] == ["line 9"]
    assert last["next_cursor"] is None


def test_jobs_are_listed_by_experiment_and_for_the_gateway(
    user: httpx2.Client, api: Api, tenant: Tenant, run: dict[str, Any]
) -> None:
    run_rows.add_job(api.engine, tenant.gateway_id, run["tasks"][0], "ACTIVE", "101")
    run_rows.add_job(api.engine, tenant.gateway_id, run["tasks"][1], "QUEUED", "102")
    page = Page[Job].model_validate_json(user.get(f"{PATH}/{run['id']}/jobs").content)
    assert [job.native_id for job in page.items] == ["102", "101"]
    assert page.items[1].next == "Runs on the resource."
    active = user.get("/api/v1/jobs", params={"state": "ACTIVE"}).json()["items"]
    assert [job["native_id"] for job in active] == ["101"]
    first = user.get("/api/v1/jobs", params={"limit": 1}).json()
    second = user.get("/api/v1/jobs", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [first["items"][0]["native_id"], second["items"][0]["native_id"]] == ["102", "101"]


def test_processes_and_events_are_as_described(user: httpx2.Client, run: dict[str, Any]) -> None:
    page = Page[Process].model_validate_json(user.get(f"{PATH}/{run['id']}/processes").content)
    [process] = page.items
    assert (process.id, process.number) == (run["process_id"], 1)
    full = ProcessInFull.model_validate_json(user.get(f"/api/v1/processes/{process.id}").content)
    assert full.targets == {}
    events = Page[Event].model_validate_json(user.get(f"{PATH}/{run['id']}/events").content)
    assert [event.kind for event in events.items] == ["experiment-created", "experiment-launched"]
    assert all(isinstance(event.at, datetime) for event in events.items)


def test_tasks_come_in_their_order_in_pages(user: httpx2.Client) -> None:
    tasks = [{"name": f"t{n}", "type": "noop", "depends_on": ["t0"] if n else []} for n in range(30)]
    tasks.append({"name": "last", "type": "noop", "depends_on": [f"t{n}" for n in range(30)]})
    made_one = user.post(PATH, json={"kind": "tasks", "name": "wide", "tasks": tasks, "launch": True}).json()
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params: dict[str, str | int] = {"limit": 11, **({"cursor": cursor} if cursor else {})}
        page = user.get(f"{PATH}/{made_one['id']}/tasks", params=params).json()
        Page[Task].model_validate_json(user.get(f"{PATH}/{made_one['id']}/tasks", params=params).content)
        seen += [task["name"] for task in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [*(f"t{n}" for n in range(30)), "last"]
    last = page["items"][-1]
    assert (len(last["waits_for"]), last["waits_for_total"]) == (20, 30)
    assert last["next"].endswith("t19 and 10 others to end.")


def test_an_experiment_never_launched_has_no_tasks(user: httpx2.Client) -> None:
    experiment = made(user)["id"]
    for part in ("tasks", "processes", "jobs", "outputs"):
        assert user.get(f"{PATH}/{experiment}/{part}").json() == {"items": [], "next_cursor": None}
    shown = user.get(f"{PATH}/{experiment}").json()
    assert shown["next"] == "Not launched yet: launch it to start the run."
    assert shown["tasks"] == {"total": 0}


def test_lists_of_jobs_events_and_tasks_can_walk_their_indexes(api: Api, tenant: Tenant, run: dict[str, Any]) -> None:
    after = Position(NOW, run["id"])
    wanted = {
        "ix_job_page": job_reads.jobs_page(tenant.gateway_id, 50, after),
        "uq_event_experiment_id_seq": run_reads.events_after(tenant.gateway_id, run["id"], 50, 7),
        "uq_task_process_id_position": run_reads.tasks_after(tenant.gateway_id, run["process_id"], 50, 7),
    }
    with api.engine.begin() as connection:
        # The tables are small here: what is asked is whether the index gives filter and order, not whether it pays.
        for setting in ("enable_seqscan", "enable_bitmapscan"):
            connection.execute(text(f"SET LOCAL {setting} = off"))
        for index, statement in wanted.items():
            sql = str(statement.compile(api.engine, compile_kwargs={"literal_binds": True})).replace("%", "%%")
            plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {sql}").scalars())
            assert re.search(rf"Index Scan (Backward )?using {index}", plan), plan
            assert plan.startswith("Limit"), plan
            assert "Sort" not in plan.split("SubPlan")[0], plan
