"""Task types over REST: registered once, read by all, and what contradicts them is refused with its place."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from api_server.auth.principal import Role
from howdah.contracts.ids import new_id
from howdah.contracts.topics import tasks
from tests.integration.api.conftest import Api, Tenant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

BODY: dict[str, Any] = {
    "description": "Counts words",
    "parameters": {
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "additionalProperties": False,
    },
    "outputs": [{"name": "words", "type": "integer"}],
    "resource": "none",
}


@pytest.fixture
def operator(tenant: Tenant) -> Iterator[httpx2.Client]:
    with tenant.client(Role.PLATFORM_ADMIN, "root") as client:
        yield client


@pytest.fixture
def name() -> str:
    return f"count-{new_id()}"


def test_a_type_is_registered_once_and_its_topic_is_there(api: Api, operator: httpx2.Client, name: str) -> None:
    path = f"/api/v1/task-types/{name}"
    first = operator.put(path, json=BODY)
    assert (first.status_code, first.json()["version"]) == (201, 1)
    assert api.broker.topic(tasks(name).name) is not None
    again = operator.put(path, json=BODY)
    assert (again.status_code, again.json()["version"]) == (200, 1)
    changed = operator.put(path, json=BODY | {"lane": "slow"})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert changed.json()["description"]["lane"] == "slow"
    assert name in {one["name"] for one in operator.get("/api/v1/task-types").json()["items"]}
    assert operator.delete(path).status_code == 204
    assert operator.delete(path).status_code == 404
    assert operator.get(path).status_code == 404


def test_everybody_reads_and_only_a_platform_administrator_registers(
    admin: httpx2.Client, operator: httpx2.Client, tenant: Tenant, name: str
) -> None:
    path = f"/api/v1/task-types/{name}"
    assert admin.put(path, json=BODY).status_code == 403
    operator.put(path, json=BODY)
    with tenant.client(Role.VIEWER) as viewer:
        assert viewer.get(path).json()["description"]["outputs"][0]["name"] == "words"
        assert viewer.delete(path).status_code == 403
    operator.delete(path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"parameters": {"type": "array"}}, "must have the type 'object'"),
        ({"parameters": {"type": "object", "properties": {"x": {"$ref": "http://127.0.0.1/x"}}}}, "only what stands"),
        ({"branches": ["failure"]}, "is there always"),
        ({"outputs": [{"name": "a b"}]}, "must match pattern"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(
    operator: httpx2.Client, name: str, changed: dict[str, Any], words: str
) -> None:
    answer = operator.put(f"/api/v1/task-types/{name}", json=BODY | changed)
    assert answer.status_code == 422
    assert words in answer.text


def test_a_built_in_type_is_not_registered(operator: httpx2.Client) -> None:
    assert operator.put("/api/v1/task-types/command", json=BODY).status_code == 409


def test_tasks_are_held_to_what_is_registered(operator: httpx2.Client, admin: httpx2.Client, name: str) -> None:
    operator.put(f"/api/v1/task-types/{name}", json=BODY)

    def created(task: dict[str, Any]) -> httpx2.Response:
        body = {"kind": "tasks", "name": "words", "tasks": [{"name": "count", "type": name} | task], "launch": True}
        return admin.post("/api/v1/experiments", json=body)

    wrong = created({"params": {"txt": "to be"}})
    assert wrong.status_code == 422
    assert {error["field"] for error in wrong.json()["errors"]} == {"tasks.0.params"}
    assert created({"params": {"text": "to be"}}).status_code == 201
    operator.delete(f"/api/v1/task-types/{name}")
    assert created({"params": {"txt": "nobody knows better any more"}}).status_code == 201
