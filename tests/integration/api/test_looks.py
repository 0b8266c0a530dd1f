"""The reachability test from REST to a real sshd and back: API, outbox, service, answer, registry."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from api_server.auth.principal import Role
from api_server.orchestrator.batches import BatchLoop
from api_server.orchestrator.sinks import LookSink
from howdah.contracts import codec, topics
from howdah.runtime.clock import SystemClock
from howdah.tasks import ServiceSettings
from howdah.tasks.service import Service
from howdah.tasks.tools import SharedReach, make_tools
from services.resource_look.handler import make_looks
from tests.fixtures.slurm import SlurmCluster
from tests.fixtures.sshd import SshServer
from tests.integration.api.conftest import Api, Tenant
from tests.integration.api.test_catalogue import make, the_errors

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture
def answering(api: Api, tenant: Tenant) -> Iterator[None]:
    """The service and the orchestrator's part, on the API server's own broker."""
    settings = ServiceSettings.load(
        service_name="resource-look",
        api_url=api.url,
        service_token=tenant.token(Role.SERVICE, "services"),
        health_port=0,
    )
    clock, reach, stop = SystemClock(), SharedReach(), threading.Event()
    with api.broker.connect("looking") as messaging:
        service = Service([], settings, messaging, tools=make_tools(settings, clock, reach), parts=[make_looks])
        reader = api.broker.connect("storing").batches([topics.LOOK_ANSWERS.name], "storing")
        sink = LookSink(api.parts.registry)
        loop = BatchLoop(reader, lambda record: codec.LOOK_ANSWERS.decode(record.value), sink.store, clock, limit=100)
        threads = [threading.Thread(target=service.run), threading.Thread(target=loop.run, args=(stop,))]
        for thread in threads:
            thread.start()
        yield
        service.stop()
        stop.set()
        for thread in threads:
            thread.join(30)
    reach.close()


@pytest.fixture
def resource(admin: httpx2.Client, sshd: SshServer) -> dict[str, Any]:
    key = {"name": "key", "kind": "ssh-key", "private_key": sshd.private_key}
    credential_id = make(admin, "credentials", key)["id"]
    body = {
        "name": "cluster",
        "scheduler": "fork",
        "host": "127.0.0.1",
        "port": sshd.port,
        "username": sshd.user,
        "credential_id": credential_id,
        "scratch": str(sshd.work_root),
    }
    return make(admin, "compute-resources", body)


def _test(admin: httpx2.Client, resource: dict[str, Any], wait: float = 30) -> dict[str, Any]:
    while True:
        response = admin.post(f"/api/v1/compute-resources/{resource['id']}/test", params={"wait": wait})
        if response.status_code != 429:
            break
        time.sleep(float(response.headers["Retry-After"]))
    assert response.status_code in {200, 202}, response.text
    shown: dict[str, Any] = response.json()
    assert admin.get(response.headers["Location"]).json()["id"] == shown["id"]
    return shown


def _steps(shown: dict[str, Any]) -> dict[str, str]:
    return {step["step"]: step["passing"] for step in shown["report"]["steps"]}


@pytest.mark.usefixtures("answering")
def test_a_host_is_tested_confirmed_and_tested_again(
    admin: httpx2.Client, resource: dict[str, Any], sshd: SshServer, tenant: Tenant
) -> None:
    path = f"/api/v1/compute-resources/{resource['id']}"
    shown = _test(admin, resource)
    assert shown["state"] == "done", shown
    assert _steps(shown)["host-key"] == "failed"
    assert _steps(shown)["login"] == "not reached"
    (step,) = [one for one in shown["report"]["steps"] if one["step"] == "host-key"]
    assert step["facts"]["host_key"] == sshd.host_key_line

    wrong = admin.post(f"{path}/host-keys", json={"fingerprint": "SHA256:" + "A" * 43})
    assert "is no fingerprint that 127.0.0.1 showed" in the_errors(wrong, 422)["fingerprint"]
    seen = the_errors(wrong, 422)["fingerprint"].rpartition(" ")[2]
    pinned = admin.post(f"{path}/host-keys", json={"fingerprint": seen})
    assert pinned.json()["host_keys"] == [sshd.host_key_line]

    shown = _test(admin, resource)
    assert shown["report"]["reached"], shown
    with tenant.client(Role.VIEWER) as viewer:
        assert len(viewer.get(f"{path}/tests").json()["items"]) == 2


def test_nobody_else_may_test_a_resource_or_see_its_tests(
    admin: httpx2.Client, resource: dict[str, Any], tenant: Tenant, new_tenant: Callable[[], Tenant]
) -> None:
    path = f"/api/v1/compute-resources/{resource['id']}"
    location = f"{path}/tests/{_test(admin, resource, wait=0)['id']}"
    with tenant.client(Role.USER) as user, new_tenant().client() as stranger:
        assert user.post(f"{path}/test").status_code == 403
        assert user.post(f"{path}/host-keys", json={"fingerprint": "SHA256:" + "A" * 43}).status_code == 403
        assert user.get(location).status_code == 200
        assert stranger.post(f"{path}/test").status_code == 404
        assert stranger.get(location).status_code == 404
        assert stranger.get(f"{path}/tests").status_code == 404


def test_requests_at_once_share_one_look(admin: httpx2.Client, resource: dict[str, Any]) -> None:
    first = _test(admin, resource, wait=0)
    assert first["state"] == "running"
    assert {_test(admin, resource, wait=0)["id"] for _ in range(5)} == {first["id"]}


@pytest.fixture
def cluster(admin: httpx2.Client, resource: dict[str, Any], sshd: SshServer, slurm: SlurmCluster) -> dict[str, Any]:
    """The same host by its Slurm, its key confirmed."""
    fields = {name: resource[name] for name in ("host", "port", "username", "credential_id", "scratch")}
    known = {"host_keys": [sshd.host_key_line], "environment": slurm.environment, "queues": [{"name": "debug"}]}
    return make(admin, "compute-resources", {**fields, "name": "slurm", "scheduler": "slurm", **known})


@pytest.mark.usefixtures("answering")
def test_queues_are_looked_at_once_a_minute_and_told_to_all_of_the_gateway(
    resource: dict[str, Any], cluster: dict[str, Any], tenant: Tenant, new_tenant: Callable[[], Tenant]
) -> None:
    path = f"/api/v1/compute-resources/{cluster['id']}/queues"
    with tenant.client(Role.USER) as user:
        assert user.get(path).json()["state"] == "never"
        seen = user.post(path, params={"wait": 30})
        assert seen.status_code == 200, seen.text
        [queue] = seen.json()["queues"]
        assert (queue["name"], queue["starts_jobs"]) == ("debug", True)
        assert user.post(path).json() == seen.json(), "what was seen a moment ago is the answer"
        refused = user.post(f"/api/v1/compute-resources/{resource['id']}/queues")
        assert refused.status_code == 422
        assert "The scheduler of cluster is fork" in refused.json()["detail"]
    with tenant.client(Role.VIEWER) as viewer, new_tenant().client() as stranger:
        assert viewer.get(path).json() == seen.json()
        known_to_all = viewer.get("/api/v1/compute-resources:queues").json()["items"]
        assert [(one["resource_name"], one["readable"], one["state"]) for one in known_to_all] == [
            ("cluster", False, "never"),
            ("slurm", True, "done"),
        ]
        assert viewer.post(path).status_code == 403
        assert stranger.get("/api/v1/compute-resources:queues").json()["items"] == []
