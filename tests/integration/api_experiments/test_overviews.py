"""What the console's overviews count, on a gateway that PostgreSQL filled: right, and in as few statements as ever."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, event, text

from api_server.auth.principal import Role
from api_server.experiments.graph_schemas import RunGraph
from api_server.operations.lane_schemas import Lanes
from api_server.overview.schemas import Overview, ResourcesHealth
from benchmarks.console import seed
from howdah.contracts.params import BUILT_IN
from tests.integration.api.conftest import Api, Tenant
from tests.integration.api_experiments.run_rows import FAILURE
from tests.integration.api_experiments.test_experiments import PATH

pytestmark = pytest.mark.integration

OVERVIEWS = ("/api/v1/overview", "/api/v1/resource-health", "/api/v1/lanes", "/api/v1/experiments:count", PATH)
LIVE = 6
_OWN = ("FROM experiment", "FROM task", "FROM attempt", "FROM job", "FROM compute_resource", "FROM process")


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Note what is read of runs; the outbox and the feed go on beside it."""
    found: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        if any(words in statement for words in _OWN):
            found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def filled(tenant: Tenant, api: Api) -> Iterator[httpx2.Client]:
    """A gateway of 120 experiments, one every five minutes, of which the newest go on."""
    seed.fill(api.engine, tenant.gateway_id, 120, LIVE)
    with tenant.client(Role.USER, "ada") as client:
        yield client


def rows_of(api: Api, gateway_id: str) -> list[tuple[str, str]]:
    with api.engine.connect() as connection:
        found = connection.execute(
            text("SELECT id::text, state FROM experiment WHERE gateway_id = CAST(:g AS uuid)"), {"g": gateway_id}
        )
        return [(row[0], row[1]) for row in found]


def test_the_overview_counts_what_the_tables_say(filled: httpx2.Client, tenant: Tenant, api: Api) -> None:
    shown = Overview.model_validate_json(filled.get("/api/v1/overview").content)
    states = Counter(state for _, state in rows_of(api, tenant.gateway_id))
    assert shown.experiments == dict(states)
    assert shown.needs_you.experiments == states["FAILED"] == sum(shown.needs_you.failed_24h)
    assert [(one.state, one.type, one.tasks) for one in shown.tasks] == [("EXECUTING", "command", LIVE)]
    assert sum(shown.started_1h) == sum(shown.started_1h[-30:]) > 0


def test_a_failure_of_which_a_clone_was_made_needs_nobody(filled: httpx2.Client, tenant: Tenant, api: Api) -> None:
    failed = next(one for one, state in rows_of(api, tenant.gateway_id) if state == "FAILED")
    before = filled.get("/api/v1/overview").json()["needs_you"]["experiments"]
    with api.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE experiment SET cloned_from = CAST(:f AS uuid) WHERE id = (SELECT id FROM experiment"
                " WHERE gateway_id = CAST(:g AS uuid) AND state = 'COMPLETED' LIMIT 1)"
            ),
            {"f": failed, "g": tenant.gateway_id},
        )
    assert filled.get("/api/v1/overview").json()["needs_you"]["experiments"] == before - 1
    listed = filled.get(PATH, params={"needs_you": True, "limit": 500}).json()["items"]
    assert failed not in {one["id"] for one in listed}
    assert len(listed) == before - 1


def test_lanes_tell_what_waits_and_since_when(filled: httpx2.Client, tenant: Tenant, api: Api) -> None:
    waiting = next(one for one, state in rows_of(api, tenant.gateway_id) if state == "EXECUTING")
    with api.engine.begin() as connection:
        connection.execute(
            text("UPDATE task SET state = 'SCHEDULED' WHERE experiment_id = CAST(:e AS uuid) AND state = 'EXECUTING'"),
            {"e": waiting},
        )
    lanes = Lanes.model_validate_json(filled.get("/api/v1/lanes").content).items
    [lane] = [one for one in lanes if one.published]
    assert {one.type for one in lanes} >= set(BUILT_IN), "those that nobody used are shown, too: they can be paused"
    assert (lane.type, lane.lane, lane.waiting, lane.running) == ("command", "fast", 1, LIVE - 1)
    assert lane.oldest_at is not None


def test_a_resource_s_last_hour_is_told_by_what_was_tried_there(
    filled: httpx2.Client, tenant: Tenant, api: Api
) -> None:
    resource_id = a_resource(api, tenant.gateway_id)
    with api.engine.begin() as connection:
        connection.execute(
            text("UPDATE task SET resource_id = CAST(:r AS uuid) WHERE gateway_id = CAST(:g AS uuid)"),
            {"r": resource_id, "g": tenant.gateway_id},
        )
        connection.execute(
            text(
                "UPDATE attempt SET state = 'FAILED', failure = CAST(:f AS jsonb) WHERE ended_at > now() - interval"
                " '30 minutes' AND task_id IN (SELECT id FROM task WHERE gateway_id = CAST(:g AS uuid))"
            ),
            {"f": '{"kind": "transient", "sentence": "It did not answer."}', "g": tenant.gateway_id},
        )
    [one] = ResourcesHealth.model_validate_json(filled.get("/api/v1/resource-health").content).items
    assert one.id == resource_id
    assert one.running == LIVE
    assert one.failed == one.unreachable == sum(one.failed_1h)
    assert one.attempts == sum(one.attempts_1h)
    assert 0 < one.failed <= one.attempts
    assert one.last_sentence == "It did not answer."


def a_resource(api: Api, gateway_id: str) -> str:
    with api.engine.begin() as connection:
        found: str = connection.execute(
            text("""
                INSERT INTO compute_resource (id, gateway_id, name, description, transport, scheduler, host, port,
                    host_keys, jump_hosts, scratch, environment, timeouts, grid_engine, enabled, version)
                VALUES (gen_random_uuid(), CAST(:g AS uuid), 'tern', '', 'local', 'fork', 'localhost', 22,
                    '{}', '[]', '/tmp', '{}', '{}', '{}', true, 1)
                RETURNING id::text
            """),
            {"g": gateway_id},
        ).scalar_one()
        return found


def test_another_gateway_is_counted_nowhere(filled: httpx2.Client, new_tenant: Any) -> None:  # noqa: ANN401, ARG001
    with new_tenant().client(Role.USER, "eve") as stranger:
        shown = stranger.get("/api/v1/overview").json()
        assert (shown["experiments"], shown["tasks"], shown["jobs"], shown["needs_you"]["experiments"]) == (
            {},
            [],
            [],
            0,
        )
        assert not any(one["published"] or one["waiting"] for one in stranger.get("/api/v1/lanes").json()["items"])
        assert stranger.get("/api/v1/resource-health").json()["items"] == []


@pytest.mark.parametrize("path", OVERVIEWS)
def test_ten_times_the_rows_take_as_many_statements(tenant: Tenant, new_tenant: Any, api: Api, path: str) -> None:  # noqa: ANN401
    counts = []
    for gateway, size in ((tenant, 20), (new_tenant(), 200)):
        seed.fill(api.engine, gateway.gateway_id, size, size // 4)
        with gateway.client(Role.USER, "ada") as client:
            client.get(path).raise_for_status()
            with statements(api.engine) as found:
                assert client.get(path, params={"limit": 200} if path == PATH else {}).status_code == 200
            counts.append(len(found))
    assert counts[0] == counts[1] <= 6, counts


def test_a_whole_run_is_read_in_one_go_with_places_for_ids(tenant: Tenant, api: Api) -> None:
    run = seed.add_run(api.engine, tenant.gateway_id, "wide", 100, folded=True)
    with api.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE task SET failure = CAST(:f AS jsonb), state = 'FAILED'"
                " WHERE process_id = CAST(:p AS uuid) AND position = 30"
            ),
            {"f": json.dumps(FAILURE), "p": run.process_id},
        )
    with tenant.client(Role.VIEWER, "ada") as client:
        path = f"{PATH}/{run.experiment_id}/graph"
        with statements(api.engine) as found:
            answer = client.get(path)
    shown = RunGraph.model_validate_json(answer.content)
    assert len(found) <= 6
    assert [task.depends_on for task in shown.tasks[:6]] == [[], [], [], [], [0, 1], [1, 2]]
    assert shown.tasks[30].failure is not None
    assert shown.tasks[30].failure.sentence == FAILURE["sentence"]
    assert [one.task for one in shown.attempts] == sorted(one.task for one in shown.attempts)
    assert {shown.tasks[one.task].state for one in shown.attempts} <= {"COMPLETED", "EXECUTING", "SCHEDULED", "FAILED"}
    with api.engine.begin() as connection:
        connection.execute(text("DELETE FROM task WHERE process_id = CAST(:p AS uuid)"), {"p": run.process_id})
    with tenant.client(Role.VIEWER, "ada") as client:
        assert client.get(path).json()["tasks"] == []
