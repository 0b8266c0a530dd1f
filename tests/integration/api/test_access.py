"""Who gets in, with what rights, and for how long."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from api_server.auth.principal import Role, Scope
from tests.integration.api.conftest import Api, Tenant

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("header", [None, "hwd_x", "Basic YTpi", "Bearer", "Bearer x", "Bearer hwd_" + "x" * 43])
def test_nobody_gets_in_without_a_token_of_ours(api: Api, header: str | None) -> None:
    with api.client(None) as client:
        response = client.get("/api/v1/me", headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    problem = response.json()
    assert (problem["type"], problem["status"]) == ("/problems/unauthenticated", 401)
    assert len(problem["trace_id"]) == 32


def test_a_token_says_who_one_is(tenant: Tenant) -> None:
    with tenant.client(Role.VIEWER, "grace") as client:
        assert client.get("/api/v1/me").json() == {
            "gateway_id": tenant.gateway_id,
            "subject": "grace",
            "role": "viewer",
            "scopes": ["catalogue:read", "experiments:read", "files:read"],
        }


def test_a_made_token_works_until_it_is_revoked(api: Api, admin: httpx2.Client) -> None:
    made = admin.post("/api/v1/tokens", json={"name": "portal", "subject": "alice", "role": "user"})
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    token, token_id = made.json()["token"], made.json()["id"]
    assert token.startswith("hwd_")
    assert token not in admin.get(f"/api/v1/tokens/{token_id}").text
    assert token not in admin.get("/api/v1/tokens").text
    with api.client(token) as client:
        assert client.get("/api/v1/me").json()["subject"] == "alice"
        assert admin.delete(f"/api/v1/tokens/{token_id}").status_code == 204
        assert client.get("/api/v1/me").status_code == 401
    assert admin.get(f"/api/v1/tokens/{token_id}").json()["revoked_at"] is not None


def test_a_revocation_elsewhere_holds_when_the_remembered_look_up_has_ended(api: Api, tenant: Tenant) -> None:
    with tenant.client(Role.USER, "alice") as client:
        assert client.get("/api/v1/me").status_code == 200
        with api.engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE token SET revoked_at = now() WHERE gateway_id = %s", (tenant.gateway_id,)
            )
        revoked_at = time.monotonic()
        while client.get("/api/v1/me").status_code == 200:
            assert time.monotonic() < revoked_at + api.settings.token_cache_seconds + 2


def test_a_token_ends_when_it_says(api: Api, admin: httpx2.Client) -> None:
    body = {"name": "short", "subject": "alice", "role": "user"}
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    assert admin.post("/api/v1/tokens", json={**body, "expires_at": past}).status_code == 422
    soon = datetime.now(UTC) + timedelta(seconds=1)
    token = admin.post("/api/v1/tokens", json={**body, "expires_at": soon.isoformat()}).json()["token"]
    with api.client(token) as client:
        assert client.get("/api/v1/me").status_code == 200
        while client.get("/api/v1/me").status_code == 200:
            assert datetime.now(UTC) < soon + timedelta(seconds=1)
        assert "expired" in client.get("/api/v1/me").json()["detail"]


def test_a_disabled_gateway_is_locked_out(tenant: Tenant, new_tenant: Callable[[], Tenant]) -> None:
    other = new_tenant()
    with tenant.client(Role.PLATFORM_ADMIN, "root") as root, other.client() as locked:
        assert locked.get("/api/v1/me").status_code == 200
        shown = root.get(f"/api/v1/gateways/{other.gateway_id}")
        body = {"name": shown.json()["name"], "enabled": False}
        path = f"/api/v1/gateways/{other.gateway_id}"
        assert root.put(path, json=body, headers={"If-Match": shown.headers["etag"]}).status_code == 200
        refused = locked.get("/api/v1/me")
        assert refused.status_code == 401
        assert "disabled" in refused.json()["detail"]
        own = root.put(
            f"/api/v1/gateways/{tenant.gateway_id}",
            json={"name": "mine", "enabled": False},
            headers={"If-Match": '"1"'},
        )
        assert own.json()["type"] == "/problems/own-gateway"


def test_a_platform_administrator_gives_a_new_gateway_its_first_token(api: Api, tenant: Tenant) -> None:
    with tenant.client(Role.PLATFORM_ADMIN, "root") as root:
        name = f"new-{tenant.gateway_id[-12:]}"
        gateway = root.post("/api/v1/gateways", json={"name": name}).json()
        assert root.post("/api/v1/gateways", json={"name": name}).status_code == 409
        body = {"name": "first", "subject": "eve", "role": "gateway-admin", "gateway_id": gateway["id"]}
        token = root.post("/api/v1/tokens", json=body).json()["token"]
    with api.client(token) as client:
        assert client.get("/api/v1/me").json()["gateway_id"] == gateway["id"]


@pytest.mark.parametrize(
    ("role", "method", "path", "scope"),
    [
        (Role.VIEWER, "POST", "/api/v1/experiments", "experiments:write"),
        (Role.VIEWER, "POST", "/api/v1/files", "files:write"),
        (Role.USER, "POST", "/api/v1/compute-resources", "catalogue:write"),
        (Role.USER, "POST", "/api/v1/credentials", "credentials:write"),
        (Role.USER, "GET", "/api/v1/tokens", "access:read"),
        (Role.USER, "GET", "/api/v1/dead-letters", "operations:read"),
        (Role.SERVICE, "GET", "/api/v1/experiments", "experiments:read"),
        (Role.PLATFORM_ADMIN, "POST", "/internal/v1/secrets", "internal"),
    ],
)
def test_a_role_does_what_it_is_for_and_no_more(tenant: Tenant, role: Role, method: str, path: str, scope: str) -> None:
    with tenant.client(role, "somebody") as client:
        refused = client.request(method, path, json={}, headers={"Howdah-Capability": "x"})
    assert refused.status_code == 403
    assert refused.json()["type"] == "/problems/missing-scope"
    assert scope in refused.json()["detail"]


def test_nobody_gives_what_they_do_not_have(
    tenant: Tenant, admin: httpx2.Client, new_tenant: Callable[[], Tenant]
) -> None:
    def ask(client: httpx2.Client, **fields: object) -> httpx2.Response:
        return client.post("/api/v1/tokens", json={"name": "t", "subject": "mallory", **fields})

    assert ask(admin, role="platform-admin").status_code == 403
    assert ask(admin, role="service").status_code == 403
    assert ask(admin, role="user", gateway_id=new_tenant().gateway_id).status_code == 403
    beyond = ask(admin, role="viewer", scopes=["files:write"])
    assert beyond.status_code == 422
    assert "has no files:write" in beyond.json()["errors"][0]["message"]
    with tenant.client(scopes=frozenset({Scope.ACCESS_WRITE})) as restricted:
        assert ask(restricted, role="gateway-admin").status_code == 403
        assert ask(restricted, role="gateway-admin", scopes=["access:write"]).status_code == 201


def test_only_platform_administrators_see_gateways(admin: httpx2.Client, tenant: Tenant) -> None:
    assert admin.get("/api/v1/gateways").status_code == 403
    assert admin.get(f"/api/v1/gateways/{tenant.gateway_id}").status_code == 403
