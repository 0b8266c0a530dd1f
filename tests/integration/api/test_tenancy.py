"""No call of one gateway reaches anything of another: every route that the API describes, one by one."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from api_server.main import create_app
from api_server.registry.models import DeadLetter, ResourceLook, Token
from api_server.settings import for_description
from howdah.contracts.ids import new_id
from howdah.contracts.looks import LookKind
from howdah.runtime.clock import SystemClock
from tests.integration.api.conftest import Tenant
from tests.integration.api.test_catalogue import make, resource_body

pytestmark = pytest.mark.integration
DOCUMENT: dict[str, Any] = create_app(for_description()).openapi()
ROUTES = [
    (method.upper(), path)
    for path, operations in DOCUMENT["paths"].items()
    if path.startswith("/api/v1")
    for method in operations
]
EVERYBODYS = {
    ("GET", "/api/v1/services/{name}"),
    ("GET", "/api/v1/lanes/{task_type}/partitions"),
    ("POST", "/api/v1/lanes/{task_type}/{lane}/pause"),
    ("POST", "/api/v1/lanes/{task_type}/{lane}/resume"),
}
"""What all gateways of an installation share and may see."""
WITH_ID = [(method, path) for method, path in ROUTES if "{" in path and (method, path) not in EVERYBODYS]
REFERRING = tuple(
    f"/api/v1/{kind}/{{"
    for kind in (
        *("application-interfaces", "application-deployments", "compute-resources", "storage-resources"),
        *("quotas", "maintenance-windows"),
    )
)
"""What names other things of its gateway."""
NO_IDS = {"name": "stdout", "stream": "stdout", "number": "0", "version": "1"}
"""What stands in a path and is nobody's."""
SMALLEST_BODIES = {
    "host-keys": {"fingerprint": f"SHA256:{'A' * 43}"},
    "correct": {"state": "FAILED", "reason": "test"},
    "control": {"lane": "slow"},
    "answer": {"port": "approved"},
    "replicas": {"uri": f"howdah://objects/{'0' * 8}"},
}
NEXT_WEEK = {
    "starts_at": (SystemClock().now() + timedelta(days=7)).isoformat(),
    "ends_at": (SystemClock().now() + timedelta(days=8)).isoformat(),
}
LISTS = [(method, path) for method, path in ROUTES if method == "GET" and "{" not in path and "stream" not in path]


@dataclass(frozen=True)
class Belongings:
    """One of everything that a gateway can have, by the name that routes give its id."""

    ids: dict[str, str]
    bodies: dict[str, dict[str, Any]]

    def make(self, client: httpx2.Client, collection: str, name: str, body: dict[str, Any]) -> str:
        """Make one, remember its body and its id under the name that routes give it; return the id."""
        self.bodies[collection] = body
        made: str = make(client, collection, body)["id"]
        self.ids[name] = made
        return made


def furnish(tenant: Tenant) -> Belongings:
    things = Belongings({"gateway_id": tenant.gateway_id}, {})
    with tenant.client() as client:
        _furnish_catalogue(client, things)
        _furnish_runs(client, things)
        _furnish_data(client, things)
        _furnish_operations(client, things)
    resource, experiment = things.ids["resource_id"], things.ids["experiment_id"]
    things.ids["token_id"] = token_of(tenant)
    things.ids["letter_id"] = dead_letter_of(tenant, experiment)
    things.ids["test_id"] = look_of(tenant, resource, LookKind.REACHABILITY)
    things.ids["script_id"] = look_of(tenant, resource, LookKind.SCRIPT)
    return things


def _furnish_catalogue(client: httpx2.Client, things: Belongings) -> None:
    credential = things.make(client, "credentials", "credential_id", {"name": "k", "kind": "ssh-key", "generate": True})
    resource = things.make(client, "compute-resources", "resource_id", resource_body(credential))
    module = things.make(client, "application-modules", "module_id", {"name": "m"})
    things.make(client, "application-interfaces", "interface_id", {"module_id": module, "name": "i"})
    deployment = {"module_id": module, "resource_id": resource, "executable": "x"}
    things.make(client, "application-deployments", "deployment_id", deployment)


def _furnish_runs(client: httpx2.Client, things: Belongings) -> None:
    things.bodies["experiments"] = {"name": "e", "kind": "tasks", "tasks": [{"name": "t", "type": "noop"}]}
    experiment = make(client, "experiments", {**things.bodies["experiments"], "launch": True})["id"]
    things.ids["experiment_id"] = experiment
    things.ids["process_id"] = client.get(f"/api/v1/experiments/{experiment}/processes").json()["items"][0]["id"]
    things.ids["task_id"] = client.get(f"/api/v1/experiments/{experiment}/tasks").json()["items"][0]["id"]
    definition = "name: w\nnodes: {c: {kind: choice, branches: {a: {value: 1, equals: 1}}}}"
    things.make(client, "workflows", "workflow_id", {"yaml": definition})
    plan = {"name": "p", "kind": "tasks", "tasks": [{"name": "t", "type": "noop"}]}
    things.make(client, "schedules", "schedule_id", {"name": "s", "cron": "0 2 * * *", "experiment": plan})


def _furnish_data(client: httpx2.Client, things: Belongings) -> None:
    file = client.post("/api/v1/files", files={"file": ("f", b"x")}).json()
    things.ids["file_id"] = file["id"]
    things.make(client, "storage-resources", "storage_id", storage_body(things.bodies["compute-resources"]))
    things.bodies["data-products"] = {"name": "p"}
    product = make(client, "data-products", {"replicas": [file["uri"]]})
    things.ids.update(product_id=product["id"], replica_id=product["replicas"][0]["id"])


def _furnish_operations(client: httpx2.Client, things: Belongings) -> None:
    resource = things.ids["resource_id"]
    things.make(client, "quotas", "quota_id", {"name": "q", "max_live_jobs": 5, "resource_id": resource})
    things.make(client, "maintenance-windows", "maintenance_window_id", {"resource_id": resource, **NEXT_WEEK})


def storage_body(resource: dict[str, Any]) -> dict[str, Any]:
    login = {name: resource[name] for name in ("host", "username", "credential_id", "host_keys")}
    return {"name": "archive", "kind": "sftp", "root": "/data", **login}


def token_of(tenant: Tenant) -> str:
    with Session(tenant.api.engine) as session:
        return session.scalars(select(Token.id).where(Token.gateway_id == tenant.gateway_id).limit(1)).one()


def dead_letter_of(tenant: Tenant, experiment_id: str) -> str:
    letter_id = new_id()
    with Session(tenant.api.engine) as session, session.begin():
        session.add(
            DeadLetter(
                id=letter_id,
                gateway_id=tenant.gateway_id,
                experiment_id=experiment_id,
                at=SystemClock().now(),
                reason="test",
                group="command",
                topic="howdah.tasks.command",
                partition=0,
                offset=1,
                value=b"{}",
                headers={},
            )
        )
    return letter_id


def look_of(tenant: Tenant, resource_id: str, kind: LookKind) -> str:
    look_id, now = new_id(), SystemClock().now()
    with Session(tenant.api.engine) as session, session.begin():
        session.add(
            ResourceLook(
                id=look_id,
                gateway_id=tenant.gateway_id,
                resource_id=resource_id,
                what=kind.value,
                params={},
                requested_by="test",
                due_at=now,
            )
        )
    return look_id


@pytest.fixture(scope="module")
def belongings() -> dict[str, Belongings]:
    return {}


@pytest.fixture
def theirs(new_tenant: Callable[[], Tenant], belongings: dict[str, Belongings]) -> Belongings:
    if not belongings:
        belongings["theirs"] = furnish(new_tenant())
    return belongings["theirs"]


@pytest.fixture
def stranger(tenant: Tenant) -> Iterator[httpx2.Client]:
    """An administrator of another gateway: no scope is missing, only the gateway is another."""
    with tenant.client(subject="mallory") as client:
        yield client


def body_for(path: str, theirs: Belongings) -> dict[str, Any]:
    if (last := path.rsplit("/", maxsplit=1)[-1]) in SMALLEST_BODIES:
        return SMALLEST_BODIES[last]
    kind = path.removeprefix("/api/v1/").split("/", maxsplit=1)[0]
    return theirs.bodies.get(kind, {"name": "other"})


def is_of_the_installation(method: str, path: str) -> bool:
    """Tell whether only a platform administrator may call it, whosever thing it names."""
    return method != "GET" and (path.startswith(("/api/v1/services/", "/api/v1/task-types/")) or "/agent" in path)


@pytest.mark.parametrize(("method", "path"), WITH_ID)
def test_what_belongs_to_another_gateway_does_not_exist(
    method: str, path: str, theirs: Belongings, stranger: httpx2.Client
) -> None:
    parameters = [part[1:-1] for part in path.replace(":", "/").split("/") if part.startswith("{")]
    unknown = set(parameters) - theirs.ids.keys() - NO_IDS.keys()
    assert not unknown, f"{unknown}: say in furnish() how a gateway comes to have one"
    address = path.format_map({**theirs.ids, **NO_IDS})
    has_body = "requestBody" in DOCUMENT["paths"][path][method.lower()]
    wants_body = method == "PUT" or path.endswith("/versions") or path.rsplit("/", maxsplit=1)[-1] in SMALLEST_BODIES
    body = body_for(path, theirs) if has_body and wants_body else {}
    response = stranger.request(method, address, json=body if has_body else None, headers={"If-Match": '"1"'})
    if method == "PUT" and path.startswith(REFERRING) and path.endswith("}"):
        # What theirs refers to is not known here either: that is told first, in the same words as if there were none.
        assert response.status_code == 422
        assert "of this gateway" in response.text
    else:
        expected = 403 if "gateway_id" in parameters or is_of_the_installation(method, path) else 404
        assert response.status_code == expected, response.text


@pytest.mark.parametrize(("method", "path"), LISTS)
def test_lists_show_nothing_of_another_gateway(
    method: str, path: str, theirs: Belongings, stranger: httpx2.Client
) -> None:
    response = stranger.request(method, path)
    assert response.status_code in {200, 403}
    shown = json.dumps(response.json())
    assert not [name for name, identity in theirs.ids.items() if identity in shown]


def test_what_belongs_to_another_gateway_can_not_be_referred_to(theirs: Belongings, stranger: httpx2.Client) -> None:
    ids = theirs.ids
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("compute-resources", theirs.bodies["compute-resources"]),
        ("application-interfaces", theirs.bodies["application-interfaces"]),
        ("application-deployments", theirs.bodies["application-deployments"]),
        (
            "experiments",
            {
                "name": "e",
                "kind": "application",
                "interface_id": ids["interface_id"],
                "resource_id": ids["resource_id"],
                "launch": True,
            },
        ),
        (
            "experiments",
            {
                "name": "e",
                "kind": "tasks",
                "launch": True,
                "tasks": [
                    {"name": "t", "type": "command", "params": {"argv": ["id"]}, "resource_id": ids["resource_id"]}
                ],
            },
        ),
    ]
    for path, body in bodies:
        response = stranger.post(f"/api/v1/{path}", json=body)
        assert response.status_code == 422, (path, response.text)


def test_a_redrive_of_all_leaves_those_of_others_alone(theirs: Belongings, tenant: Tenant) -> None:
    with tenant.client() as client:
        assert client.post("/api/v1/dead-letters:redrive", json={}).status_code == 200
    with Session(tenant.api.engine) as session:
        letter = session.get(DeadLetter, theirs.ids["letter_id"])
    assert letter is not None
    assert letter.state == "NEW"
