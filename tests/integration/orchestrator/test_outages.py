"""A resource that is away: its tasks wait without an attempt, thread or partition, and go on when it is back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import insert

from api_server.dag.inline import InlineTask
from api_server.lifecycle import Lifecycle, TasksExperiment
from api_server.presentation import runs
from api_server.problems import ConflictError
from api_server.registry.models import ComputeResource
from api_server.registry.repositories import experiment_reads, health_reads, run_reads
from api_server.registry.repositories.rows import all_rows
from howdah.contracts import codec, topics
from howdah.contracts.failures import Failure, FailureKind, RetryPolicy
from howdah.contracts.ids import ResourceId, new_id
from howdah.contracts.looks import ReachabilityReport
from howdah.contracts.messages import LookAnswered, LookAtResource, RunTask, TaskEvent
from howdah.messaging import Outgoing, WorkQueueOptions
from howdah.messaging.standings import StandingsTable
from tests.integration.orchestrator.stage import CLOCK, Stage, completes, fails

QUICK: dict[str, Any] = {
    "health_period_seconds": 0.05,
    "probe_first_seconds": 0.1,
    "probe_longest_seconds": 0.2,
    "release_per_second": 500.0,
}
PATIENT = RetryPolicy(max_attempts=9, initial_delay_seconds=0.3, max_delay_seconds=1.0)
"""Attempts enough for a busy machine to notice the outage before they are used up."""
AWAY = Failure(kind=FailureKind.TRANSIENT, sentence="The host did not answer.", host="h", operation="connect")


@dataclass
class World:
    """Resources that are away or there, as services and probes find them."""

    stage: Stage
    away: set[str] = field(default_factory=set)
    probes: list[LookAtResource] = field(default_factory=list)

    def resource(self, **fields: Any) -> ResourceId:  # noqa: ANN401 - columns
        resource_id = ResourceId(new_id())
        values = {
            "id": resource_id,
            "gateway_id": self.stage.gateway_id,
            "name": f"cluster-{resource_id[-6:]}",
            "description": "",
            "transport": "local",
            "scheduler": "fork",
            "host": "localhost",
            "port": 22,
            "host_keys": [],
            "jump_hosts": [],
            "scratch": "/tmp/x",
            "grid_engine": {},
            "environment": {},
            "timeouts": {},
        }
        with self.stage.engine.begin() as connection:
            connection.execute(insert(ComputeResource).values(values | fields))
        return resource_id

    def launch(self, resource_id: str, count: int = 1, **fields: Any) -> list[str]:  # noqa: ANN401 - of InlineTask
        task = InlineTask(name="t", type="noop", resource_id=ResourceId(resource_id), **({"retry": PATIENT} | fields))
        return self.stage.create(*(TasksExperiment(name="x", launch=True, tasks=(task,)) for _ in range(count)))

    def answer(self, command: RunTask) -> list[TaskEvent]:
        there = command.target is None or command.target.resource_id not in self.away
        return completes(command) if there else fails(command)

    @contextmanager
    def looks(self) -> Iterator[None]:
        """Answer probes as resource-look does."""

        def handle(delivery: Any) -> None:  # noqa: ANN401 - a delivery
            request = codec.LOOKS.decode(delivery.record.value)
            self.probes.append(request)
            away = request.target.resource_id in self.away
            report = ReachabilityReport(reached=not away, steps=(), failure=AWAY if away else None)
            told = LookAnswered(
                at=CLOCK.now(),
                look_id=request.look_id,
                gateway_id=request.gateway_id,
                resource_id=request.target.resource_id,
                what=request.what,
                answer=report.model_dump(mode="json"),
            )
            delivery.emit(Outgoing(topics.LOOK_ANSWERS.name, codec.encode(told), key=b"r"))

        messaging = self.stage.connect()
        runner = messaging.work_queue([topics.LOOKS.name], handle, WorkQueueOptions(group="looks", threads=2))
        thread = threading.Thread(target=runner.run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            runner.stop()
            thread.join(30)
            messaging.close()

    def count(self, condition: str) -> int:
        # The condition is the test's own literal.
        return int(self.stage.rows(f"SELECT count(*) FROM task WHERE {condition}")[0][0])  # noqa: S608

    def await_count(self, condition: str, count: int) -> None:
        self.stage.await_true(
            lambda: self.count(condition) == count,
            lambda: str(self.stage.rows("SELECT state, attempt, parked, failure, count(*) FROM task GROUP BY 1,2,3,4")),
        )


@pytest.fixture
def world(stage: Stage) -> World:
    return World(stage)


def test_a_resource_that_is_away_parks_its_tasks_and_lets_them_go_when_it_is_back(stage: Stage, world: World) -> None:
    sick, well = world.resource(), world.resource()
    world.away = {sick}
    with world.looks(), stage.service(world.answer) as came, stage.orchestrator(**QUICK):
        blocked = world.launch(sick, 20)
        world.await_count("parked IS NOT NULL", 20)
        assert {stage.states("process", one)[0] for one in blocked} == {"BLOCKED"}
        stage.await_state(world.launch(well, 5))
        shows_why_it_waits(stage, blocked[0])
        row = stage.rows("SELECT circuit, cause, lane FROM resource_health WHERE resource_id = :r", r=sick)[0]
        assert (row.circuit, row.cause["sentence"], row.lane) == ("open", AWAY.sentence, "slow")
        stage.await_true(lambda: len(world.probes) > 2)
        published = len(came)
        assert world.count("parked IS NOT NULL") == 20
        world.away = set()
        stage.await_state(blocked)
        assert len(came) == published + 20, "each was published once more, and no attempt was made in between"
    history = [row.kind for row in stage.rows("SELECT kind FROM resource_health_event ORDER BY at, id")]
    assert history[0] == "circuit-opened"
    assert "probe-failed" in history
    assert "circuit-releasing" in history
    blockings = stage.rows("SELECT payload FROM event WHERE payload ? 'blocked'")
    assert blockings
    assert blockings[0].payload["blocked"]["cause"]["sentence"]


def shows_why_it_waits(stage: Stage, experiment_id: str) -> None:
    with stage.registry.transaction() as work:
        session, gateway_id = work.session, stage.gateway_id
        row = experiment_reads.get_experiment(session, gateway_id, experiment_id)
        processes = run_reads.list_processes(session, gateway_id, experiment_id, 1, None)
        tasks = all_rows(session, run_reads.tasks_after(gateway_id, processes[0]["id"], 10, None))
    assert row is not None
    for shown in (runs.experiment(row), runs.process(processes[0]), runs.task(tasks[0])):
        assert shown["blocked"]["cause"]["sentence"] == AWAY.sentence
        assert shown["blocked"]["account"] == "local@localhost:22"
        assert shown["blocked"]["gives_up_at"] > CLOCK.now()
        assert not any(name.startswith("blocked_") for name in shown)
        if "next" in shown:
            assert "which is away (The host did not answer)" in shown["next"]
            assert "probe" in shown["next"]
        assert shown.get("next_attempt_at") is None


def test_what_is_launched_while_the_resource_is_away_is_not_published_at_all(stage: Stage, world: World) -> None:
    sick = world.resource()
    world.away = {sick}
    with world.looks(), stage.service(world.answer) as came:
        with stage.orchestrator(**QUICK):
            world.launch(sick, 3)
            world.await_count("parked IS NOT NULL", 3)
        standings = StandingsTable(stage.messaging)
        standings.start()
        stage.await_true(lambda: bool(standings._rows))
        stage.lifecycle = Lifecycle(stage.mint, CLOCK, standings)
        before = len(came)
        late = world.launch(sick, 2)
        assert [stage.states("process", one) for one in late] == [["BLOCKED"], ["BLOCKED"]]
        assert world.count("parked IS NOT NULL AND publications = 0") == 2
        with stage.orchestrator(**QUICK):
            assert len(came) == before
            world.away = set()
            stage.await_state(late)
        standings.close()


def test_another_orchestrator_goes_on_with_an_outage(stage: Stage, world: World) -> None:
    sick = world.resource()
    world.away = {sick}
    with world.looks(), stage.service(world.answer):
        with stage.orchestrator(**QUICK):
            blocked = world.launch(sick, 5)
            world.await_count("parked IS NOT NULL", 5)
        world.away = set()
        with stage.orchestrator(**QUICK):
            stage.await_state(blocked)


def test_a_task_to_blame_itself_uses_up_its_attempts_and_closes_no_resource(stage: Stage, world: World) -> None:
    resource = world.resource()

    def answer(command: RunTask) -> list[TaskEvent]:
        return fails(command)  # while every probe finds the resource well

    with world.looks(), stage.service(answer) as came, stage.orchestrator(**QUICK):
        failing = world.launch(resource, 1)
        stage.await_state(failing, "FAILED")
        assert len(came) == PATIENT.max_attempts


def test_giving_up_fails_what_is_blocked_with_kind_sentence_and_history(stage: Stage, world: World) -> None:
    sick = world.resource()
    world.away = {sick}
    with world.looks(), stage.service(world.answer), stage.orchestrator(**QUICK):
        given_up, kept = world.launch(sick, 2)
        with pytest.raises(ConflictError), stage.registry.transaction() as work:
            stage.lifecycle.give_up(work, stage.principal, given_up)
        more = world.launch(sick, 3)
        world.await_count("parked IS NOT NULL", 5)
        with stage.registry.transaction() as work:
            stage.lifecycle.give_up(work, stage.principal, given_up, "retired")
        stage.await_state([given_up], "FAILED")
        failure = stage.rows("SELECT failure FROM experiment WHERE id = CAST(:i AS uuid)", i=given_up)[0].failure
        assert (failure["kind"], failure["operation"]) == ("transient", "outage")
        assert "me gave it up (retired)" in failure["sentence"]
        assert "Attempt" in failure["detail"]
        assert stage.states("process", kept) == ["BLOCKED"]
        world.away = set()
        stage.await_state([kept, *more])


def test_when_its_patience_ends_a_blocked_task_fails(stage: Stage, world: World) -> None:
    sick = world.resource(retry={"outage_seconds": 2.0})
    world.away = {sick}
    with world.looks(), stage.service(world.answer), stage.orchestrator(**QUICK):
        failing = world.launch(sick, 4)
        stage.await_state(failing, "FAILED")
        row = stage.rows("SELECT failure FROM task LIMIT 1")[0]
        assert row.failure["operation"] == "outage"


def test_a_resource_may_say_that_nobody_waits_for_it(stage: Stage, world: World) -> None:
    sick = world.resource(retry={"outage_seconds": 0})
    world.away = {sick}
    with world.looks(), stage.service(world.answer), stage.orchestrator(**QUICK):
        few = RetryPolicy(max_attempts=4, initial_delay_seconds=0.3)
        stage.await_state(world.launch(sick, 4, retry=few), "FAILED")
        assert world.count("attempt = 4 AND outage_since IS NULL") == 4


def test_a_blocked_experiment_is_canceled_at_once(stage: Stage, world: World) -> None:
    sick = world.resource()
    world.away = {sick}
    with world.looks(), stage.service(world.answer), stage.orchestrator(**QUICK):
        blocked = world.launch(sick, 3)
        world.await_count("parked IS NOT NULL", 3)
        for one in blocked:
            with stage.registry.transaction() as work:
                stage.lifecycle.cancel(work, stage.principal, one)
        stage.await_state(blocked, "CANCELED")
        assert world.count("parked IS NOT NULL") == 0


def test_failures_of_the_platform_open_no_circuit(stage: Stage, world: World) -> None:
    resource = world.resource()

    def answer(command: RunTask) -> list[TaskEvent]:
        return fails(command, FailureKind.INTERNAL)

    with world.looks(), stage.service(answer), stage.orchestrator(**QUICK):
        few = RetryPolicy(max_attempts=4, initial_delay_seconds=0.1)
        stage.await_state(world.launch(resource, 5, retry=few), "FAILED")
    assert stage.rows("SELECT 1 FROM resource_health_event") == []
    assert world.probes == []


def test_a_pinned_lane_is_the_lane_of_the_next_command(stage: Stage, world: World) -> None:
    resource = world.resource()
    with stage.service(world.answer) as came, stage.orchestrator(**QUICK) as orchestrator:
        stage.await_state(world.launch(resource))
        with stage.registry.transaction() as work:
            health_reads.control(work.session, stage.gateway_id, resource, "me", lane="slow", handlers=None)
        target = came[0].target
        assert target is not None
        stage.await_true(lambda: orchestrator._standings(target) is not None)
        stage.lifecycle = Lifecycle(stage.mint, CLOCK, orchestrator._standings)
        stage.await_state(world.launch(resource))
        assert [command.lane for command in came] == ["fast", "slow"]
