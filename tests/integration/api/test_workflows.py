"""Workflows over HTTP: kept in versions, checked with places, run as experiments."""

from typing import Any

import httpx2
import pytest
import yaml

from api_server.auth.principal import Role
from tests.integration.api.conftest import Tenant
from tests.integration.api.test_catalogue import make, resource_body

pytestmark = pytest.mark.integration

TEXT = """
name: {name}
parameters: {{names: {{type: array}}, cluster: {{type: resource}}}}
nodes:
  greet:
    kind: task
    type: command
    resource: "${{parameters.cluster}}"
    inputs: {{argv: [echo, "hello ${{item}}"]}}
    for_each: {{over: "${{parameters.names}}", concurrency: 2}}
  look: {{kind: approval, message: "Enough of ${{nodes.greet.outputs.stdout}}?"}}
outputs: {{said: "${{nodes.greet.outputs.stdout}}"}}
"""


def definition(name: str = "greet") -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(TEXT.format(name=name))
    return found


@pytest.fixture
def client(tenant: Tenant) -> httpx2.Client:
    client = tenant.client()
    credential = make(client, "credentials", {"name": "k", "kind": "ssh-key", "generate": True})
    make(client, "compute-resources", resource_body(credential["id"]) | {"name": "cluster"})
    return client


def test_a_workflow_is_kept_in_versions_that_never_change(client: httpx2.Client) -> None:
    first = make(client, "workflows", {"definition": definition(), "comment": "the first"})
    assert (first["name"], first["version"]) == ("greet", 1)
    address = f"/api/v1/workflows/{first['id']}"
    same = client.post(f"{address}/versions", json={"yaml": TEXT.format(name="greet")})
    assert (same.status_code, same.json()["version"]) == (200, 1)
    changed = {**definition(), "description": "two"}
    second = client.post(f"{address}/versions", json={"definition": changed, "based_on": 1})
    assert (second.status_code, second.json()["version"]) == (201, 2)
    late = client.post(f"{address}/versions", json={"definition": definition(), "based_on": 1})
    assert (late.status_code, late.json()["type"].rsplit("/", 1)[-1]) == (409, "newer-version")
    assert client.get(f"{address}/versions/1").json()["definition"] == {"format": "howdah-workflow/1", **definition()}
    assert [one["version"] for one in client.get(f"{address}/versions").json()["items"]] == [2, 1]
    difference = client.get(f"{address}/versions/2/diff").json()
    assert (difference["added"], difference["removed"], difference["changed"]) == (["description"], [], [])
    assert "+description: two" in difference["text"]
    exported = client.get(f"{address}/versions/2/yaml")
    assert yaml.safe_load(exported.text)["description"] == "two"
    assert client.get("/api/v1/workflows", params={"name": "greet"}).json()["items"][0]["version"] == 2


def test_a_wrong_definition_is_refused_with_places_and_a_draft_is_told_them(client: httpx2.Client) -> None:
    wrong = definition()
    wrong["nodes"]["greet"]["inputs"]["argv"] = ["echo", "${parameters.nam}"]
    wrong["nodes"]["look"]["after"] = ["greet.finished"]
    refused = client.post("/api/v1/workflows", json={"definition": wrong})
    assert refused.status_code == 422
    fields = {error["field"] for error in refused.json()["errors"]}
    assert fields == {"definition.nodes.greet.inputs.argv.1", "definition.nodes.look.after.0.port"}
    draft = client.post("/api/v1/workflows:validate", json={"definition": wrong}).json()
    assert not draft["valid"]
    assert {problem["field"] for problem in draft["problems"]} == {
        field.removeprefix("definition.") for field in fields
    }
    assert draft["nodes"]["look"]["out_ports"] == ["approved", "rejected", "failure"]
    shapeless = client.post("/api/v1/workflows:validate", json={"yaml": "name: x\nnodes: {a: {kind: task}}"}).json()
    assert [problem["field"] for problem in shapeless["problems"]] == ["nodes.a.type"]
    fine = client.post("/api/v1/workflows:validate", json={"definition": definition()}).json()
    assert fine["valid"], fine["problems"]
    assert yaml.safe_load(fine["yaml"]) == {"format": "howdah-workflow/1", **definition()}
    assert {"name": "argv", "type": "array", "required": True} in fine["nodes"]["greet"]["inputs"]


def test_a_run_of_a_workflow_is_an_experiment_that_keeps_to_its_version(client: httpx2.Client) -> None:
    workflow = make(client, "workflows", {"definition": definition("keeps")})
    request = {
        "kind": "workflow",
        "name": "run",
        "workflow": "keeps",
        "parameters": {"names": ["a", "b", "c"], "cluster": "cluster"},
        "launch": True,
    }
    experiment = make(client, "experiments", request)
    assert (experiment["workflow_id"], experiment["workflow_version"]) == (workflow["id"], 1)
    tasks = client.get(f"/api/v1/experiments/{experiment['id']}/tasks").json()["items"]
    states = {task["name"]: task["state"] for task in tasks}
    assert states["greet[]"] == "COMPLETED"
    assert [states[f"greet[{number}]"] for number in range(3)] == ["SCHEDULED", "SCHEDULED", "CREATED"]
    assert (states["look"], states["@outputs"]) == ("CREATED", "CREATED")
    mine = client.get("/api/v1/experiments", params={"workflow_id": workflow["id"]}).json()["items"]
    assert [one["id"] for one in mine] == [experiment["id"]]
    assert client.delete(f"/api/v1/workflows/{workflow['id']}").status_code == 409
    missing = client.post("/api/v1/experiments", json={**request, "parameters": {"names": "a", "clustr": "x"}})
    assert {error["field"] for error in missing.json()["errors"]} == {
        "parameters.names",
        "parameters.clustr",
        "parameters.cluster",
    }


def test_a_run_that_has_nothing_to_do_has_ended_when_it_is_launched(client: httpx2.Client) -> None:
    make(
        client,
        "workflows",
        {"yaml": "name: nothing\nnodes: {go: {kind: choice, branches: {a: {value: 1, equals: 1}}}}"},
    )
    request = {"kind": "workflow", "name": "run", "workflow": "nothing"}
    at_once = make(client, "experiments", {**request, "launch": True})
    assert at_once["state"] == "COMPLETED"
    later = make(client, "experiments", request)
    launched = client.post(f"/api/v1/experiments/{later['id']}/launch")
    assert launched.json()["state"] == "COMPLETED"
    assert client.get(f"/api/v1/experiments/{later['id']}").json()["ended_at"] is not None


def test_only_its_owner_and_administrators_change_a_workflow(tenant: Tenant) -> None:
    with tenant.client(Role.USER, "ada") as ada, tenant.client(Role.USER, "bob") as bob:
        body = {"yaml": "name: adas\nnodes: {go: {kind: choice, branches: {a: {value: 1, equals: 1}}}}"}
        workflow = make(ada, "workflows", body)
        assert bob.get(f"/api/v1/workflows/{workflow['id']}").status_code == 200
        assert bob.post(f"/api/v1/workflows/{workflow['id']}/versions", json=body).status_code == 403
        assert bob.delete(f"/api/v1/workflows/{workflow['id']}").status_code == 403
        assert ada.delete(f"/api/v1/workflows/{workflow['id']}").status_code == 204
