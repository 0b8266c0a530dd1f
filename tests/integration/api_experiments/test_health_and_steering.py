"""Operators' and owners' hands by HTTP: health, probes, control; pause, skip, retry, give up, corrections.

What each of them does to a run is proved where the orchestrator is; here is what may be asked, by whom, what is told.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api_server.auth.principal import Role
from api_server.registry.models import ResourceHealth
from howdah.contracts import codec, topics
from howdah.contracts.messages import Event
from tests.fixtures.waiting import await_value
from tests.integration.api.conftest import Api, Tenant
from tests.integration.api_experiments.run_rows import FAILURE, NOW, fail_experiment, set_task
from tests.integration.api_experiments.test_experiments import PATH, made

pytestmark = pytest.mark.integration

RESOURCES = "/api/v1/compute-resources"
ACCOUNT = "ada@cluster.example.org:22"
Tell = Callable[[str], list[Event]]


@pytest.fixture
def resource(admin: httpx2.Client) -> str:
    credential = admin.post("/api/v1/credentials", json={"name": "key", "kind": "password", "password": "not-asked"})
    body = {
        "name": "cluster",
        "scheduler": "fork",
        "host": "cluster.example.org",
        "username": "ada",
        "credential_id": credential.json()["id"],
        "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8vOuWD4n/aPgkNzLdGbOHBBxtqHbaCnhgZNP4cHYbW"],
    }
    answer = admin.post(RESOURCES, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
def away(api: Api, tenant: Tenant, resource: str) -> str:
    """The resource, found away by the keeper of the health."""
    with Session(api.engine) as session, session.begin():
        session.add(
            ResourceHealth(
                resource_id=resource,
                account=ACCOUNT,
                gateway_id=tenant.gateway_id,
                circuit="open",
                since=NOW,
                cause=FAILURE,
                confirmed=True,
                failed_probes=3,
                next_probe_at=NOW,
                lane="slow",
                lane_since=NOW,
                seconds=20.0,
                failure_share=1.0,
                version=1,
            )
        )
    return resource


@pytest.fixture
def operator(tenant: Tenant) -> Iterator[httpx2.Client]:
    with tenant.client(Role.GATEWAY_ADMIN, "olga") as client:
        yield client


@pytest.fixture
def told(api: Api) -> Tell:
    """Return what was told of an experiment on the topic of events, once there is something."""
    if api.broker.topic(topics.EVENTS.name) is None:
        api.broker.create(topics.EVENTS)

    def of(experiment_id: str) -> list[Event]:
        def found() -> list[Event] | None:
            logs = [log for partition, log in api.broker._logs.items() if partition.topic == topics.EVENTS.name]
            events = [codec.EVENTS.decode(record.value) for log in logs for record in log]
            return [event for event in events if event.experiment_id == experiment_id] or None

        return await_value(found, f"an event of {experiment_id}", 10)

    return of


# ---------------------------------------------------------------- health


def test_health_says_what_is_away_why_and_what_comes_next(user: httpx2.Client, away: str) -> None:
    [listed] = user.get(f"{RESOURCES}:health").json()["items"]
    one = user.get(f"{RESOURCES}/{away}/health").json()
    assert listed == one
    assert (one["name"], one["circuit"], one["lane"], one["pinned_lane"]) == ("cluster", "open", "slow", None)
    [account] = one["accounts"]
    assert account["account"] == ACCOUNT
    assert account["cause"]["sentence"] == FAILURE["sentence"]
    assert account["next"] == "The next probe is at 2026-11-22 12:00:00 UTC; 0 tasks wait for it."


def test_a_resource_that_was_never_used_is_well(user: httpx2.Client, resource: str) -> None:
    one = user.get(f"{RESOURCES}/{resource}/health").json()
    assert (one["circuit"], one["lane"], one["accounts"]) == ("closed", "fast", [])
    assert user.get(f"{RESOURCES}/{resource}/health/history").json()["items"] == []


def test_an_operator_asks_for_a_probe_and_everybody_reads_who_did(
    operator: httpx2.Client, user: httpx2.Client, away: str, api: Api
) -> None:
    assert operator.post(f"{RESOURCES}/{away}/try-now").status_code == 202
    [event] = user.get(f"{RESOURCES}/{away}/health/history").json()["items"]
    assert (event["kind"], event["actor"]) == ("try-now", "olga")
    with api.engine.connect() as connection:
        asked = text("SELECT probe_asked_at FROM resource_control WHERE resource_id = :r")
        found = connection.execute(asked, {"r": away}).scalar_one()
    assert found is not None, "the keeper of the health reads it there"


def test_an_operator_pins_the_lane_and_lowers_the_share_and_leaves_both_to_the_platform_again(
    operator: httpx2.Client, resource: str
) -> None:
    control = f"{RESOURCES}/{resource}/control"
    pinned = operator.put(control, json={"lane": "slow", "handlers": 2}).json()
    assert (pinned["lane"], pinned["pinned_lane"], pinned["handlers"]) == ("slow", "slow", 2)
    left = operator.put(control, json={}).json()
    assert (left["lane"], left["pinned_lane"], left["handlers"]) == ("fast", None, None)
    for wrong in ({"lane": "express"}, {"handlers": 0}, {"speed": 1}):
        answer = operator.put(control, json=wrong)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == next(iter(wrong))
    sentences = [event["sentence"] for event in operator.get(f"{RESOURCES}/{resource}/health/history").json()["items"]]
    assert sentences[-1] == "Its tasks stay in the slow lane; at most 2 handlers of a replica work there."


def test_only_operators_steer_a_resource_and_only_their_own_gateway_s(
    user: httpx2.Client, away: str, new_tenant: Callable[[], Tenant]
) -> None:
    with new_tenant().client() as stranger:
        for client, expected in ((user, 403), (stranger, 404)):
            assert client.post(f"{RESOURCES}/{away}/try-now").status_code == expected
            assert client.put(f"{RESOURCES}/{away}/control", json={"lane": "slow"}).status_code == expected
        assert stranger.get(f"{RESOURCES}/{away}/health").status_code == 404
        assert stranger.get(f"{RESOURCES}:health").json()["items"] == []


# ---------------------------------------------------------------- steering


def first_task(client: httpx2.Client, experiment_id: str) -> str:
    return str(client.get(f"{PATH}/{experiment_id}/tasks").json()["items"][0]["id"])


@pytest.mark.parametrize(("verb", "kind"), [("pause", "pause-requested"), ("resume", "resume-requested")])
def test_pause_and_resume_are_told_with_who_asked_and_why(
    user: httpx2.Client, colleague: httpx2.Client, told: Tell, verb: str, kind: str
) -> None:
    experiment = made(user, launch=True)["id"]
    assert colleague.post(f"{PATH}/{experiment}/{verb}").status_code == 403
    assert user.post(f"{PATH}/{experiment}/{verb}", json={"reason": "full disk"}).status_code == 202
    [event] = told(experiment)
    assert (event.kind, getattr(event, "actor", ""), getattr(event, "reason", "")) == (kind, "ada", "full disk")


def test_what_is_not_launched_or_has_ended_is_not_steered(user: httpx2.Client, api: Api) -> None:
    experiment = made(user)["id"]
    task = first_task(user, made(user, launch=True)["id"])
    for verb in ("pause", "resume", "retry", "refetch", "give-up"):
        assert user.post(f"{PATH}/{experiment}/{verb}").status_code == 409, verb
    set_task(api.engine, task, "COMPLETED")
    assert user.post(f"/api/v1/tasks/{task}/skip").status_code == 409


def test_a_task_is_skipped_by_the_owner_only(user: httpx2.Client, colleague: httpx2.Client, told: Tell) -> None:
    experiment = made(user, launch=True)["id"]
    second = user.get(f"{PATH}/{experiment}/tasks").json()["items"][1]["id"]
    assert colleague.post(f"/api/v1/tasks/{second}/skip").status_code == 403
    assert user.post(f"/api/v1/tasks/{second}/skip", json={"reason": "not needed"}).status_code == 202
    [event] = told(experiment)
    assert (event.kind, getattr(event, "task_id", None)) == ("skip-requested", second)


def test_giving_up_needs_something_that_waits(user: httpx2.Client, api: Api, told: Tell) -> None:
    experiment = made(user, launch=True)["id"]
    task = first_task(user, experiment)
    assert user.post(f"{PATH}/{experiment}/give-up").status_code == 409
    set_task(api.engine, task, "RETRY_WAIT", parked=ACCOUNT)
    assert user.post(f"/api/v1/tasks/{task}/give-up", json={"reason": "too late"}).status_code == 202
    [event] = told(experiment)
    assert (event.kind, getattr(event, "task_id", None)) == ("give-up-requested", task)


def test_a_retry_is_launched_once_and_repeats_under_its_key(user: httpx2.Client, api: Api) -> None:
    experiment = made(user, launch=True)["id"]
    fail_experiment(api.engine, experiment)
    set_task(api.engine, first_task(user, experiment), "FAILED", failure=FAILURE)
    key = {"Idempotency-Key": f"retry-{experiment}"}
    first = user.post(f"{PATH}/{experiment}/retry", headers=key)
    assert (first.status_code, first.json()["state"]) == (202, "LAUNCHED"), first.text
    again = user.post(f"{PATH}/{experiment}/retry", headers=key)
    assert again.json()["process_id"] == first.json()["process_id"]
    assert user.post(f"{PATH}/{experiment}/retry").status_code == 409
    assert [one["number"] for one in user.get(f"{PATH}/{experiment}/processes").json()["items"]] == [2, 1]


def test_corrections_are_for_administrators_and_leave_a_trace(
    admin: httpx2.Client, user: httpx2.Client, told: Tell
) -> None:
    experiment = made(user, launch=True)["id"]
    task = first_task(user, experiment)
    said = {"state": "FAILED", "reason": "the node was lost"}
    assert user.post(f"/api/v1/tasks/{task}/correct", json=said).status_code == 403
    for wrong, field in (({"state": "EXECUTING"}, "reason"), ({"state": "DONE", "reason": "why"}, "state")):
        answer = admin.post(f"/api/v1/tasks/{task}/correct", json=wrong)
        assert answer.status_code == 422
        assert field in {error["field"] for error in answer.json()["errors"]}
    assert admin.post(f"/api/v1/tasks/{task}/correct", json=said).status_code == 202
    [event] = told(experiment)
    assert event.kind == "correction-requested"
    audit: list[dict[str, Any]] = admin.get("/api/v1/audit").json()["items"]
    assert any(task in str(record) and "the node was lost" in str(record) for record in audit)
