import hashlib
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api_server.experiments.run_schemas import Output
from tests.integration.api.conftest import Api, Tenant
from tests.integration.api_experiments import run_rows
from tests.integration.api_experiments.test_experiments import PATH, made

pytestmark = pytest.mark.integration

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def outputs(user: httpx2.Client, api: Api, tenant: Tenant) -> dict[str, Any]:
    """A run whose first task brought back ``table.csv``; the second is yet to bring back ``extra``."""
    experiment = made(user, launch=True)["id"]
    tasks = user.get(f"{PATH}/{experiment}/tasks").json()["items"]
    key = f"{tenant.gateway_id}/outputs/run/table"
    writer = api.parts.object_store.write(key, 1_000_000)
    writer.write(CONTENT)
    written = writer.commit()
    staged = {"uri": f"howdah://objects/{key}", "size_bytes": written.size_bytes, "sha256": written.sha256}
    with api.engine.begin() as connection:
        for task, name, source in ((tasks[0], "table", "results/table.csv"), (tasks[1], "extra", "extra.dat")):
            connection.execute(
                text(
                    "UPDATE task SET type = 'output-staging', spec = jsonb_set(spec, '{params}',"
                    " jsonb_build_object('name', CAST(:name AS text), 'source', CAST(:source AS text),"
                    " 'required', false)) WHERE id = :id"
                ),
                {"id": task["id"], "name": name, "source": source},
            )
    run_rows.set_task(api.engine, tasks[0]["id"], "COMPLETED", outputs={**staged, "present": True})
    return {"experiment": experiment, "path": f"{PATH}/{experiment}/outputs", "tasks": tasks, "key": key}


def test_outputs_say_what_is_there_and_why_the_rest_is_not(
    user: httpx2.Client, api: Api, outputs: dict[str, Any]
) -> None:
    table, extra = (Output.model_validate(one) for one in user.get(outputs["path"]).json()["items"])
    assert (table.name, table.present, table.size_bytes) == ("table", True, len(CONTENT))
    assert table.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (table.content_type, table.file_name) == ("text/csv", "table.csv")
    assert (extra.present, extra.reason) == (None, "It has not been brought back yet.")
    run_rows.set_task(api.engine, outputs["tasks"][1]["id"], "COMPLETED", outputs={"present": False})
    extra = Output.model_validate(user.get(outputs["path"]).json()["items"][1])
    assert (extra.present, extra.reason) == (False, "The application did not make it, and it is optional.")


def test_an_output_is_downloaded_whole_or_in_part(user: httpx2.Client, outputs: dict[str, Any]) -> None:
    whole = user.get(f"{outputs['path']}/table")
    assert whole.content == CONTENT
    assert whole.headers["content-type"] == "text/csv; charset=utf-8" or whole.headers["content-type"] == "text/csv"
    assert whole.headers["content-disposition"].startswith('attachment; filename="table.csv"')
    part = user.get(f"{outputs['path']}/table", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, CONTENT[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(CONTENT)}"
    beyond = user.get(f"{outputs['path']}/table", headers={"Range": f"bytes={len(CONTENT)}-"})
    assert beyond.status_code == 416
    known = user.get(f"{outputs['path']}/table", headers={"If-None-Match": whole.headers["etag"]})
    assert known.status_code == 304


def test_what_is_not_there_is_a_problem_with_the_reason(user: httpx2.Client, api: Api, outputs: dict[str, Any]) -> None:
    unknown = user.get(f"{outputs['path']}/nothing")
    assert unknown.status_code == 404
    assert "'table', 'extra'" in unknown.json()["detail"]
    pending = user.get(f"{outputs['path']}/extra")
    assert (pending.status_code, pending.json()["type"]) == (404, "/problems/output-not-present")
    assert "not been brought back yet" in pending.json()["detail"]
    api.parts.object_store.delete(outputs["key"])
    assert user.get(f"{outputs['path']}/table").status_code == 404


def test_a_task_can_not_hand_out_another_gateways_object(
    user: httpx2.Client, api: Api, outputs: dict[str, Any]
) -> None:
    writer = api.parts.object_store.write("another-gateway/secret", 100)
    writer.write(b"secret")
    writer.commit()
    forged = {"uri": "howdah://objects/another-gateway/secret", "size_bytes": 6, "sha256": "0" * 64}
    run_rows.set_task(api.engine, outputs["tasks"][0]["id"], "COMPLETED", outputs=forged)
    answer = user.get(f"{outputs['path']}/table")
    assert answer.status_code == 404
    assert b"secret" not in answer.content.replace(b"no-secret", b"")
