"""What task services ask for: the secret, the URL and the renewal that their capability grants, and nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from api_server.auth.capabilities import LIFE, Capabilities, Grant
from api_server.auth.principal import Role
from howdah.contracts.exchange import (
    CAPABILITIES_PATH,
    CAPABILITY_HEADER,
    REAPING_HOURS,
    SECRETS_PATH,
    SIGNED_URLS_PATH,
)
from howdah.contracts.ids import new_id
from howdah.runtime.clock import SystemClock
from tests.integration.api.conftest import Api, Tenant, a_key

pytestmark = pytest.mark.integration


class LongAgo(SystemClock):
    def now(self) -> datetime:
        return datetime.now(UTC) - LIFE - timedelta(seconds=1)


@pytest.fixture
def service(tenant: Tenant) -> Iterator[httpx2.Client]:
    with tenant.client(Role.SERVICE, "services") as client:
        yield client


@pytest.fixture
def credential_id(admin: httpx2.Client) -> str:
    made = admin.post("/api/v1/credentials", json={"name": "pw", "kind": "password", "password": "correct horse"})
    return str(made.json()["id"])


@pytest.fixture
def task_id(admin: httpx2.Client) -> str:
    body = {"name": "e", "kind": "tasks", "tasks": [{"name": "t", "type": "noop"}], "launch": True}
    made = admin.post("/api/v1/experiments", json=body)
    assert made.status_code == 201, made.text
    tasks = admin.get(f"/api/v1/experiments/{made.json()['id']}/tasks").json()["items"]
    return str(tasks[0]["id"])


@pytest.fixture
def grant(tenant: Tenant, credential_id: str, task_id: str) -> Grant:
    return Grant(
        task_id=task_id,
        task_type="noop",
        process_id=new_id(),
        gateway_id=tenant.gateway_id,
        credentials=(credential_id,),
        reads=("howdah://objects/a/in",),
        writes=("howdah://objects/a/out",),
    )


def ask(client: httpx2.Client, path: str, capability: str, body: object = None) -> httpx2.Response:
    return client.post(path, json=body, headers={CAPABILITY_HEADER: capability})


def slug(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].removeprefix("/problems/")


def test_the_secret_is_revealed_to_the_task_that_was_granted_it_and_audited(
    api: Api, tenant: Tenant, service: httpx2.Client, grant: Grant
) -> None:
    capability = api.parts.capabilities.mint(grant)
    told = ask(service, SECRETS_PATH, capability, {"credential_id": grant.credentials[0]})
    assert told.status_code == 200, told.text
    assert told.json() == {"kind": "password", "password": "correct horse", "answers": []}
    assert told.headers["cache-control"] == "no-store"
    with api.engine.connect() as connection:
        row = connection.exec_driver_sql(
            "SELECT actor, object_id, details FROM audit WHERE gateway_id = %s AND action = 'reveal'",
            (tenant.gateway_id,),
        ).one()
    assert row == ("service:services", grant.credentials[0], {"task_id": grant.task_id, "task_type": "noop"})


def test_what_was_not_granted_is_refused(
    api: Api, tenant: Tenant, service: httpx2.Client, grant: Grant, admin: httpx2.Client
) -> None:
    other = admin.post("/api/v1/credentials", json={"name": "o", "kind": "password", "password": "x"}).json()["id"]
    capability = api.parts.capabilities.mint(grant)
    refusals = [
        ask(service, SECRETS_PATH, capability, {"credential_id": other}),
        ask(service, SIGNED_URLS_PATH, capability, {"uri": "howdah://objects/a/out", "access": "read"}),
        ask(service, SIGNED_URLS_PATH, capability, {"uri": "howdah://objects/a/in", "access": "write"}),
        ask(service, SIGNED_URLS_PATH, capability, {"uri": "howdah://objects/b", "access": "read"}),
    ]
    with tenant.client(Role.SERVICE, "env-setup") as wrong_service:
        refusals.append(ask(wrong_service, SECRETS_PATH, capability, {"credential_id": grant.credentials[0]}))
    assert [slug(response) for response in refusals] == [(403, "not-granted")] * 5


def test_a_capability_alone_is_worth_nothing(api: Api, admin: httpx2.Client, grant: Grant) -> None:
    capability = api.parts.capabilities.mint(grant)
    body = {"credential_id": grant.credentials[0]}
    assert ask(admin, SECRETS_PATH, capability, body).status_code == 403
    with api.client(None) as anybody:
        assert ask(anybody, SECRETS_PATH, capability, body).status_code == 401


def test_a_credential_of_another_gateway_is_not_found_whatever_the_capability_says(
    api: Api, service: httpx2.Client, grant: Grant, new_tenant: Callable[[], Tenant]
) -> None:
    foreign = replace(grant, gateway_id=new_tenant().gateway_id)
    capability = api.parts.capabilities.mint(foreign)
    assert slug(ask(service, SECRETS_PATH, capability, {"credential_id": grant.credentials[0]})) == (404, "not-found")


def test_expired_and_forged_capabilities_are_told_apart(api: Api, service: httpx2.Client, grant: Grant) -> None:
    key = api.parts.capabilities._key
    expired = Capabilities(key, LongAgo()).mint(grant)
    forged = Capabilities(a_key().encode(), SystemClock()).mint(grant)
    body = {"credential_id": grant.credentials[0]}
    assert slug(ask(service, SECRETS_PATH, expired, body)) == (401, "capability-expired")
    assert slug(ask(service, SECRETS_PATH, forged, body)) == (401, "capability-invalid")
    assert slug(ask(service, SECRETS_PATH, "rubbish", body)) == (401, "capability-invalid")
    assert slug(ask(service, CAPABILITIES_PATH, forged)) == (401, "capability-invalid")
    renewed = ask(service, CAPABILITIES_PATH, expired)
    assert renewed.status_code == 200, renewed.text
    assert ask(service, SECRETS_PATH, renewed.json()["capability"], body).status_code == 200


def test_a_terminal_task_gets_no_renewal(api: Api, service: httpx2.Client, grant: Grant) -> None:
    with api.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE task SET state = 'COMPLETED' WHERE id = %s", (grant.task_id,))
    assert slug(ask(service, CAPABILITIES_PATH, api.parts.capabilities.mint(grant))) == (409, "task-terminal")
    gone = replace(grant, task_id=new_id())
    assert slug(ask(service, CAPABILITIES_PATH, api.parts.capabilities.mint(gone))) == (409, "task-terminal")


def end_canceled(api: Api, grant: Grant, *, job: str, hours_ago: float) -> None:
    """What an unconfirmed cancel leaves: the task and its process are CANCELED, the job is in ``job``."""
    with api.engine.begin() as connection:
        (process_id,) = connection.exec_driver_sql(
            "UPDATE task SET state = 'CANCELED', ended_at = now() - make_interval(hours => 1) * %s WHERE id = %s"
            " RETURNING process_id",
            (hours_ago, grant.task_id),
        ).one()
        connection.exec_driver_sql("UPDATE process SET state = 'CANCELED' WHERE id = %s", (process_id,))
        connection.exec_driver_sql(
            "INSERT INTO job (task_id, generation, gateway_id, experiment_id, process_id, job_name, state, reason)"
            " SELECT id, 1, gateway_id, experiment_id, process_id, 'j', %s, '' FROM task WHERE id = %s"
            " ON CONFLICT (task_id, generation) DO UPDATE SET state = excluded.state",
            (job, grant.task_id),
        )


def test_after_an_unconfirmed_cancel_the_reaper_is_served_for_48_hours(
    api: Api, service: httpx2.Client, grant: Grant
) -> None:
    expired = Capabilities(api.parts.capabilities._key, LongAgo()).mint(grant)
    end_canceled(api, grant, job="ACTIVE", hours_ago=REAPING_HOURS - 0.1)
    renewed = ask(service, CAPABILITIES_PATH, expired)
    assert renewed.status_code == 200, renewed.text
    body = {"credential_id": grant.credentials[0]}
    assert ask(service, SECRETS_PATH, renewed.json()["capability"], body).status_code == 200
    end_canceled(api, grant, job="ACTIVE", hours_ago=REAPING_HOURS + 0.1)
    assert slug(ask(service, CAPABILITIES_PATH, expired)) == (409, "task-terminal")


def test_once_the_job_is_known_to_be_gone_nobody_is_served_any_more(
    api: Api, service: httpx2.Client, grant: Grant
) -> None:
    end_canceled(api, grant, job="CANCELED", hours_ago=0.1)
    assert slug(ask(service, CAPABILITIES_PATH, api.parts.capabilities.mint(grant))) == (409, "task-terminal")


def test_objects_go_in_and_out_through_the_urls(api: Api, service: httpx2.Client, grant: Grant) -> None:
    capability = api.parts.capabilities.mint(replace(grant, reads=(*grant.reads, *grant.writes)))

    def url(access: str) -> str:
        signed = ask(service, SIGNED_URLS_PATH, capability, {"uri": "howdah://objects/a/out", "access": access})
        assert signed.status_code == 200, signed.text
        return str(signed.json()["url"])

    with api.client(None) as anybody:
        assert anybody.put(url("write"), content=b"result").status_code == 200
        assert anybody.get(url("read")).content == b"result"


def test_keys_that_leave_the_store_are_not_signed(api: Api, service: httpx2.Client, grant: Grant) -> None:
    uri = "howdah://objects/a/../../x"
    capability = api.parts.capabilities.mint(replace(grant, reads=(uri,)))
    assert ask(service, SIGNED_URLS_PATH, capability, {"uri": uri, "access": "read"}).status_code == 404
