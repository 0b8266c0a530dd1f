"""Batch scripts over REST: checked before they are asked for, answered when a service has rendered them."""

from typing import Any

import httpx2
import pytest

from api_server.auth.principal import Role
from howdah.contracts.ids import new_id
from tests.integration.api.conftest import Tenant
from tests.integration.api_experiments.test_experiments import PATH

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


def request_for(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - a body
    return {"kind": "application", "name": "x", "interface_id": new_id(), "resource_id": new_id(), **fields}


def test_a_request_that_could_not_be_launched_has_no_script_and_says_why(tenant: Tenant) -> None:
    with tenant.client(Role.USER) as user:
        refused = user.post("/api/v1/experiments:script", json=request_for())
        assert refused.status_code == 422
        assert any(one["field"] == "interface_id" for one in refused.json()["errors"])


def test_a_task_without_a_job_has_no_script_and_neither_has_somebody_else_s(tenant: Tenant) -> None:
    with tenant.client(Role.USER) as user:
        body = {"kind": "tasks", "name": "x", "launch": True, "tasks": [{"name": "a", "type": "noop"}]}
        made = user.post(PATH, json=body).json()
        [task] = user.get(f"{PATH}/{made['id']}/tasks").json()["items"]
        answer: httpx2.Response = user.post(f"/api/v1/tasks/{task['id']}/script")
        assert answer.status_code == 404
        assert "submits no job" in answer.json()["detail"]
        assert user.post(f"/api/v1/tasks/{new_id()}/script").status_code == 404
        assert user.get(f"/api/v1/scripts/{new_id()}").status_code == 404
