"""The whole platform in one process: API, orchestrator and task services on PostgreSQL, a real sshd and a folder.

Only Kafka is the in-memory twin, whose conformance is proven elsewhere.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api_server.auth.principal import Role
from api_server.orchestrator.orchestrator import Orchestrator
from api_server.orchestrator.settings import OrchestratorSettings
from howdah.contracts import topics
from howdah.contracts.ids import new_id
from howdah.runtime.clock import SystemClock
from howdah.storage.settings import staging_settings
from howdah.tasks import ServiceSettings
from howdah.tasks.service import Service
from howdah.tasks.tools import SharedReach, make_tools
from services.env_cleanup.handler import clean_up
from services.env_setup.handler import env_setup
from services.input_staging.handler import stage_input
from services.job_monitoring.handler import follow_job
from services.job_monitoring.monitor import make_monitor
from services.job_submission.handler import submit_job
from services.output_staging.handler import stage_output
from services.resource_look.handler import make_looks
from tests.fixtures.interface import PostgresDaemon
from tests.fixtures.sshd import SshServer
from tests.fixtures.waiting import await_value
from tests.integration.api.conftest import (
    Api,
    Tenant,
    admin,
    api,
    api_database,
    new_tenant,
    tenant,
)
from tests.integration.api.test_catalogue import make

__all__ = ["Api", "PostgresDaemon", "Tenant", "admin", "api", "api_database", "new_tenant", "tenant"]

TASKS = (env_setup, stage_input, submit_job, follow_job, stage_output, clean_up)
ENDED = {"COMPLETED", "FAILED", "CANCELED"}


@pytest.fixture(scope="package")
def working(api: Api, sshd: SshServer) -> Iterator[None]:
    """The orchestrator and one process with every task service."""
    del sshd  # it outlives the connections to it
    owner = Tenant(api, new_id())
    with api.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO gateway (id, name, description, enabled, version) VALUES (%s, 'services', '', true, 1)",
            (owner.gateway_id,),
        )
    settings = ServiceSettings.load(
        service_name="every-service",
        api_url=api.url,
        service_token=owner.token(Role.SERVICE, "services"),
        health_port=0,
        monitor_interval_seconds=0.3,
    )
    clock, reach = SystemClock(), SharedReach()
    with api.broker.connect("services") as messaging, api.broker.connect("orchestrator") as theirs:
        messaging.admin().ensure(topics.platform_topics(tuple(task.type for task in TASKS)))
        tools = make_tools(settings, clock, reach)
        service = Service(TASKS, settings, messaging, tools=tools, parts=[make_monitor, make_looks])
        values = api.settings.model_dump() | {"service_name": "orchestrator", "timer_period_seconds": 0.05}
        orchestrator = Orchestrator(
            OrchestratorSettings.model_validate(values), api.engine, theirs, api.parts.capabilities, clock
        )
        threads = [threading.Thread(target=service.run), threading.Thread(target=orchestrator.run)]
        for thread in threads:
            thread.start()
        yield
        service.stop()
        orchestrator.stop()
        for thread in threads:
            thread.join(30)
    reach.close()


@dataclass
class Gateway:
    """One gateway's administrator, with a resource at the test's sshd and applications as a test wants them."""

    client: httpx2.Client
    tenant: Tenant
    sshd: SshServer
    folder: Path
    resource: dict[str, Any] = field(default_factory=dict)

    def add_resource(self, **changes: object) -> dict[str, Any]:
        """Register the sshd as a compute resource."""
        key = {"name": f"key-{new_id()}", "kind": "ssh-key", "private_key": self.sshd.private_key}
        body: dict[str, Any] = {
            "name": f"cluster-{new_id()}",
            "scheduler": "fork",
            "host": "127.0.0.1",
            "port": self.sshd.port,
            "username": self.sshd.user,
            "credential_id": make(self.client, "credentials", key)["id"],
            "host_keys": [self.sshd.host_key_line],
            "scratch": str(self.sshd.work_root),
        }
        return make(self.client, "compute-resources", body | changes)

    def application(
        self, script: str, outputs: list[dict[str, Any]], inputs: list[dict[str, Any]] | None = None
    ) -> str:
        """Register a shell script as an application on the resource; return the interface's id."""
        name = f"application-{new_id()}"
        program = self.folder / f"{name}.sh"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        module = make(self.client, "application-modules", {"name": name})["id"]
        interface = {"module_id": module, "name": name, "inputs": inputs or [], "outputs": outputs}
        deployment = {"module_id": module, "resource_id": self.resource["id"], "executable": str(program)}
        make(self.client, "application-deployments", deployment)
        shown: str = make(self.client, "application-interfaces", interface)["id"]
        return shown

    def launch(self, interface_id: str, inputs: dict[str, Any] | None = None, **fields: object) -> str:
        """Create and launch an experiment; return its id."""
        body = {
            "name": "a run",
            "kind": "application",
            "interface_id": interface_id,
            "resource_id": self.resource["id"],
            "inputs": inputs or {},
            "launch": True,
        }
        shown: str = make(self.client, "experiments", body | fields)["id"]
        return shown

    def end_of(self, experiment_id: str) -> dict[str, Any]:
        """Wait for the end and return the experiment as it is shown then."""

        def ended() -> dict[str, Any] | None:
            shown: dict[str, Any] = self.client.get(f"/api/v1/experiments/{experiment_id}").json()
            return shown if shown["state"] in ENDED else None

        return await_value(ended, "the experiment's end")

    def tasks(self, experiment_id: str) -> dict[str, dict[str, Any]]:
        """Return the tasks of the latest run by their names."""
        items = self.client.get(f"/api/v1/experiments/{experiment_id}/tasks").json()["items"]
        return {task["name"]: task for task in items}

    def outputs(self, experiment_id: str) -> dict[str, dict[str, Any]]:
        """Return the outputs by their names."""
        items = self.client.get(f"/api/v1/experiments/{experiment_id}/outputs").json()["items"]
        return {one["name"]: one for one in items}

    def output(self, experiment_id: str, name: str) -> bytes:
        """Download an output."""
        answer = self.client.get(f"/api/v1/experiments/{experiment_id}/outputs/{name}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def upload(self, content: bytes, name: str = "data.bin") -> dict[str, Any]:
        """Upload a file."""
        answer = self.client.post("/api/v1/files", files={"file": (name, content)})
        assert answer.status_code == 201, answer.text
        shown: dict[str, Any] = answer.json()
        return shown


@pytest.fixture
def staging(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment of the staging services, read anew in each test."""
    staging_settings.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    staging_settings.cache_clear()


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Yield the address of a web server of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def gateway(working: None, admin: httpx2.Client, tenant: Tenant, sshd: SshServer) -> Gateway:  # noqa: ARG001 - it works
    gateway = Gateway(admin, tenant, sshd, sshd.directory)
    gateway.resource = gateway.add_resource()
    return gateway
