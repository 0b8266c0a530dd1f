"""Runs end to end through registry, outbox, broker and orchestrator."""

from typing import Any

import pytest

from api_server.problems import ConflictError
from howdah.contracts import codec, topics
from howdah.contracts.failures import RetryPolicy
from howdah.contracts.messages import RunTask, TaskCanceled, TaskDeferred, TaskEvent
from howdah.messaging import Outgoing
from tests.integration.orchestrator.stage import Stage, chain, completes, fails, started, told

QUICK = RetryPolicy(max_attempts=3, initial_delay_seconds=0.05, max_delay_seconds=0.1)


def test_a_launched_experiment_completes(stage: Stage) -> None:
    with stage.orchestrator(), stage.service() as came:
        [experiment_id] = stage.create(chain())
        stage.await_state([experiment_id])
    assert [command.name for command in came] == ["t0", "t1", "t2"]
    assert stage.states("task", experiment_id) == ["COMPLETED"] * 3
    assert stage.states("process", experiment_id) == ["COMPLETED"]
    attempts = stage.rows("SELECT attempt, state, worker, started_at, ended_at FROM attempt")
    assert all(row[:3] == (1, "COMPLETED", "w") and row[3] and row[4] for row in attempts)


def test_on_real_kafka_a_batch_completes(real_stage: Stage) -> None:
    with real_stage.orchestrator(), real_stage.service():
        ids = real_stage.create(*(chain(f"e{number}") for number in range(20)))
        real_stage.await_state(ids)
    real_stage.await_true(lambda: not real_stage.rows("SELECT id FROM outbox"))


def test_the_history_has_no_gaps_and_only_legal_steps(stage: Stage) -> None:
    with stage.orchestrator(), stage.service():
        [experiment_id] = stage.create(chain())
        stage.await_state([experiment_id])
    events = stage.rows("SELECT seq, kind, changes FROM event ORDER BY seq")
    assert [row.seq for row in events] == list(range(1, len(events) + 1))
    assert [row.kind for row in events[:3]] == ["experiment-created", "experiment-launched", "task-started"]
    now: dict[tuple[str, str], Any] = {}
    for row in events:
        for change in row.changes:
            key = change["entity"], change["id"]
            assert now.get(key, change["from"]) == change["from"]
            now[key] = change["to"]
    assert now["experiment", experiment_id] == "COMPLETED"


def test_two_orchestrators_share_the_work(stage: Stage) -> None:
    with stage.orchestrator(), stage.orchestrator(), stage.service() as came:
        ids = stage.create(*(chain(f"e{number}") for number in range(30)))
        stage.await_state(ids)
    assert len(came) == len({command.command_id for command in came}) == 90


def test_an_orchestrator_that_starts_later_goes_on(stage: Stage) -> None:
    with stage.service():
        ids = stage.create(*(chain(f"e{number}") for number in range(3)))
        for _ in range(2):
            with stage.orchestrator(orchestrator_cached_tasks=0):
                stage.await_true(lambda: bool(stage.rows("SELECT id FROM task WHERE state = 'COMPLETED'")))
        with stage.orchestrator():
            stage.await_state(ids)


def test_a_transient_failure_is_retried_until_the_budget_ends(stage: Stage) -> None:
    with stage.orchestrator(), stage.service(fails) as came:
        [experiment_id] = stage.create(chain(retry=QUICK))
        stage.await_state([experiment_id], "FAILED")
    assert [command.attempt for command in came] == [1, 2, 3]
    assert stage.states("task", experiment_id) == ["FAILED", "SKIPPED", "SKIPPED"]
    [(failure,)] = stage.rows("SELECT failure FROM experiment")
    assert failure == {"kind": "transient", "sentence": "It broke off."}
    attempts = stage.rows("SELECT attempt, state, failure FROM attempt ORDER BY attempt")
    assert [(row[0], row[1], row[2]["kind"]) for row in attempts] == [(n, "FAILED", "transient") for n in (1, 2, 3)]


def test_a_lost_command_is_published_again_after_its_deadline(stage: Stage) -> None:
    def forgets_the_first(command: RunTask) -> list[TaskEvent]:
        return completes(command) if command.attempt > 1 else []

    with stage.orchestrator(), stage.service(forgets_the_first):
        [experiment_id] = stage.create(chain(length=1, retry=QUICK, deadline_seconds=0.5))
        stage.await_state([experiment_id])
    assert [row[0] for row in stage.rows("SELECT state FROM attempt ORDER BY attempt")] == ["FAILED", "COMPLETED"]


def test_a_deferred_command_comes_again_as_the_same_attempt(stage: Stage) -> None:
    seen: list[str] = []

    def hands_back_twice(command: RunTask) -> list[TaskEvent]:
        seen.append(command.command_id)
        if len(seen) > 2:
            return completes(command)
        return [told(TaskDeferred, command, reason="busy", delay_seconds=0.05, command_id=command.command_id)]

    with stage.orchestrator(), stage.service(hands_back_twice) as came:
        [experiment_id] = stage.create(chain(length=1))
        stage.await_state([experiment_id])
    assert [command.attempt for command in came] == [1, 1, 1]
    assert len(set(seen)) == 3


def test_cancel_reaches_the_services_and_ends_the_run(stage: Stage) -> None:
    table = stage.messaging.table(topics.CANCELLATIONS.name)
    table.start()
    told_to: list[RunTask] = []

    def starts(command: RunTask) -> list[TaskEvent]:
        told_to.append(command)
        return [started(command)]

    with stage.orchestrator(), stage.service(starts):
        [experiment_id] = stage.create(chain())
        stage.await_true(lambda: stage.states("task", experiment_id)[0] == "EXECUTING")
        with stage.registry.transaction() as work:
            stage.lifecycle.cancel(work, stage.principal, experiment_id, "enough")
        process_id = told_to[0].process_id
        stage.await_true(lambda: table.get(process_id) is not None)
        assert codec.CANCELLATIONS.decode(table.get(process_id)).reason == "enough"
        stage.send(told(TaskCanceled, told_to[0]))
        stage.await_state([experiment_id], "CANCELED")
        stage.await_true(lambda: table.get(process_id) is None)
    assert stage.states("task", experiment_id) == ["CANCELED"] * 3


def test_events_told_twice_are_applied_once(stage: Stage) -> None:
    def tells_twice(command: RunTask) -> list[TaskEvent]:
        return [event for event in completes(command) for _ in range(2)]

    with stage.orchestrator(), stage.service(tells_twice) as came:
        ids = stage.create(*(chain(f"e{number}") for number in range(5)))
        stage.await_state(ids)
    assert len(came) == 15
    assert stage.rows("SELECT count(*) FROM event WHERE kind LIKE 'task-%'")[0][0] == 30


def test_a_bad_record_becomes_a_dead_letter_and_nothing_else_suffers(stage: Stage) -> None:
    with stage.orchestrator(), stage.service():
        for value in (b"\xff\xfe", b"{}", b'{"kind": "task-started", "version": 9}', None):
            stage.messaging.producer().send_all([Outgoing(topics.EVENTS.name, value, key=b"k")])
        [experiment_id] = stage.create(chain())
        stage.await_state([experiment_id])
        stage.await_true(lambda: len(stage.rows("SELECT id FROM dead_letter WHERE state = 'NEW'")) == 4)


def test_an_event_that_the_registry_refuses_is_put_aside_alone(stage: Stage) -> None:
    def answers(command: RunTask) -> list[TaskEvent]:
        # An offset that no column of the registry takes: the batch it is in fails, and only it is to blame.
        if command.name == "bad":
            bad = started(command).model_copy(update={"offset": 1 << 80})
            return [bad, *completes(command)[1:]]
        return completes(command)

    with stage.orchestrator(), stage.service(answers):
        bad = chain("bad", length=1).tasks[0].model_copy(update={"name": "bad"})
        requests = [chain(f"e{number}") for number in range(10)]
        ids = stage.create(*requests, chain().model_copy(update={"tasks": (bad,)}))
        stage.await_state(ids)
        stage.await_true(lambda: len(stage.rows("SELECT id FROM dead_letter")) == 1)
    [row] = stage.rows("SELECT gateway_id::text AS gateway_id, topic, reason FROM dead_letter")
    assert (row.gateway_id, row.topic) == (stage.gateway_id, topics.EVENTS.name)


def test_an_event_of_another_gateway_is_dropped(stage: Stage) -> None:
    held: list[RunTask] = []

    def keeps_silent(command: RunTask) -> list[TaskEvent]:
        held.append(command)
        return []

    with stage.orchestrator(), stage.service(keeps_silent):
        [experiment_id] = stage.create(chain(length=1))
        stage.await_true(lambda: bool(held))
        forged = completes(held[0])[1].model_copy(update={"gateway_id": held[0].task_id, "event_id": held[0].task_id})
        stage.send(forged, *completes(held[0]))
        stage.await_state([experiment_id])
    assert stage.rows("SELECT count(*) FROM event WHERE event_id = CAST(:id AS uuid)", id=held[0].task_id)[0][0] == 0


def test_what_a_crashed_writer_committed_is_published_by_the_sweeper(stage: Stage) -> None:
    stage.relay.close()

    class Crashed:
        def publish(self, rows: object) -> None:
            """Die before publishing."""

    from api_server.registry.unit_of_work import Registry

    stage.registry = Registry(stage.engine, Crashed(), writer="a process that is no more")
    with stage.orchestrator(), stage.service():
        ids = stage.create(*(chain(f"e{number}") for number in range(3)))
        stage.await_state(ids)
    assert stage.rows("SELECT id FROM outbox") == []


def test_a_wide_run_of_a_thousand_tasks(stage: Stage) -> None:
    from api_server.dag.inline import InlineTask
    from api_server.lifecycle import TasksExperiment

    leaves = [InlineTask(name=f"leaf{number}", type="noop", depends_on=("root",)) for number in range(1_000)]
    join = InlineTask(name="join", type="noop", depends_on=tuple(leaf.name for leaf in leaves))
    request = TasksExperiment(name="wide", launch=True, tasks=(InlineTask(name="root", type="noop"), *leaves, join))
    with stage.orchestrator(), stage.service() as came:
        [experiment_id] = stage.create(request)
        stage.await_state([experiment_id])
    assert came[0].name == "root"
    assert came[-1].name == "join"
    assert len(came) == 1_002


def test_launch_has_a_single_winner(stage: Stage) -> None:
    [experiment_id] = stage.create(chain(launch=False))
    with stage.registry.transaction() as work:
        stage.lifecycle.launch(work, stage.principal, [experiment_id])
    with pytest.raises(ConflictError) as refused, stage.registry.transaction() as work:
        stage.lifecycle.launch(work, stage.principal, [experiment_id])
    assert refused.value.extensions == {"state": "LAUNCHED"}
    assert stage.rows("SELECT count(*) FROM process")[0][0] == 1
