"""Schedules over REST: checked when they are written, shown with what comes next, steered by whoever owns them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api_server.auth.principal import Role
from api_server.orchestrator.schedules import Schedules
from tests.integration.api.conftest import Tenant
from tests.integration.api.test_catalogue import make, resource_body, the_errors

pytestmark = pytest.mark.integration


def body(**changes: object) -> dict[str, Any]:
    plan = {"name": "nightly", "kind": "tasks", "tasks": [{"name": "t", "type": "noop"}]}
    return {"name": "nightly", "cron": "30 2 * * *", "time_zone": "Europe/Berlin", "experiment": plan, **changes}


def test_a_schedule_is_made_shown_edited_paused_resumed_and_removed(admin: httpx2.Client) -> None:
    made = make(admin, "schedules", body())
    path = f"/api/v1/schedules/{made['id']}"
    assert (made["catch_up"], made["overlap"], made["owner"], made["last_run"]) == ("one", "wait", "ada", None)
    upcoming = [datetime.fromisoformat(at) for at in made["next_runs"]]
    assert len(upcoming) == 5
    assert upcoming[0] == datetime.fromisoformat(made["next_at"]) > datetime.now(UTC)
    assert all(timedelta(hours=22) < later - sooner < timedelta(hours=26) for sooner, later in pairwise(upcoming))
    edited = admin.put(path, json=body(cron="0 6 1 * *"), headers={"If-Match": '"1"'})
    assert edited.status_code == 200, edited.text
    assert edited.json()["next_at"] != made["next_at"]
    assert admin.put(path, json=body(), headers={"If-Match": '"1"'}).status_code == 412
    for _ in range(2):
        paused = admin.post(f"{path}/pause").json()
        assert (paused["paused"], paused["next_at"], paused["next_runs"]) == (True, None, [])
    assert admin.post(f"{path}/resume").json()["next_at"] == edited.json()["next_at"]
    assert [one["id"] for one in admin.get("/api/v1/schedules").json()["items"]] == [made["id"]]
    assert admin.get(f"{path}/runs").json() == {"items": [], "next_cursor": None}
    assert admin.delete(path).status_code == 204
    assert admin.get(path).status_code == 404


def test_what_became_of_moments_is_listed_latest_first_page_by_page(admin: httpx2.Client, tenant: Tenant) -> None:
    schedule = make(admin, "schedules", body())["id"]
    statement = text(
        "INSERT INTO schedule_run (id, gateway_id, schedule_id, due_at, outcome, number, reason)"
        " SELECT gen_random_uuid(), :gateway, :schedule, timestamptz '2026-01-01' + n * interval '1 day',"
        " CASE n WHEN 3 THEN 'left-out' ELSE 'launched' END, 1, '' FROM generate_series(1, 3) AS n"
    )
    with tenant.api.engine.begin() as connection:
        connection.execute(statement, {"gateway": tenant.gateway_id, "schedule": schedule})
    page = admin.get(f"/api/v1/schedules/{schedule}/runs?limit=2").json()
    assert [run["due_at"][:10] for run in page["items"]] == ["2026-01-04", "2026-01-03"]
    rest = admin.get(f"/api/v1/schedules/{schedule}/runs?limit=2&cursor={page['next_cursor']}").json()
    assert [run["due_at"][:10] for run in rest["items"]] == ["2026-01-02"]
    assert admin.get(f"/api/v1/schedules/{schedule}").json()["last_run"]["outcome"] == "left-out"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"cron": "99 2 * * *"}, "cron", "no legal minute"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "IANA"),
        ({"catch_up": "all", "overlap": "skip"}, "catch_up", "only one of the missed moments would run"),
        ({"catch_up_limit": 1000}, "catch_up_limit", "less than or equal to 100"),
        ({"experiment": {**body()["experiment"], "launch": True}}, "experiment.launch", "leave it out"),
        (
            {
                "experiment": {
                    "name": "x",
                    "kind": "tasks",
                    "tasks": [{"name": "t", "type": "noop", "depends_on": ["u"]}],
                }
            },
            "experiment.tasks.0.depends_on.0",
            "u",
        ),
    ],
)
def test_what_could_never_run_is_refused_when_it_is_written(
    admin: httpx2.Client, changes: dict[str, Any], field: str, words: str
) -> None:
    errors = the_errors(admin.post("/api/v1/schedules", json=body(**changes)), 422)
    assert words in errors[field], errors


def test_only_its_owner_and_administrators_change_a_schedule_and_everybody_sees_it(
    admin: httpx2.Client, tenant: Tenant
) -> None:
    with tenant.client(Role.USER, "bob") as bob, tenant.client(Role.USER, "carol") as carol:
        made = make(bob, "schedules", body())
        path = f"/api/v1/schedules/{made['id']}"
        assert made["owner"] == "bob"
        assert carol.get(path).status_code == 200
        assert carol.post(f"{path}/pause").status_code == 403
        assert carol.delete(path).status_code == 403
        assert carol.put(path, json=body(), headers={"If-Match": '"1"'}).status_code == 403
        assert admin.post(f"{path}/pause").json()["owner"] == "bob"
        assert bob.post(f"{path}/resume").status_code == 200
    with tenant.client(Role.VIEWER, "eve") as eve:
        assert eve.post("/api/v1/schedules", json=body(name="other")).status_code == 403


def test_a_cron_expression_is_read_out_before_it_is_used(admin: httpx2.Client) -> None:
    asked = {"cron": "0 12 * * mon", "time_zone": "Asia/Kolkata", "count": 3}
    found = admin.post("/api/v1/schedules:preview", json=asked).json()["next_runs"]
    assert [datetime.fromisoformat(at).strftime("%a %H:%M") for at in found] == ["Mon 06:30"] * 3
    assert "cron" in the_errors(admin.post("/api/v1/schedules:preview", json={"cron": "soon"}), 422)


def test_a_resource_that_a_schedule_will_use_is_not_deleted(admin: httpx2.Client) -> None:
    credential = make(admin, "credentials", {"name": "key", "kind": "ssh-key", "generate": True})
    made = make(admin, "compute-resources", resource_body(credential["id"]))
    task = {"name": "t", "type": "command", "params": {"argv": ["date"]}, "resource_id": made["id"]}
    make(admin, "schedules", body(experiment={"name": "x", "kind": "tasks", "tasks": [task]}))
    refused = admin.delete(f"/api/v1/compute-resources/{made['id']}")
    assert refused.status_code == 409
    assert refused.json()["used_by"][0]["what"] == "schedule"


def test_a_workflow_is_launched_by_a_schedule_in_the_version_that_is_newest_then(tenant: Tenant) -> None:
    nodes = {"look": {"kind": "approval", "message": "Go on, ${parameters.who}?"}}
    definition = {"name": "ask", "parameters": {"who": {"type": "string"}}, "nodes": nodes}
    run = {"kind": "workflow", "name": "ask daily", "workflow": "ask", "parameters": {"who": "Ada"}}
    writer = Schedules(tenant.api.parts.registry, tenant.api.parts.lifecycle, tenant.api.parts.clock)
    with tenant.client() as admin:
        workflow = make(admin, "workflows", {"definition": definition})["id"]
        missing = the_errors(admin.post("/api/v1/schedules", json=body(experiment={**run, "parameters": {}})), 422)
        assert any(field.startswith("experiment.") for field in missing), missing
        schedule = make(admin, "schedules", body(name="daily", experiment=run))["id"]
        newer = {"definition": {**definition, "description": "better"}}
        assert admin.post(f"/api/v1/workflows/{workflow}/versions", json=newer).status_code == 201
        with tenant.api.engine.begin() as connection:
            due = text("UPDATE schedule SET cron = '0 * * * *', next_at = date_trunc('hour', now()) WHERE id = :id")
            connection.execute(due, {"id": schedule})
        writer.take_turns()
        [ran] = admin.get(f"/api/v1/schedules/{schedule}/runs").json()["items"]
        assert ran["outcome"] == "launched", ran
        spec = admin.get(f"/api/v1/experiments/{ran['experiment_id']}").json()["spec"]
    assert (spec["kind"], spec["version"]) == ("workflow", 2)
