"""Jobs in line: never more live than allowed, fair, told why, let in as others end, whatever is restarted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from api_server.dag.application import Requirements
from api_server.lifecycle import ApplicationExperiment
from api_server.lifecycle.requests import Changes
from api_server.presentation import runs as shown_runs
from api_server.problems import InvalidRequestError
from api_server.registry.models import MaintenanceWindow, Quota
from api_server.registry.repositories import experiment_reads
from howdah.contracts import codec, params, topics
from howdah.contracts.ids import new_id
from howdah.contracts.messages import RunTask, TaskCompleted, TaskEvent
from howdah.messaging import Delivery, WorkQueueOptions
from tests.integration.orchestrator.stage import Stage, outgoing, told
from tests.integration.orchestrator.test_lifecycle import catalogue, refused

pytestmark = pytest.mark.integration

QUICK = {"gates_period_seconds": 0.05, "admission_period_seconds": 0.05}


def application(stage: Stage, count: int = 1, **fields: Any) -> list[str]:  # noqa: ANN401 - of the request
    interface_id, resource_id = catalogue(stage)
    request = ApplicationExperiment(
        name="app", interface_id=interface_id, resource_id=resource_id, inputs={"n": 3}, launch=True, **fields
    )
    with stage.registry.transaction() as work:
        records = stage.lifecycle.create(work, stage.principal, [request] * count, batch=True)
    return [record.id for record in records]


def limit(stage: Stage, jobs: int, name: str = "ClimateHub quota") -> None:
    values = {"gateway_id": stage.gateway_id, "name": name, "max_live_jobs": jobs, "each_user": False, "version": 1}
    with stage.engine.begin() as connection:
        connection.execute(insert(Quota).values(values))


def lift(stage: Stage) -> None:
    with stage.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM quota")


class Services:
    """Serves every type of the application; the monitoring of jobs ends when a test says so."""

    def __init__(self, stage: Stage) -> None:
        self.submitted: list[RunTask] = []
        self.monitored: list[RunTask] = []
        self._stage = stage
        messaging = stage.connect()
        messaging.admin().ensure(topics.platform_topics(params.BUILT_IN))
        names = [topics.tasks(one).name for one in params.BUILT_IN]
        self.queue = messaging.work_queue(names, self._handle, WorkQueueOptions(group="all", threads=4))

    def _handle(self, delivery: Delivery) -> None:
        command = codec.COMMANDS.decode(delivery.record.value)
        if command.type == params.JOB_MONITORING:
            self.monitored.append(command)
            return
        if command.type == params.JOB_SUBMISSION:
            self.submitted.append(command)
        delivery.emit(outgoing(completed(command)))

    def end_a_job(self) -> None:
        self._stage.send(completed(self.monitored.pop(0)))


def completed(command: RunTask) -> TaskEvent:
    return told(TaskCompleted, command, outputs={"native_id": "7", "uri": "u"})


@pytest.fixture
def services(stage: Stage) -> Any:  # noqa: ANN401 - yields Services
    import threading

    found = Services(stage)
    thread = threading.Thread(target=found.queue.run, daemon=True)
    thread.start()
    yield found
    found.queue.stop()
    thread.join(60)


def next_of(stage: Stage, experiment_id: str) -> str:
    with stage.registry.transaction() as work:
        row = experiment_reads.get_experiment(work.session, stage.gateway_id, experiment_id)
    assert row is not None
    return str(shown_runs.experiment(row)["next"])


def test_never_more_jobs_than_the_quota_and_each_end_lets_the_next_one_in(stage: Stage, services: Services) -> None:
    limit(stage, 2)
    with stage.orchestrator(**QUICK):
        ids = application(stage, 5)
        stage.await_true(lambda: len(services.monitored) == 2)
        stage.await_true(lambda: any("3rd in line" in next_of(stage, one) for one in ids))
        told_so = [next_of(stage, one) for one in ids]
        first = "ClimateHub quota: 2 of 2 jobs run in the gateway; 1st in line"
        assert any(sentence.startswith(first) for sentence in told_so), told_so
        states = stage.rows("SELECT state, count(*) FROM process GROUP BY state")
        assert dict(map(tuple, states))["QUEUED"] == 3
        services.end_a_job()
        stage.await_true(lambda: len(services.submitted) == 3)
        assert len(services.submitted) - 1 <= 2
    with stage.orchestrator(**QUICK):  # The line is in the registry: another replica goes on with it.
        while len(services.submitted) < 5 or services.monitored:
            stage.await_true(lambda: bool(services.monitored))
            services.end_a_job()
        stage.await_state(ids)
        stage.await_true(lambda: stage.rows("SELECT count(*) FROM admission")[0][0] == 0)
    assert len({command.task_id for command in services.submitted}) == len(services.submitted) == 5


def test_what_waits_in_line_can_be_canceled_paused_and_set_free(stage: Stage, services: Services) -> None:
    limit(stage, 0)
    with stage.orchestrator(**QUICK):
        canceled, paused, freed = application(stage, 3)
        stage.await_true(lambda: stage.rows("SELECT count(*) FROM process WHERE state = 'QUEUED'")[0][0] == 3)
        with stage.registry.transaction() as work:
            stage.lifecycle.cancel(work, stage.principal, canceled)
            stage.steering.pause(work, stage.principal, paused)
        stage.await_state([canceled], "CANCELED")
        stage.await_true(lambda: stage.states("process", paused) == ["PAUSED"])
        lift(stage)
        stage.await_true(lambda: len(services.monitored) == 1)
        with stage.registry.transaction() as work:
            stage.steering.resume(work, stage.principal, paused)
        stage.await_true(lambda: len(services.monitored) == 2)
        while services.monitored:
            services.end_a_job()
        stage.await_state([paused, freed])
    assert len(services.submitted) == 2


def test_in_line_for_a_quota_priority_goes_first_and_a_deadline_ends_the_wait(stage: Stage, services: Services) -> None:
    limit(stage, 0)
    with stage.orchestrator(**QUICK):
        [background] = application(stage, priority=-50)
        stage.await_true(lambda: "1st in line" in next_of(stage, background))
        [late] = application(stage, deadline_seconds=2)
        [urgent] = application(stage)
        stage.await_state([late], "FAILED")
        stage.await_true(lambda: "2nd in line" in next_of(stage, background))
        limit(stage, 1, "one at a time")
        with stage.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM quota WHERE max_live_jobs = 0")
        stage.await_true(lambda: len(services.monitored) == 1)
        assert stage.states("process", background) == ["QUEUED"]
        services.end_a_job()
        stage.await_state([urgent])
        stage.await_true(lambda: len(services.monitored) == 1)
        services.end_a_job()
        stage.await_state([background])


def test_a_maintenance_drains_a_resource_ahead_of_time(stage: Stage, services: Services) -> None:
    short, long = (application(stage, requirements=Requirements(wall_time_minutes=minutes))[0] for minutes in (5, 600))
    now = datetime.now(UTC)
    for (resource_id,) in stage.rows("SELECT CAST(id AS text) FROM compute_resource"):
        values = {"gateway_id": stage.gateway_id, "resource_id": resource_id, "version": 1, "reason": "new disks"}
        span = {"starts_at": now + timedelta(hours=1), "ends_at": now + timedelta(hours=9)}
        with stage.engine.begin() as connection:
            connection.execute(insert(MaintenanceWindow).values({**values, **span}))
    with stage.orchestrator(**QUICK):
        stage.await_true(lambda: len(services.monitored) == 1)
        stage.await_true(lambda: "would reach into that" in next_of(stage, long))
        services.end_a_job()
        stage.await_state([short])
        assert stage.states("process", long) == ["QUEUED"]


def test_a_relaunch_changes_what_it_names_and_is_checked_whole(stage: Stage) -> None:
    [first] = application(stage)
    with stage.registry.transaction() as work:
        changes = Changes(inputs={"n": 9}, requirements=Requirements(nodes=2), name="again")
        record = stage.lifecycle.relaunch(work, stage.principal, first, changes)
    assert (record.state, record.cloned_from, record.name) == ("LAUNCHED", first, "again")
    assert record.spec["inputs"] == {"n": 9}
    error = refused(
        InvalidRequestError,
        stage,
        lambda work: stage.lifecycle.relaunch(
            work, stage.principal, first, Changes(inputs={"n": 0}, requirements=Requirements(nodes=3))
        ),
    )
    assert {item.field for item in error.errors} == {"inputs.n", "requirements.nodes"}
    assert any("the nearest legal value is 2" in item.message for item in error.errors)
    assert new_id() != record.id
