"""Workflows through the real registry, outbox and orchestrator: to the end, by retry, by callback, at full size."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from api_server.auth.callbacks import verified
from api_server.auth.principal import SCOPES_OF, Principal, Role
from api_server.dag.advance import advance
from api_server.dag.decisions import Decisions
from api_server.lifecycle import signals
from api_server.lifecycle.requests import WorkflowExperiment
from api_server.lifecycle.signals import Signal
from api_server.orchestrator import events
from api_server.problems import ConflictError, ForbiddenError, InvalidRequestError, UnauthenticatedError
from api_server.registry.models import TaskType
from api_server.workflows import service as workflows
from api_server.workflows.schemas import WorkflowBody
from howdah.contracts.failures import FailureKind
from howdah.contracts.messages import RunTask, TaskCompleted, TaskEvent
from howdah.tasks import signal_given
from tests.integration.orchestrator.stage import CLOCK, Stage, fails, started, told

pytestmark = pytest.mark.integration

WORKFLOW = """
name: parts
nodes:
  split: {kind: task, type: noop, inputs: {parts: 7}}
  enough: {kind: choice, branches: {many: {value: "${nodes.split.outputs.count}", at_least: 5}}, otherwise: few}
  work:
    kind: task
    type: noop
    after: [enough.many]
    inputs: {part: "${item}"}
    for_each: {over: "${nodes.split.outputs.parts}", concurrency: 2}
  small: {kind: task, type: noop, after: [enough.few]}
  review: {kind: approval, message: "Keep ${nodes.work.outputs.done}?", by: gateway-admin}
  keep: {kind: task, type: noop, after: [review.approved], inputs: {all: "${nodes.work.outputs.done}"}}
outputs: {kept: "${nodes.keep.outputs.done}"}
"""


def kept(stage: Stage, definition: str) -> None:
    with stage.registry.transaction() as work:
        described = {"parameters": {"type": "object"}, "resource": "none", "branches": ["odd"]}
        work.session.add(TaskType(name="noop", description=described, registered_by="test"))
        work.session.flush()
        workflows.create(work, stage.principal, WorkflowBody(yaml=definition))


def launched(stage: Stage, name: str = "parts", **parameters: Any) -> str:  # noqa: ANN401 - any JSON
    request = WorkflowExperiment(name="run", workflow=name, parameters=parameters, launch=True)
    [experiment] = stage.create(request)
    return experiment


def does(command: RunTask) -> list[TaskEvent]:
    count = command.params.get("parts")
    parts = {"parts": [f"p{n}" for n in range(int(str(count)))], "count": count} if count is not None else {}
    return [started(command), told(TaskCompleted, command, outputs={**parts, "done": command.params})]


def states(stage: Stage, experiment: str) -> dict[str, str]:
    rows = stage.rows(
        "SELECT t.name, t.state FROM task t JOIN experiment e ON e.process_id = t.process_id "
        "WHERE e.id = CAST(:id AS uuid) ORDER BY t.position",
        id=experiment,
    )
    return {row[0]: row[1] for row in rows}


def task_id(stage: Stage, name: str) -> str:
    return str(stage.rows("SELECT id FROM task WHERE name = :name ORDER BY process_id DESC", name=name)[0][0])


def answer(stage: Stage, name: str, port: str, role: Role = Role.GATEWAY_ADMIN) -> None:
    principal = Principal(stage.gateway_id, "boss", role, SCOPES_OF[role])
    with stage.registry.transaction() as work:
        signals.answer(work, principal, task_id(stage, name), Signal(port, "looks right"), CLOCK.now())


def await_rows(stage: Stage, statement: str, count: int) -> None:
    stage.await_true(lambda: len(stage.rows(statement)) == count)


def names(came: Sequence[RunTask]) -> list[str]:
    return sorted(command.name for command in came)


def test_branches_a_fan_out_and_an_approval_run_to_the_end(stage: Stage) -> None:
    kept(stage, WORKFLOW)
    with stage.orchestrator(), stage.service(does) as came:
        experiment = launched(stage)
        await_rows(stage, "SELECT 1 FROM task WHERE name = 'review' AND state = 'EXECUTING'", 1)
        with pytest.raises(ForbiddenError):
            answer(stage, "review", "approved", Role.USER)
        with pytest.raises(InvalidRequestError, match="approved, rejected"):
            answer(stage, "review", "perhaps")
        with pytest.raises(ConflictError):
            answer(stage, "keep", "approved")
        answer(stage, "review", "approved")
        stage.await_state([experiment])
    assert names(came) == ["keep", "split", *(f"work[{number}]" for number in range(7))]
    found = states(stage, experiment)
    assert found.pop("small") == "SKIPPED"
    assert set(found.values()) == {"COMPLETED"}
    [[outputs]] = stage.rows("SELECT outputs FROM task WHERE name = '@outputs'")
    assert outputs["kept"]["all"] == [{"part": f"p{number}"} for number in range(7)]
    [[port]] = stage.rows("SELECT port FROM task WHERE name = 'review'")
    assert port == "approved"
    assert stage.rows("SELECT actor FROM audit WHERE action = 'answer'") == [("boss",)]


def test_a_run_is_taken_over_in_the_middle_of_a_fan_out(stage: Stage) -> None:
    kept(stage, WORKFLOW)
    with stage.orchestrator(), stage.service(lambda command: does(command) if command.name == "split" else []):
        experiment = launched(stage)
        await_rows(stage, "SELECT 1 FROM task WHERE name LIKE 'work[%' AND state = 'SCHEDULED'", 2)
    assert [state for name, state in states(stage, experiment).items() if name.startswith("work[")].count(
        "CREATED"
    ) == 5
    with stage.engine.begin() as connection:
        connection.execute(text("UPDATE task SET due_at = now() WHERE name LIKE 'work[%' AND state = 'SCHEDULED'"))
    with stage.orchestrator(), stage.service(does):
        await_rows(stage, "SELECT 1 FROM task WHERE name = 'review' AND state = 'EXECUTING'", 1)
        answer(stage, "review", "rejected")
        stage.await_state([experiment])
    assert states(stage, experiment)["keep"] == "SKIPPED"


def test_a_retry_runs_only_what_had_not_finished(stage: Stage) -> None:
    kept(stage, WORKFLOW)
    with stage.orchestrator():
        with stage.service(
            lambda command: fails(command, FailureKind.PERMANENT) if command.name == "work[3]" else does(command)
        ):
            experiment = launched(stage)
            stage.await_state([experiment], "FAILED")
        with stage.registry.transaction() as work:
            stage.steering.retry(work, stage.principal, experiment)
        with stage.service(does) as came:
            await_rows(stage, "SELECT 1 FROM task WHERE name = 'review' AND state = 'EXECUTING'", 1)
            answer(stage, "review", "approved")
            stage.await_state([experiment])
    assert names(came) == ["keep", "work[3]"]
    [[outputs]] = stage.rows(
        "SELECT t.outputs FROM task t JOIN experiment e ON e.process_id = t.process_id WHERE t.name = '@outputs'"
    )
    assert outputs["kept"]["all"] == [{"part": f"p{number}"} for number in range(7)]


def test_fan_outs_of_several_runs_share_what_one_batch_makes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "CHUNK_TASKS", 4)
    rooms: list[int] = []

    def watched(*given: Any) -> Decisions:  # noqa: ANN401 - what ``advance`` takes
        decisions = advance(*given)
        if decisions.added:
            rooms.append(given[-1])
            assert len(decisions.added) <= max(given[-1], 1)
        return decisions

    monkeypatch.setattr(events, "advance", watched)
    kept(stage, WORKFLOW)
    experiments = [launched(stage) for _ in range(3)]
    with stage.service(does) as came:
        stage.await_true(lambda: len(came) == len(experiments))
        with stage.orchestrator():  # which finds the ends of all three in one batch
            await_rows(stage, "SELECT 1 FROM task WHERE name = 'review' AND state = 'EXECUTING'", len(experiments))
    assert names(came) == sorted(["split", *(f"work[{number}]" for number in range(7))] * 3)
    assert min(rooms) < 1, "a run whose turn came after others had used up the room of the batch"


CALLS_BACK = """
name: builds
nodes:
  build: {kind: task, type: noop, callback: {deadline_seconds: 60, outputs: [{name: image}], branches: [cached]}}
  use: {kind: task, type: noop, inputs: {image: "${nodes.build.outputs.image}"}}
"""


def token_of_build(stage: Stage, came: list[RunTask]) -> str:
    """Return what the build was given to call back with, once its node waits for that."""
    await_rows(stage, "SELECT 1 FROM task WHERE name = 'build' AND state = 'EXECUTING'", 1)
    token = came[0].callback
    assert token is not None
    return token


def test_what_a_task_has_started_calls_back_and_the_run_goes_on(stage: Stage) -> None:
    kept(stage, CALLS_BACK)
    with stage.orchestrator(), stage.service(does) as came:
        experiment = launched(stage, "builds")
        token = token_of_build(stage, came)
        grant = verified(stage.mint.callback_key, token, CLOCK)
        assert grant.task_id == task_id(stage, "build")
        with pytest.raises(UnauthenticatedError):
            verified(stage.mint.callback_key, token[:-4] + "AAAA", CLOCK)
        with stage.registry.transaction() as work:
            signals.call_back(work, grant, Signal("success", outputs={"image": "x:1"}), CLOCK.now())
        stage.await_state([experiment])
    assert names(came) == ["build/start", "use"]
    assert came[1].callback is None
    assert came[1].params == {"image": "x:1"}


def test_a_part_of_a_service_says_by_event_how_it_ended_and_the_first_answer_counts(stage: Stage) -> None:
    kept(stage, CALLS_BACK)
    with stage.orchestrator(), stage.service(does) as came:
        experiment = launched(stage, "builds")
        token = token_of_build(stage, came)
        wrong = signal_given(token, "no-such-port", by="builder", at=CLOCK.now())
        first = signal_given(token, "cached", {"image": "x:2"}, by="builder", at=CLOCK.now())
        again = signal_given(token, outputs={"image": "x:3"}, by="builder", at=CLOCK.now())
        stage.messaging.producer().send_all([wrong, first, first, again])
        stage.await_state([experiment])
    assert stage.rows("SELECT port, outputs ->> 'image' FROM task WHERE name = 'build'") == [("cached", "x:2")]
