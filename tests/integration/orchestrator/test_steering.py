"""Runs that go on where another ended, are paused, resumed and cut short: on real PostgreSQL, over the outbox."""

import threading
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from api_server.dag.inline import InlineTask
from api_server.lifecycle import TasksExperiment
from api_server.problems import ConflictError, InvalidRequestError, NotFoundError, ProblemError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import EventId, new_id
from howdah.contracts.messages import JobStatusChanged, RunTask, TaskEvent
from howdah.contracts.states import JobState
from tests.integration.orchestrator.stage import Stage, chain, completes, fails, told

pytestmark = pytest.mark.integration


def steer(stage: Stage, name: str, *arguments: Any, **fields: Any) -> Any:  # noqa: ANN401 - any of Steering
    with stage.registry.transaction() as work:
        return getattr(stage.steering, name)(work, stage.principal, *arguments, **fields)


def breaks_at(name: str) -> Any:  # noqa: ANN401 - an Answer
    def answer(command: RunTask) -> list[TaskEvent]:
        return fails(command, FailureKind.PERMANENT) if command.name == name else completes(command)

    return answer


def processes(stage: Stage, experiment_id: str) -> list[tuple[int, str]]:
    rows = stage.rows(
        "SELECT number, state FROM process WHERE experiment_id = CAST(:id AS uuid) ORDER BY number", id=experiment_id
    )
    return [(row[0], row[1]) for row in rows]


def test_a_retry_adopts_what_was_finished_and_does_the_rest(stage: Stage) -> None:
    [experiment] = stage.create(chain())
    with stage.orchestrator():
        with stage.service(breaks_at("t1")):
            stage.await_state([experiment], "FAILED")
        record = steer(stage, "retry", experiment)
        assert (record.state, record.failure, record.ended_at) == ("LAUNCHED", None, None)
        with stage.service() as came:
            stage.await_state([experiment])
    assert [command.name for command in came] == ["t1", "t2"]
    assert processes(stage, experiment) == [(1, "FAILED"), (2, "COMPLETED")]
    numbers = stage.rows("SELECT DISTINCT process_number FROM event ORDER BY 1")
    assert [row[0] for row in numbers] == [1, 2, None]
    seqs = [row[0] for row in stage.rows("SELECT seq FROM event ORDER BY seq")]
    assert seqs == list(range(1, len(seqs) + 1)), "one history, whichever run"
    adopted = stage.rows("SELECT name, attempt FROM task WHERE adopted_from IS NOT NULL")
    assert [tuple(row) for row in adopted] == [("t0", 0)]


def test_of_many_retries_at_once_one_wins(stage: Stage) -> None:
    [experiment] = stage.create(chain(length=1))
    with stage.orchestrator(), stage.service(breaks_at("t0")):
        stage.await_state([experiment], "FAILED")
    outcomes: list[str] = []

    def retry() -> None:
        try:
            outcomes.append(steer(stage, "retry", experiment).state)
        except ConflictError as error:
            outcomes.append(error.slug)

    threads = [threading.Thread(target=retry) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["LAUNCHED", *["state-conflict"] * 5]
    assert [number for number, _ in processes(stage, experiment)] == [1, 2]


def test_late_news_of_the_earlier_run_is_kept_and_moves_nothing(stage: Stage) -> None:
    """The experiment's state follows its latest run, its history has no hole, and no news becomes a dead letter."""
    [experiment] = stage.create(chain(length=2))
    with stage.orchestrator():
        with stage.service(breaks_at("t1")) as came:
            stage.await_state([experiment], "FAILED")
        late = came[-1]
        steer(stage, "retry", experiment)
        stage.send(*(job_news(late, number) for number in range(20)))
        with stage.service():
            stage.send(*(job_news(late, number) for number in range(20, 40)))
            stage.await_state([experiment])
        stage.send(job_news(late, 99))
        stage.await_true(lambda: stage.rows("SELECT count(*) FROM job WHERE exit_code = 99")[0][0] == 1)
    assert stage.states("experiment", experiment) == ["COMPLETED"]
    assert stage.rows("SELECT count(*) FROM dead_letter")[0][0] == 0
    kinds = stage.rows("SELECT count(*) FROM event WHERE kind = 'job-status-changed' AND process_number = 1")
    assert kinds[0][0] == 41
    assert stage.rows("SELECT count(*) FROM process WHERE ended_at IS NULL")[0][0] == 0
    last = stage.rows("SELECT last_seq, (SELECT max(seq) FROM event) FROM experiment")[0]
    assert last[0] == last[1]


def job_news(command: RunTask, number: int) -> TaskEvent:
    return told(
        JobStatusChanged,
        command,
        event_id=EventId(new_id()),
        generation=number + 1,
        job_name="j",
        state=JobState.FAILED,
        exit_code=number,
    )


def test_a_run_that_did_not_fail_is_not_retried_unless_tasks_are_named(stage: Stage) -> None:
    [experiment] = stage.create(chain(length=2))
    assert refused(ConflictError, stage, "retry", experiment).extensions["state"] == "LAUNCHED"
    with stage.orchestrator(), stage.service():
        stage.await_state([experiment])
        refused(ConflictError, stage, "retry", experiment)
        wrong = refused(InvalidRequestError, stage, "retry", experiment, again=["nothing"])
        assert wrong.errors[0].field == "rerun"
        steer(stage, "retry", experiment, again=["t1"])
        stage.await_state([experiment])
    assert len(processes(stage, experiment)) == 2


def refused(error: type[ProblemError], stage: Stage, name: str, *arguments: Any, **fields: Any) -> Any:  # noqa: ANN401 - any of Steering
    with pytest.raises(error) as raised:
        steer(stage, name, *arguments, **fields)
    return raised.value


def test_a_retry_goes_to_the_resource_as_it_stands_now(stage: Stage) -> None:
    task = InlineTask(name="t0", type="noop", resource_id=resource(stage))
    [experiment] = stage.create(TasksExperiment(name="one", launch=True, tasks=(task,)))
    with stage.orchestrator(), stage.service(breaks_at("t0")):
        stage.await_state([experiment], "FAILED")
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE compute_resource SET enabled = false"))
    assert "disabled" in refused(InvalidRequestError, stage, "retry", experiment).errors[0].message
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE compute_resource SET enabled = true, host = 'mended'"))
    with stage.orchestrator(), stage.service() as came:
        steer(stage, "retry", experiment)
        stage.await_state([experiment])
    assert came[0].target is not None
    assert came[0].target.host == "mended"


def resource(stage: Stage) -> Any:  # noqa: ANN401 - a ResourceId
    from tests.integration.orchestrator.test_lifecycle import catalogue

    return catalogue(stage)[1]


def test_paused_it_begins_nothing_and_resumed_it_goes_on(stage: Stage) -> None:
    [experiment] = stage.create(chain())
    steer(stage, "pause", experiment, "full disk")
    with stage.orchestrator():
        stage.await_true(lambda: stage.states("process", experiment) == ["PAUSED"])
        with stage.service() as came:
            stage.await_true(lambda: stage.states("task", experiment)[0] == "COMPLETED")
        assert [command.name for command in came] == ["t0"]
        assert stage.states("experiment", experiment) == ["EXECUTING"]
        steer(stage, "resume", experiment)
        with stage.service():
            stage.await_state([experiment])
    [row] = stage.rows("SELECT actor, payload FROM event WHERE kind = 'pause-requested'")
    assert (row[0], row[1]["reason"]) == ("me", "full disk")


def test_a_task_is_skipped_and_the_rest_goes_on(stage: Stage) -> None:
    [experiment] = stage.create(chain())
    [(task_id,)] = stage.rows("SELECT CAST(id AS text) FROM task WHERE name = 't1'")
    steer(stage, "skip", task_id)
    with stage.orchestrator(), stage.service() as came:
        stage.await_true(lambda: stage.states("task", experiment)[1] == "SKIPPED")
        stage.await_state([experiment])
    assert [command.name for command in came] == ["t0", "t2"]
    refused(NotFoundError, stage, "skip", new_id())
    refused(ConflictError, stage, "skip", task_id)


def test_pauses_and_resumes_over_restarts_of_the_orchestrator_lose_and_repeat_nothing(stage: Stage) -> None:
    ids = stage.create(*(chain(f"e{number}", length=4) for number in range(20)))
    with stage.service() as came:
        for _ in range(3):
            for experiment in ids:
                steer_if_live(stage, "pause", experiment)
            with stage.orchestrator():
                stage.await_true(lambda: not stage.rows("SELECT 1 FROM process WHERE state = 'STARTED'"))
            for experiment in ids:
                steer_if_live(stage, "resume", experiment)
        with stage.orchestrator():
            stage.await_state(ids)
    runs = [(command.task_id, command.attempt, command.command_id) for command in came]
    assert len({run[:2] for run in runs}) == 80
    assert len({run[2] for run in runs}) == 80, "no attempt is published twice"


def steer_if_live(stage: Stage, name: str, experiment_id: str) -> None:
    with suppress(ConflictError):  # It has ended by then.
        steer(stage, name, experiment_id)
