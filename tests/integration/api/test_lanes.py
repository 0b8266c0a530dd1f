"""Lanes over REST: shown to all, paused and resumed by platform administrators, told to whoever waits, audited."""

from collections.abc import Iterator

import httpx2
import pytest

from api_server.auth.principal import Role
from tests.integration.api.conftest import Tenant

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
LANE = "/api/v1/lanes/output-staging/slow"


@pytest.fixture
def operator(tenant: Tenant) -> Iterator[httpx2.Client]:
    with tenant.client(Role.PLATFORM_ADMIN, "root") as client:
        yield client
        client.post(f"{LANE}/resume")


def shown(client: httpx2.Client) -> dict[str, object]:
    items = client.get("/api/v1/lanes").json()["items"]
    return next(one for one in items if (one["type"], one["lane"]) == ("output-staging", "slow"))


def test_a_lane_is_paused_with_a_reason_shown_to_everybody_resumed_and_audited(
    operator: httpx2.Client, tenant: Tenant
) -> None:
    done = operator.post(f"{LANE}/pause", json={"reason": "the archive is moved"})
    assert done.status_code == 200
    assert done.json() | {"paused": True, "actor": "root", "reason": "the archive is moved"} == done.json()
    again = operator.post(f"{LANE}/pause", json={"reason": "another"})
    assert again.json() == done.json(), "one that is paused already stays as it is"
    with tenant.client(Role.USER, "eve") as user:
        paused = shown(user)["paused"]
        assert isinstance(paused, dict)
        assert paused["reason"] == "the archive is moved"
        assert "root paused the slow lane of output-staging" in str(shown(user)["next"])
    assert operator.post(f"{LANE}/resume").json()["paused"] is False
    assert shown(operator)["paused"] is None
    audit = operator.get("/api/v1/audit", params={"object_id": "output-staging/slow"}).json()["items"]
    assert [one["action"] for one in audit] == ["resume", "pause"]


def test_only_a_platform_administrator_pauses_and_only_a_lane_that_there_is(
    operator: httpx2.Client, tenant: Tenant
) -> None:
    with tenant.client(Role.GATEWAY_ADMIN) as admin:
        assert admin.post(f"{LANE}/pause", json={}).status_code == 403
        assert admin.post(f"{LANE}/resume").status_code == 403
    assert operator.post("/api/v1/lanes/no-such-type/fast/pause", json={}).status_code == 404
    assert operator.post("/api/v1/lanes/command/medium/pause", json={}).status_code == 404
    assert operator.post(f"{LANE}/pause", json={"reason": "x" * 501}).status_code == 422


def test_partitions_that_nobody_holds_are_shown_as_such(operator: httpx2.Client, tenant: Tenant) -> None:
    found = operator.get("/api/v1/lanes/command/partitions").json()
    assert found["topic"] == "howdah.tasks.command"
    assert {one["instance_id"] for one in found["items"]} == {None}
    with tenant.client(Role.USER) as user:
        assert user.get("/api/v1/lanes/command/partitions").status_code == 403
