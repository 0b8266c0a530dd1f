"""What a job prints, read while it prints it: by range, by offset, once, and the same afterwards."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api_server.auth.principal import Role
from howdah.client import Client
from tests.fixtures.waiting import await_value
from tests.integration.api.conftest import Api, Tenant
from tests.integration.data.conftest import Gateway

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

STDOUT = [{"name": "printed", "type": "stdout"}]
WAITING = 'until [ -e "$go" ]; do sleep 0.1; done'


@contextmanager
def a_running_job(gateway: Gateway, script: str, outputs: list[dict[str, Any]]) -> Iterator[tuple[str, str, Path]]:
    """Yield (experiment, log path, the file whose presence lets the job go on)."""
    go = gateway.folder / f"go-{gateway.resource['name']}"
    experiment = gateway.launch(gateway.application(f"go={go}\n{script}", outputs))

    def followed() -> str | None:
        task = gateway.tasks(experiment).get("job-monitoring")
        return str(task["id"]) if task and task["state"] == "EXECUTING" else None

    try:
        yield experiment, f"/api/v1/tasks/{await_value(followed, 'a running job')}/logs/stdout", go
    finally:
        go.touch()
        gateway.end_of(experiment)


def follow(client: httpx2.Client, path: str, stop_at: int | None = None) -> tuple[bytes, dict[str, str]]:
    """Read from the beginning until the log is complete, or ``stop_at`` bytes are there."""
    got, headers = b"", {}
    while True:
        answer = client.get(path, params={"offset": len(got), "limit": 1_000_000, "wait": 10})
        assert answer.status_code == 200, answer.text
        got, headers = got + answer.content, dict(answer.headers)
        complete = headers["howdah-log-complete"] == "true" and len(got) == int(headers["howdah-log-size"])
        if complete or (stop_at is not None and len(got) >= stop_at):
            return got, headers


def bytes_fetched(api: Api, experiment: str) -> int:
    """Count what came over from the resource, as the looks' own answers tell."""
    statement = (
        "SELECT coalesce(sum((answer->'answer'->>'length')::bigint), 0) FROM resource_look WHERE params->>'file_id' IN"
        " (SELECT f.id::text FROM live_file f JOIN process p ON p.id = f.process_id WHERE p.experiment_id = :id)"
    )
    with api.engine.connect() as connection:
        return int(connection.execute(text(statement), {"id": experiment}).scalar_one())


def test_a_log_is_followed_while_the_job_runs_and_reads_the_same_afterwards(
    gateway: Gateway, api: Api, tenant: Tenant
) -> None:
    script = f"echo first; printf 'p\\303\\244th\\n'; {WAITING}; echo last"
    with a_running_job(gateway, script, STDOUT) as (experiment, path, go), tenant.client(Role.VIEWER) as viewer:
        first, headers = follow(viewer, path, stop_at=len("first\npäth\n".encode()))
        assert first == "first\npäth\n".encode()
        assert (headers["howdah-log-complete"], headers["howdah-log-source"]) == ("false", "live")
        again = viewer.get(path, headers={"Range": "bytes=6-"})
        assert (again.status_code, again.content) == (206, "päth\n".encode())
        assert again.headers["content-range"] == "bytes 6-11/12"
        assert viewer.get(path, headers={"Range": "bytes=12-"}, params={"wait": 0}).status_code == 416
        live_etag = again.headers["etag"]
        fetched = bytes_fetched(api, experiment)
        assert fetched == 12
        go.touch()
        whole, headers = follow(viewer, path)
    assert whole == "first\npäth\nlast\n".encode()
    gateway.end_of(experiment)
    after = gateway.client.get(path)
    assert (after.content, after.headers["howdah-log-source"]) == (whole, "stored")
    assert after.headers["etag"] == f'"{hashlib.sha256(whole).hexdigest()}"'
    rest = gateway.client.get(path, headers={"Range": "bytes=12-", "If-Range": live_etag})
    assert (rest.status_code, rest.content) == (206, b"last\n")
    assert gateway.output(experiment, "printed") == whole


def test_the_end_of_a_big_log_is_read_without_its_beginning_and_nothing_twice(gateway: Gateway, api: Api) -> None:
    size = 30_000_000
    script = f"head -c {size} /dev/zero | tr '\\0' x; echo; {WAITING}"
    with a_running_job(gateway, script, []) as (experiment, path, _):
        tail = gateway.client.get(path, headers={"Range": "bytes=-1000"})

        def whole() -> httpx2.Response | None:
            answer = gateway.client.get(path, headers={"Range": "bytes=-1000"})
            return answer if int(answer.headers["howdah-log-size"]) == size + 1 else None

        if int(tail.headers["howdah-log-size"]) <= size:  # it was still being written
            tail = await_value(whole, "the whole log")
        assert (tail.status_code, tail.content) == (206, b"x" * 999 + b"\n")
        assert tail.headers["content-range"] == f"bytes {size - 999}-{size}/{size + 1}"
        middle = gateway.client.get(path, headers={"Range": "bytes=15000000-99999999"})
        assert middle.status_code == 206
        assert middle.content == b"x" * len(middle.content)
        fetched = bytes_fetched(api, experiment)
        assert 0 < fetched < size // 2
        for _ in range(3):
            assert gateway.client.get(path, headers={"Range": "bytes=-1000"}).content == tail.content
        assert bytes_fetched(api, experiment) == fetched
        refused = gateway.client.get(path)
        assert (refused.status_code, refused.json()["type"]) == (400, "/problems/range-needed")


def test_a_log_that_begins_anew_is_not_mixed_with_what_it_was(gateway: Gateway) -> None:
    script = f'echo an old beginning; {WAITING}; : >"$PWD/stdout.txt"; echo new; echo longer than before, by far'
    with a_running_job(gateway, script, STDOUT) as (_, path, go):
        old, headers = follow(gateway.client, path, stop_at=len(b"an old beginning\n"))
        assert old == b"an old beginning\n"
        go.touch()

        def anew() -> httpx2.Response | None:
            answer = gateway.client.get(path, params={"offset": len(old), "wait": 2})
            changed = answer.headers["howdah-log-epoch"] != headers["howdah-log-epoch"]
            return answer if changed or answer.headers["howdah-log-source"] == "stored" else None

        await_value(anew, "another epoch")
        content, _ = follow(gateway.client, path)
    assert b"an old beginning" not in content
    assert content.endswith(b"new\nlonger than before, by far\n")


def test_a_log_needs_a_job_and_one_way_of_asking(gateway: Gateway) -> None:
    with a_running_job(gateway, WAITING, []) as (_, path, __):
        assert gateway.client.get(path, params={"wait": 1, "offset": 0}).content == b""
        both = gateway.client.get(path, params={"offset": 0}, headers={"Range": "bytes=0-"})
        assert both.status_code == 400
    body = {"name": "own", "kind": "tasks", "tasks": [{"name": "t", "type": "own-type"}], "launch": True}
    made = gateway.client.post("/api/v1/experiments", json=body).json()
    task = gateway.client.get(f"/api/v1/experiments/{made['id']}/tasks").json()["items"][0]
    without = gateway.client.get(f"/api/v1/tasks/{task['id']}/logs/stdout")
    assert (without.status_code, without.json()["type"]) == (404, "/problems/no-job")


def test_another_gateway_reads_no_log(gateway: Gateway, new_tenant: Any) -> None:  # noqa: ANN401 - a fixture's function
    with a_running_job(gateway, WAITING, []) as (_, path, __), new_tenant().client() as stranger:
        assert stranger.get(path).status_code == 404


def test_the_python_client_follows_a_log_to_its_end(gateway: Gateway, api: Api, tenant: Tenant) -> None:
    script = f"echo one; {WAITING}; echo two"
    with a_running_job(gateway, script, STDOUT) as (experiment, path, go):
        with Client(api.url, tenant.token(Role.USER, "ada")) as howdah:
            task_id = path.split("/")[4]
            pieces = howdah.experiments.follow_log(task_id, "stdout")
            assert next(pieces) == b"one\n"
            go.touch()
            assert b"".join(pieces) == b"two\n"
        gateway.end_of(experiment)
