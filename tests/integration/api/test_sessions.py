"""The console's sessions: opened once by a link, kept in a cookie that scripts can't read, useless to other sites."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from api_server.auth.principal import Role, Scope
from tests.integration.api.conftest import Api, Tenant

pytestmark = pytest.mark.integration

CONSOLE = {"Howdah-Console": "1"}


@pytest.fixture
def browser(api: Api) -> Iterator[httpx2.Client]:
    with api.client(None) as client:
        yield client


def test_a_token_opens_a_session_that_no_script_can_read(tenant: Tenant, browser: httpx2.Client) -> None:
    opened = browser.post("/api/v1/session", json={"token": tenant.token(Role.USER, "ada")})
    assert opened.status_code == 200, opened.text
    cookie = opened.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age="))
    assert opened.headers["cache-control"] == "no-store"
    assert browser.get("/api/v1/me").json()["subject"] == "ada"


def test_a_login_code_opens_one_session_whoever_races(api: Api, admin: httpx2.Client) -> None:
    made = admin.post("/api/v1/session/codes")
    assert made.status_code == 201
    code = made.json()["code"]
    assert made.json()["url"].endswith(f"/login#code={code}")

    def redeem(_: int) -> int:
        with api.client(None) as client:
            return client.post("/api/v1/session", json={"code": code}).status_code

    with ThreadPoolExecutor(8) as racers:
        assert sorted(racers.map(redeem, range(8))) == [200] + [401] * 7


def test_a_login_code_is_no_token(api: Api, admin: httpx2.Client) -> None:
    code = admin.post("/api/v1/session/codes").json()["code"]
    with api.client(code) as client:
        assert client.get("/api/v1/me").status_code == 401


def test_a_code_gives_no_more_than_its_maker_had(tenant: Tenant, browser: httpx2.Client) -> None:
    few = frozenset({Scope.EXPERIMENTS_READ})
    with tenant.client(Role.GATEWAY_ADMIN, "ada", few) as client:
        code = client.post("/api/v1/session/codes").json()["code"]
    opened = browser.post("/api/v1/session", json={"code": code})
    assert opened.json()["scopes"] == ["experiments:read"]
    assert browser.get("/api/v1/tokens").status_code == 403


def test_another_site_can_change_nothing_with_the_cookie(tenant: Tenant, browser: httpx2.Client) -> None:
    browser.post("/api/v1/session", json={"token": tenant.token(Role.GATEWAY_ADMIN, "ada")})
    body = {"name": "gromacs"}
    refused = browser.post("/api/v1/application-modules", json=body)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/cross-site-request")
    assert browser.post("/api/v1/application-modules", json=body, headers=CONSOLE).status_code == 201


def test_signing_out_ends_the_session_and_leaves_the_token(tenant: Tenant, api: Api, browser: httpx2.Client) -> None:
    token = tenant.token(Role.USER, "ada")
    browser.post("/api/v1/session", json={"token": token})
    kept = dict(browser.cookies)
    assert browser.delete("/api/v1/session", headers=CONSOLE).status_code == 204
    assert browser.get("/api/v1/me").status_code == 401
    with api.client(None) as thief:
        thief.cookies.update(kept)
        assert thief.get("/api/v1/me").status_code == 401, "a copied cookie is worth nothing afterwards"
    with api.client(token) as client:
        assert client.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize("body", [{}, {"token": "hwd_" + "x" * 43}, {"code": "hwc_" + "x" * 43}, {"code": "x"}])
def test_nothing_else_opens_one(browser: httpx2.Client, body: dict[str, str]) -> None:
    refused = browser.post("/api/v1/session", json=body)
    assert refused.status_code in {401, 422}
    assert "set-cookie" not in refused.headers


def test_a_service_opens_none(tenant: Tenant, browser: httpx2.Client) -> None:
    token = tenant.token(Role.SERVICE, "env-setup")
    assert browser.post("/api/v1/session", json={"token": token}).status_code == 403


def test_a_session_follows_the_stream(tenant: Tenant, browser: httpx2.Client) -> None:
    browser.post("/api/v1/session", json={"token": tenant.token(Role.USER, "ada")})
    with browser.stream("GET", "/api/v1/stream") as answer:
        assert answer.status_code == 200
        assert next(line for line in answer.iter_lines() if line.startswith("event:")) == "event: snapshot"
