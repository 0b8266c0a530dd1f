"""Experiments that name several resources: one is chosen at the launch, and everybody can read why."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from tests.integration.api.conftest import Api

pytestmark = pytest.mark.integration

PATH = "/api/v1/experiments"


def made(client: httpx2.Client, path: str, body: dict[str, Any]) -> str:
    answer = client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@dataclass
class Catalogue:
    interface: str
    small: str
    large: str

    def request(self, *resources: str, launch: bool = True, **more: object) -> dict[str, Any]:
        return {
            "kind": "application",
            "name": "run",
            "interface_id": self.interface,
            "resource_ids": list(resources),
            "launch": launch,
            **more,
        }


@pytest.fixture
def catalogue(admin: httpx2.Client) -> Catalogue:
    credential = made(admin, "/credentials", {"name": "key", "kind": "password", "password": "not-asked-for"})
    module = made(admin, "/application-modules", {"name": "solver"})
    interface = made(
        admin,
        "/application-interfaces",
        {"module_id": module, "name": "solver", "inputs": [], "outputs": [{"name": "stdout", "type": "stdout"}]},
    )
    resources = []
    for name, nodes in (("small", 1), ("large", 100)):
        body = {
            "name": name,
            "scheduler": "slurm",
            "host": f"{name}.example.org",
            "username": "ada",
            "credential_id": credential,
            "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8vOuWD4n/aPgkNzLdGbOHBBxtqHbaCnhgZNP4cHYbW"],
            "queues": [{"name": "batch", "is_default": True, "max_nodes": nodes}],
        }
        resources.append(made(admin, "/compute-resources", body))
        deployment = {"module_id": module, "resource_id": resources[-1], "executable": "/bin/true"}
        made(admin, "/application-deployments", deployment)
    return Catalogue(interface, *resources)


def launched(client: httpx2.Client, request: dict[str, Any]) -> dict[str, Any]:
    return shown(client, made(client, "/experiments", request))


def shown(client: httpx2.Client, experiment_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{PATH}/{experiment_id}").json()
    return found


def test_those_launched_together_are_spread_and_say_why(user: httpx2.Client, catalogue: Catalogue) -> None:
    requests = [catalogue.request(catalogue.small, catalogue.large) for _ in range(4)]
    answer = user.post(f"{PATH}:batch", json={"experiments": requests})
    assert answer.status_code == 201, answer.text
    assert [one["resource_id"] for one in answer.json()["items"]] == [catalogue.small, catalogue.large] * 2
    second = shown(user, answer.json()["items"][1]["id"])
    assert second["resource_name"] == "large"
    unseen = "its queues have not been looked at yet"
    assert second["placement"]["reason"] == (
        f"large was chosen of 2: {unseen}; 0 of our runs wait there, 0 run;"
        " the state of the queues did not count, since it is not known of small, large"
    )
    assert [one["words"] for one in second["placement"]["considered"]] == [
        f"{unseen}; 1 of our runs wait there, 0 run",
        f"{unseen}; 0 of our runs wait there, 0 run",
    ]
    [told] = [
        event
        for event in user.get(f"{PATH}/{second['id']}/events").json()["items"]
        if event["kind"] == "experiment-launched"
    ]
    assert told["payload"]["placement"] == second["placement"]


def test_what_the_queue_does_not_allow_is_left_out(user: httpx2.Client, catalogue: Catalogue) -> None:
    request = catalogue.request(catalogue.small, catalogue.large, requirements={"nodes": 8})
    experiment = launched(user, request)
    assert experiment["resource_id"] == catalogue.large
    assert "the only one of those named that can run it" in experiment["placement"]["reason"]
    assert "allows at most 1" in experiment["placement"]["considered"][0]["words"]


def test_where_none_allows_it_each_says_why(user: httpx2.Client, catalogue: Catalogue) -> None:
    request = catalogue.request(catalogue.small, catalogue.large, requirements={"nodes": 800})
    answer = user.post(PATH, json=request)
    assert answer.status_code == 422
    places = [error["field"] for error in answer.json()["errors"]]
    assert places == ["resource_ids.0.requirements.nodes", "resource_ids.1.requirements.nodes"]


def test_a_resource_that_is_drained_for_maintenance_or_full_is_left_to_others(
    admin: httpx2.Client, user: httpx2.Client, catalogue: Catalogue
) -> None:
    now = datetime.now(UTC)
    window = {
        "resource_id": catalogue.small,
        "starts_at": (now + timedelta(minutes=10)).isoformat(),
        "ends_at": (now + timedelta(hours=8)).isoformat(),
    }
    made(admin, "/maintenance-windows", window)
    request = catalogue.request(catalogue.small, catalogue.large, requirements={"wall_time_minutes": 60})
    assert launched(user, request)["resource_id"] == catalogue.large
    made(admin, "/quotas", {"name": "none on large", "max_live_jobs": 0, "resource_id": catalogue.large})
    experiment = launched(user, request)
    assert "none on large" in experiment["placement"]["considered"][1]["words"]


def test_the_queue_in_which_our_jobs_have_waited_for_shorter_is_chosen(
    user: httpx2.Client, catalogue: Catalogue, api: Api
) -> None:
    for resource, minutes in ((catalogue.small, 50), (catalogue.large, 3)):
        experiment = launched(user, catalogue.request(resource))
        with api.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO job (task_id, generation, gateway_id, experiment_id, process_id, resource_id,"
                    " job_name, state, reason, created_at)"
                    " SELECT id, 1, gateway_id, experiment_id, process_id, resource_id, 'j', 'QUEUED', '',"
                    " now() - make_interval(mins => :minutes) FROM task"
                    " WHERE experiment_id = :experiment AND type = 'job-submission'"
                ),
                {"minutes": minutes, "experiment": experiment["id"]},
            )
    chosen = launched(user, catalogue.request(catalogue.small, catalogue.large))
    assert chosen["resource_id"] == catalogue.large
    assert "its queue has kept one waiting for 50 min" in chosen["placement"]["considered"][0]["words"]


def test_the_queue_with_the_shorter_wait_is_chosen_and_each_resource_is_looked_at_once_a_minute(
    user: httpx2.Client, catalogue: Catalogue, api: Api
) -> None:
    request = catalogue.request(catalogue.small, catalogue.large)
    launched(user, request)
    launched(user, request)
    ours = {"resources": [catalogue.small, catalogue.large]}
    looks = text("SELECT resource_id::text FROM resource_look WHERE resource_id::text = ANY(:resources)")
    with api.engine.begin() as connection:
        asked = [row[0] for row in connection.execute(looks, ours)]
        assert sorted(asked) == sorted(ours["resources"])
        for resource, pending in ((catalogue.small, 90), (catalogue.large, 10)):
            queue = {"name": "batch", "starts_jobs": True, "pending": pending, "running": 10, "free_cores": 0}
            connection.execute(
                text(
                    "UPDATE resource_look SET answered_at = now(), answer = CAST(:answer AS jsonb)"
                    " WHERE resource_id = :resource"
                ),
                {"resource": resource, "answer": json.dumps({"answer": {"queues": [queue]}, "failure": None})},
            )
        in_vain = (
            "INSERT INTO resource_look"
            " (id, gateway_id, resource_id, what, params, requested_by, created_at, due_at, answered_at, answer)"
            " SELECT gen_random_uuid(), gateway_id, resource_id, what, params, requested_by,"
            " created_at + interval '1 second', due_at, answered_at, jsonb_build_object('answer', NULL)"
            " FROM resource_look WHERE resource_id::text = ANY(:resources)"
        )
        connection.execute(text(in_vain), ours)
    chosen = launched(user, request)
    assert chosen["resource_id"] == catalogue.large
    assert "in its queue batch 10 jobs waited and 10 ran, 0 cores are free" in chosen["placement"]["reason"]
    with api.engine.begin() as connection:
        stale = (
            "UPDATE resource_look SET answered_at = now() - interval '11 minutes'"
            " WHERE resource_id::text = ANY(:resources)"
        )
        connection.execute(text(stale), ours)
    assert "too long to go by" in launched(user, request)["placement"]["reason"]


def test_the_choice_is_made_at_the_launch_and_not_before(user: httpx2.Client, catalogue: Catalogue) -> None:
    experiment = made(user, "/experiments", catalogue.request(catalogue.small, catalogue.large, launch=False))
    before = shown(user, experiment)
    assert (before["resource_id"], before["placement"]) == (None, None)
    assert user.post(f"{PATH}/{experiment}/validate").status_code == 200
    assert user.post(f"{PATH}/{experiment}/launch").status_code == 202
    after = shown(user, experiment)
    assert after["resource_id"] == after["placement"]["resource_id"] == catalogue.small


def test_one_resource_or_several_but_not_both(user: httpx2.Client, catalogue: Catalogue) -> None:
    both = catalogue.request(catalogue.small, resource_id=catalogue.large)
    neither = catalogue.request()
    twice = catalogue.request(catalogue.small, catalogue.small)
    for request in (both, neither, twice):
        assert user.post(PATH, json=request).status_code == 422
