"""Agents over REST: resources that say so, enrolments with their secrets told once, rights given and taken."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api_server.auth.principal import Role
from api_server.compute_resources.agents import Enrolments
from api_server.problems import ConflictError
from howdah.contracts import codec
from howdah.contracts.agents import agent_topics
from howdah.contracts.exchange import CAPABILITY_HEADER, SIGNED_URLS_PATH
from howdah.contracts.ids import ResourceId
from tests.integration.api.conftest import Api, Tenant
from tests.integration.api.test_catalogue import make, the_errors

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIJ8vOuWD4n/aPgkNzLdGbOHBBxtqHbaCnhgZNP4cHYbW"
BODY: dict[str, Any] = {"name": "far", "reach": "agent", "scheduler": "slurm", "scratch": "/scratch/me"}


@pytest.fixture
def operator(tenant: Tenant) -> Iterator[httpx2.Client]:
    with tenant.client(Role.PLATFORM_ADMIN, "root") as client:
        yield client


@pytest.fixture
def resource(admin: httpx2.Client) -> dict[str, Any]:
    return make(admin, "compute-resources", BODY)


def path_of(resource: dict[str, Any]) -> str:
    return f"/api/v1/compute-resources/{resource['id']}/agent"


def test_a_gateways_administrator_describes_a_resource_that_an_agent_works_on(resource: dict[str, Any]) -> None:
    assert (resource["reach"], resource["transport"]) == ("agent", "local")
    assert (resource["username"], resource["credential_id"], resource["host_keys"]) == (None, None, [])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"transport": "ssh"}, "an agent works where it runs"),
        ({"username": "me"}, "username: would be ignored"),
        (
            {"host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8vOuWD4n/aPgkNzLdGbOHBBxtqHbaCnhgZNP4cHYbW"]},
            "host_keys",
        ),
        ({"reach": "pigeon"}, "'ssh' or 'agent'"),
    ],
)
def test_what_would_be_ignored_is_refused(admin: httpx2.Client, changed: dict[str, Any], words: str) -> None:
    answer = admin.post("/api/v1/compute-resources", json=BODY | changed)
    assert answer.status_code == 422
    assert words in answer.text


def test_a_local_resource_is_still_for_platform_administrators(admin: httpx2.Client) -> None:
    body = BODY | {"reach": "ssh", "transport": "local"}
    assert admin.post("/api/v1/compute-resources", json=body).status_code == 403


def test_an_enrolment_gives_rights_and_tells_its_secrets_once(
    api: Api, operator: httpx2.Client, admin: httpx2.Client, resource: dict[str, Any]
) -> None:
    own = agent_topics(ResourceId(resource["id"]))
    answer = operator.post(path_of(resource))
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    settings = answer.json()["settings"]
    assert settings["HOWDAH_KAFKA_USERNAME"] == own.user
    assert settings["HOWDAH_KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL"
    assert settings["HOWDAH_KAFKA_BOOTSTRAP"] == "kafka.example.org:9093"
    assert api.broker.accounts[own.user] == own.access
    assert all(api.broker.topic(topic.name) is not None for topic in own.all)
    shown = admin.get(path_of(resource))
    assert shown.json() == answer.json()["agent"]
    for secret in (settings["HOWDAH_KAFKA_PASSWORD"], settings["HOWDAH_SERVICE_TOKEN"]):
        assert len(secret) >= 40
        assert secret not in shown.text
        with api.engine.connect() as connection:
            for table in ("agent", "token", "audit", "idempotency_key"):
                rows = connection.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608 - our own tables
                assert secret not in repr(rows)


def test_an_agent_is_enrolled_once_and_then_rotated(operator: httpx2.Client, resource: dict[str, Any]) -> None:
    first = operator.post(path_of(resource)).json()["settings"]
    again = operator.post(path_of(resource))
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-enrolled")
    second = operator.post(f"{path_of(resource)}/rotation").json()
    assert second["agent"]["rotated_at"] is not None
    for name in ("HOWDAH_KAFKA_PASSWORD", "HOWDAH_SERVICE_TOKEN"):
        assert first[name] != second["settings"][name]


def test_its_token_opens_only_what_is_granted_to_it_and_only_until_it_is_revoked(
    api: Api, operator: httpx2.Client, admin: httpx2.Client, resource: dict[str, Any], tenant: Tenant
) -> None:
    token = operator.post(path_of(resource)).json()["settings"]["HOWDAH_SERVICE_TOKEN"]
    look_id = admin.post(f"/api/v1/compute-resources/{resource['id']}/test").json()["id"]
    own = agent_topics(ResourceId(resource["id"]))
    asked = api.broker.connect("agent").batches([own.looks.name], f"test-{look_id}")
    request = next(codec.LOOKS.decode(record.value) for record in asked.poll(10.0))
    asked.close()
    assert request.look_id == look_id
    headers = {CAPABILITY_HEADER: request.capability or ""}
    body = {"uri": "howdah://objects/x/y", "access": "read"}

    def asks(bearer: str, theirs: dict[str, str] = headers) -> tuple[int, str]:
        with api.client(bearer) as client:
            answer = client.post(SIGNED_URLS_PATH, json=body, headers=theirs)
            return answer.status_code, answer.json()["detail"]

    assert asks(token) == (403, f"Task {look_id} was not granted to read howdah://objects/x/y.")
    assert "belongs to agent:" in asks(tenant.token(Role.SERVICE, "services"))[1]
    with api.client(token) as client:
        assert client.get("/api/v1/experiments").status_code == 403
    assert operator.delete(path_of(resource)).status_code == 204
    assert asks(token)[0] == 401
    assert own.user not in api.broker.accounts
    assert operator.get(path_of(resource)).status_code == 404


def test_nobody_but_a_platform_administrator_enrols(resource: dict[str, Any], tenant: Tenant) -> None:
    for role in (Role.GATEWAY_ADMIN, Role.USER, Role.VIEWER):
        with tenant.client(role) as client:
            assert client.post(path_of(resource)).status_code == 403
            assert client.delete(path_of(resource)).status_code == 403


def test_only_a_resource_for_agents_gets_one(operator: httpx2.Client, admin: httpx2.Client) -> None:
    other = make(operator, "compute-resources", {"name": "here", "scheduler": "fork", "transport": "local"})
    answer = operator.post(path_of(other))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/no-agent-resource")
    assert operator.post(path_of({"id": "0199e0d4-7d7c-7b3a-9a54-0c6f0d3c2f11"})).status_code == 404
    assert admin.get(path_of(other)).status_code == 404


def test_a_resource_with_an_enrolled_agent_stays_what_it_is(operator: httpx2.Client, resource: dict[str, Any]) -> None:
    operator.post(path_of(resource))
    one = f"/api/v1/compute-resources/{resource['id']}"
    assert "enrolled agent" in operator.delete(one).json()["detail"]
    changed = operator.put(
        one, json=BODY | {"reach": "ssh", "transport": "local"}, headers={"If-Match": f'"{resource["version"]}"'}
    )
    assert "revoke it first" in str(the_errors(changed, 422))
    operator.delete(path_of(resource))
    assert operator.delete(one).status_code == 204


def test_without_a_way_to_the_brokers_none_can_be_enrolled(api: Api, tenant: Tenant, resource: dict[str, Any]) -> None:
    settings = api.settings.model_copy(update={"agent_kafka_bootstrap": None})
    principal = api.parts.authenticator.authenticate(tenant.token(Role.PLATFORM_ADMIN, "root"))
    with api.parts.registry.transaction() as work:
        enrolments = Enrolments(work, principal, settings, api.parts.brokers)
        with pytest.raises(ConflictError, match="HOWDAH_AGENT_KAFKA_BOOTSTRAP"):
            enrolments.enrol(resource["id"])
