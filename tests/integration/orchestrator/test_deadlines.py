"""Deadlines and priorities on the registry: a run's time ends in any state, and whoever is in front goes first."""

from datetime import timedelta
from typing import Any

import pytest

from api_server.auth.principal import Role
from api_server.lifecycle.requests import Changes
from api_server.problems import InvalidRequestError
from tests.integration.orchestrator.stage import Stage, chain
from tests.integration.orchestrator.test_lifecycle import refused, somebody

pytestmark = pytest.mark.integration


def overdue(stage: Stage, experiment_id: str) -> None:
    """Let the time of an experiment's latest run be over."""
    statement = "UPDATE process SET deadline_at = now() WHERE experiment_id = %s AND ended_at IS NULL"
    with stage.engine.begin() as connection:
        connection.exec_driver_sql(statement, (experiment_id,))


def column(stage: Stage, name: str, experiment_id: str) -> Any:  # noqa: ANN401 - of a column
    # The column is the test's own literal.
    statement = f"SELECT {name} FROM process WHERE experiment_id = CAST(:id AS uuid) ORDER BY number DESC LIMIT 1"  # noqa: S608
    return stage.rows(statement, id=experiment_id)[0][0]


def test_what_no_worker_takes_up_or_somebody_paused_fails_at_its_deadline_and_says_why(stage: Stage) -> None:
    waits, paused, unlimited = stage.create(
        chain("waits", length=2).model_copy(update={"deadline_seconds": 3_600}),
        chain("paused", length=2).model_copy(update={"deadline_seconds": 3_600}),
        chain("unlimited", length=1),
    )
    launched = stage.rows("SELECT launched_at FROM experiment WHERE id = CAST(:id AS uuid)", id=waits)[0][0]
    assert column(stage, "deadline_at", waits) == launched + timedelta(hours=1)
    assert column(stage, "deadline_at", unlimited) is None
    for one in (waits, paused):
        overdue(stage, one)
    with stage.registry.transaction() as work:
        stage.steering.pause(work, stage.principal, paused)
    with stage.orchestrator():
        stage.await_true(lambda: stage.states("process", waits) == ["CANCELING"])
        assert stage.states("task", waits)[1] == "CANCELED"
        with stage.service():
            stage.await_state([unlimited])
            # The one attempt that was published is done after all; nothing more is begun.
            stage.await_state([waits, paused], "FAILED")
    failure = stage.rows("SELECT failure FROM experiment WHERE id = CAST(:id AS uuid)", id=waits)[0][0]
    assert failure["kind"] == "timeout"
    assert failure["sentence"].startswith("The experiment had not ended by its deadline, ")
    kinds = [row[0] for row in stage.rows("SELECT kind FROM event WHERE experiment_id = CAST(:id AS uuid)", id=waits)]
    assert kinds.count("deadline-passed") == 1


def test_a_retry_has_its_time_again_and_a_relaunch_may_have_another(stage: Stage) -> None:
    [first] = stage.create(chain("first", length=2).model_copy(update={"deadline_seconds": 60}))
    overdue(stage, first)
    with stage.orchestrator(), stage.service():
        stage.await_state([first], "FAILED", "COMPLETED")
        [state] = stage.states("experiment", first)
        with stage.registry.transaction() as work:
            stage.steering.retry(work, stage.principal, first, again=["t0"] if state == "COMPLETED" else [])
            changes = Changes(deadline_seconds=7_200, priority=-3)
            again = stage.lifecycle.relaunch(work, stage.principal, first, changes)
        spans = [column(stage, "deadline_at - created_at", one) for one in (first, again.id)]
        stage.await_state([first, again.id])
    assert [round(span.total_seconds()) for span in spans] == [60, 7_200]
    assert again.spec["priority"] == -3


def test_only_administrators_put_something_in_front(stage: Stage) -> None:
    urgent = chain("urgent", length=1).model_copy(update={"priority": 10})
    error = refused(InvalidRequestError, stage, lambda work: stage.lifecycle.create(work, stage.principal, [urgent]))
    assert [item.field for item in error.errors] == ["priority"]
    admin = somebody(stage, "admin", Role.GATEWAY_ADMIN)
    with stage.registry.transaction() as work:
        [record] = stage.lifecycle.create(work, admin, [urgent])
    assert record.spec["priority"] == 10
    refused(InvalidRequestError, stage, lambda work: stage.lifecycle.clone(work, stage.principal, record.id))
