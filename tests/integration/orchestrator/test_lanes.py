"""A lane that an operator pauses: what waits in it says so, its time does not run, and it goes on when resumed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from api_server.presentation import runs
from api_server.registry.repositories import experiment_reads, lanes, run_reads, upkeep
from api_server.registry.repositories.rows import all_rows
from howdah.contracts import codec, topics
from howdah.messaging import WorkQueueOptions
from howdah.messaging.abstract import Delivery
from howdah.messaging.standings import StandingsTable
from tests.integration.orchestrator.stage import CLOCK, PATIENCE_SECONDS, Stage, chain, completes, outgoing

pytestmark = pytest.mark.integration
QUICK = {"health_period_seconds": 0.05}


def set_paused(stage: Stage, *, paused: bool) -> None:
    with stage.registry.transaction() as work:
        lanes.set_paused(
            work.session, "noop", "fast", paused=paused, at=CLOCK.now(), actor="ada", reason="the disk is full"
        )


def make_overdue(stage: Stage, experiment_id: str) -> None:
    statement = "UPDATE task SET due_at = now() - interval '1 second' WHERE experiment_id = %s AND state = 'SCHEDULED'"
    with stage.engine.begin() as connection:
        connection.exec_driver_sql(statement, (experiment_id,))


@contextmanager
def service(stage: Stage) -> Iterator[StandingsTable]:
    """Serve ``noop`` as a task service does: it knows which lanes are paused before it takes a message."""

    def handle(delivery: Delivery) -> None:
        for event in completes(codec.COMMANDS.decode(delivery.record.value)):
            delivery.emit(outgoing(event))

    messaging = stage.connect()
    standings = StandingsTable(messaging)
    standings.start()
    standings.wait_loaded(PATIENCE_SECONDS)
    options = WorkQueueOptions(group="noop", threads=2, is_held=standings.is_held)
    queue = messaging.work_queue([topics.tasks("noop").name], handle, options)
    thread = threading.Thread(target=queue.run, daemon=True)
    thread.start()
    try:
        yield standings
    finally:
        queue.stop()
        thread.join(PATIENCE_SECONDS)
        messaging.close()


def test_a_pause_outlives_services_and_orchestrators_is_told_to_whoever_waits_and_costs_nobody_time(
    stage: Stage,
) -> None:
    set_paused(stage, paused=True)
    with stage.orchestrator(**QUICK), service(stage) as standings:
        stage.await_true(lambda: standings.is_held("howdah.tasks.noop", 0))
    [waits] = stage.create(chain("waits", length=2))
    with stage.orchestrator(**QUICK), service(stage):
        make_overdue(stage, waits)
        with stage.registry.transaction() as work:
            experiment = experiment_reads.get_experiment(work.session, stage.gateway_id, waits)
            assert experiment is not None
            process_id = experiment["process_id"]
            tasks = all_rows(work.session, run_reads.tasks_after(stage.gateway_id, process_id, 9, None))
        shown = runs.experiment(experiment)
        assert shown["paused_lane"]["tasks"] == 1
        assert "ada paused the fast lane of noop" in shown["next"]
        assert "the disk is full" in shown["next"]
        assert "ada paused the fast lane of noop" in runs.task(tasks[0])["next"]
        assert runs.task(tasks[0])["deadline_at"] is None
        assert stage.states("task", waits)[0] == "SCHEDULED"
        set_paused(stage, paused=False)
        stage.await_state([waits])
    statement = "SELECT max(a.attempt) FROM attempt a JOIN task t ON t.id = a.task_id WHERE t.experiment_id = :id"
    assert stage.rows(statement.replace(":id", "CAST(:id AS uuid)"), id=waits)[0][0] == 1, "the wait used no attempt"


def test_a_task_s_time_stands_still_in_a_paused_lane_begins_anew_when_it_is_resumed_and_runs_on_for_a_cancel(
    stage: Stage,
) -> None:
    def due() -> list[str]:
        with stage.registry.transaction() as work:
            return [row.experiment_id for row in upkeep.due_timers(work.session, 100)]

    [waits] = stage.create(chain("waits", length=1))
    make_overdue(stage, waits)
    assert due() == [waits]
    set_paused(stage, paused=True)
    assert due() == []
    set_paused(stage, paused=False)
    statement = "UPDATE attempt SET published_at = published_at - interval '1 hour'"
    with stage.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    assert due() == [], "published an hour before the resumption: it has an hour from then"
    with stage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE lane_control SET since = since - interval '2 hours'")
    assert due() == [waits]
    set_paused(stage, paused=True)
    with stage.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE process SET cancel_requested_at = now()")
    assert due() == [waits], "whoever cancels is not made to wait"


def test_pausing_twice_changes_nothing(stage: Stage) -> None:
    now = CLOCK.now()
    with stage.registry.transaction() as work:
        later = now + timedelta(hours=1)
        assert lanes.set_paused(work.session, "noop", "slow", paused=True, at=now, actor="ada", reason="")
        assert not lanes.set_paused(work.session, "noop", "slow", paused=True, at=later, actor="bob", reason="")
        row = lanes.control(work.session, "noop", "slow")
        assert row is not None
        assert row["since"] == now
