"""Schedules on the registry: each moment has one run, whoever crashes or races; what can't run says why."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from api_server.lifecycle.requests import TasksExperiment
from api_server.orchestrator.schedules import Schedules
from api_server.registry.models import Schedule
from api_server.registry.repositories import schedules as repository
from howdah.contracts.ids import new_id
from howdah.contracts.messages import RunTask, TaskEvent
from howdah.runtime.clock import SystemClock
from tests.integration.orchestrator.stage import Stage, chain, completes
from tests.integration.orchestrator.test_lifecycle import catalogue

pytestmark = pytest.mark.integration

QUICK = {"schedule_period_seconds": 0.05}
LAST_HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def schedule(stage: Stage, experiment: TasksExperiment | dict[str, Any] | None = None, **fields: Any) -> str:  # noqa: ANN401 - columns
    request = experiment or chain("nightly", length=1, launch=False)
    spec = request if isinstance(request, dict) else request.model_dump(mode="json", exclude={"launch"})
    row = Schedule(
        id=new_id(),
        gateway_id=stage.gateway_id,
        experiment=spec,
        **{
            "owner": "me",
            "name": new_id(),
            "cron": "0 * * * *",
            "time_zone": "UTC",
            "catch_up": "one",
            "catch_up_limit": 5,
            "overlap": "wait",
            "next_at": LAST_HOUR,
            **fields,
        },
    )
    with stage.registry.transaction() as work:
        work.session.add(row)
        work.session.flush()
        return row.id


def runs(stage: Stage, schedule_id: str) -> list[tuple[str, int]]:
    statement = "SELECT outcome, number FROM schedule_run WHERE schedule_id = CAST(:id AS uuid) ORDER BY due_at"
    return [tuple(row) for row in stage.rows(statement, id=schedule_id)]


def experiments(stage: Stage) -> list[str]:
    return [row[0] for row in stage.rows("SELECT CAST(id AS text) FROM experiment ORDER BY created_at")]


def writer(stage: Stage) -> Schedules:
    return Schedules(stage.registry, stage.lifecycle, SystemClock())


def test_a_moment_that_has_come_is_launched_through_to_the_end_and_the_next_is_known(stage: Stage) -> None:
    schedule_id = schedule(stage, time_zone="Asia/Kolkata", cron="30 * * * *", owner="ada")
    with stage.orchestrator(**QUICK), stage.service():
        stage.await_true(lambda: len(experiments(stage)) == 1)
        stage.await_state(experiments(stage))
    assert runs(stage, schedule_id) == [("launched", 1)]
    [(name, owner)] = stage.rows("SELECT name, owner FROM experiment")
    local = (LAST_HOUR + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%d %H:%M")
    assert (name, owner) == (f"nightly {local}", "ada")
    [(next_at,)] = stage.rows("SELECT next_at FROM schedule")
    assert next_at == LAST_HOUR + timedelta(hours=1)


def test_a_schedule_that_breaks_the_code_stops_no_other(stage: Stage) -> None:
    broken = schedule(stage, time_zone="Mars/Base", next_at=LAST_HOUR - timedelta(days=1))
    sound = schedule(stage)
    assert writer(stage).take_turns() == 1
    assert (runs(stage, broken), runs(stage, sound)) == ([], [("launched", 1)])


def test_a_crash_between_due_and_launched_loses_nothing_and_doubles_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule_id = schedule(stage, next_at=LAST_HOUR - timedelta(hours=3), catch_up="all", overlap="allow")

    def crash(*_: object) -> None:
        raise OperationalError("the connection is cut", None, Exception())

    for step in ("take", "record", "move_on"):
        with monkeypatch.context() as patched:
            patched.setattr(repository, step, crash)
            with pytest.raises(OperationalError):
                writer(stage).take_turns()
        assert experiments(stage) == []
        assert runs(stage, schedule_id) == []
        assert stage.rows("SELECT count(*) FROM outbox")[0][0] == 0
    assert writer(stage).take_turns() == 1
    assert writer(stage).take_turns() == 0
    assert runs(stage, schedule_id) == [("launched", 1)] * 4
    assert len(experiments(stage)) == 4


def test_two_writers_at_once_launch_each_moment_once(stage: Stage) -> None:
    ids = [schedule(stage) for _ in range(20)]
    start = threading.Barrier(3)

    def race() -> None:
        start.wait()
        writer(stage).take_turns()

    threads = [threading.Thread(target=race) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [runs(stage, one) for one in ids] == [[("launched", 1)]] * 20
    assert len(experiments(stage)) == 20


def test_a_moment_that_was_handled_is_not_handled_again_when_a_clock_is_set_back(stage: Stage) -> None:
    schedule_id = schedule(stage)
    writer(stage).take_turns()
    with stage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE schedule SET next_at = next_at - interval '1 hour'")
    assert writer(stage).take_turns() == 1
    assert runs(stage, schedule_id) == [("launched", 1)]
    assert len(experiments(stage)) == 1


def test_what_the_catalogue_no_longer_has_is_refused_with_the_reason_and_the_schedule_goes_on(stage: Stage) -> None:
    interface_id, resource_id = catalogue(stage, enabled=False)
    spec = {"kind": "application", "name": "app", "interface_id": interface_id, "resource_id": resource_id}
    refused = schedule(stage, {**spec, "inputs": {"n": 3}})
    broken = schedule(stage, {"kind": "tasks", "name": "of an older release", "tasks": []})
    healthy = schedule(stage)
    assert writer(stage).take_turns() == 3
    assert (runs(stage, refused), runs(stage, broken)) == ([("refused", 1)], [("refused", 1)])
    assert runs(stage, healthy) == [("launched", 1)]
    reasons = [
        row[0] for row in stage.rows("SELECT reason FROM schedule_run WHERE outcome = 'refused' ORDER BY reason")
    ]
    assert "is disabled; enable it or choose another" in reasons[0]
    assert reasons[1].startswith("tasks.tasks:")
    assert writer(stage).take_turns() == 0


def test_moments_wait_for_the_earlier_run_and_follow_one_by_one(stage: Stage) -> None:
    released = threading.Event()

    def held(command: RunTask) -> list[TaskEvent]:
        released.wait(20)
        return completes(command)

    schedule_id = schedule(stage, next_at=LAST_HOUR - timedelta(hours=2), catch_up="all")
    with stage.orchestrator(**QUICK), stage.service(held) as came:
        stage.await_true(lambda: len(came) == 1)
        assert runs(stage, schedule_id) == [("launched", 1), ("waiting", 1), ("waiting", 1)]
        released.set()
        stage.await_true(lambda: runs(stage, schedule_id) == [("launched", 1)] * 3)
        stage.await_state(experiments(stage))
    spans = stage.rows("SELECT launched_at, ended_at FROM experiment ORDER BY launched_at")
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))


def test_the_next_run_takes_the_place_of_one_that_goes_on_too_long(stage: Stage) -> None:
    schedule_id = schedule(stage, overlap="cancel")
    with stage.orchestrator(**QUICK):
        stage.await_true(lambda: runs(stage, schedule_id) == [("launched", 1)])
        [first] = experiments(stage)
        with stage.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE schedule_run SET due_at = due_at - interval '1 day'")
            connection.exec_driver_sql("UPDATE schedule SET cron = '* * * * *', next_at = date_trunc('minute', now())")
        stage.await_true(lambda: len(experiments(stage)) == 2)
        stage.await_true(lambda: stage.states("experiment", first)[0] in {"CANCELING", "CANCELED"})
        with stage.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE schedule SET paused = true, next_at = NULL")


def test_nothing_is_launched_for_what_is_paused_or_for_a_gateway_that_is_closed(stage: Stage) -> None:
    schedule(stage, paused=True)
    schedule(stage)
    with stage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE gateway SET enabled = false")
    assert writer(stage).take_turns() == 0
    with stage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE gateway SET enabled = true")
    assert writer(stage).take_turns() == 1
