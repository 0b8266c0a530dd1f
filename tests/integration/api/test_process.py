"""``python -m api_server`` as a process: migrate, bootstrap, serve, stop."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.integration.api.conftest import a_key

pytestmark = pytest.mark.integration
Environment = dict[str, str]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> Environment:
    port = free_port()
    return {
        **os.environ,
        "HOWDAH_DATABASE_URL": database_url,
        "HOWDAH_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "HOWDAH_MASTER_KEY": a_key(),
        "HOWDAH_CAPABILITY_KEY": a_key(),
        "HOWDAH_OBJECT_STORE_URL": f"file://{tmp_path}/objects",
        "HOWDAH_BIND_PORT": str(port),
        "HOWDAH_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HOWDAH_SHUTDOWN_SECONDS": "3",
    }


def run(environment: Environment, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "api_server", *arguments)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stderr
    return done


def bootstrap(environment: Environment, *arguments: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(run(environment, "bootstrap", "--json", *arguments).stdout)
    return told


@contextmanager
def serving(environment: Environment, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as stderr:
        process = subprocess.Popen((sys.executable, "-m", "api_server"), env=environment, stderr=stderr)
    try:
        url = environment["HOWDAH_PUBLIC_URL"]
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx2.get(f"{url}/livez", timeout=5).status_code == 200:
                    break
            except httpx2.TransportError:
                time.sleep(0.05)  # there is no event to be awaited before it listens
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_migrate_bootstrap_serve_and_stop(environment: Environment, tmp_path: Path) -> None:
    run(environment, "migrate")
    run(environment, "migrate")
    first = bootstrap(environment)
    assert first["token"] == first["admin_token"]
    assert bootstrap(environment) == {"gateway_id": first["gateway_id"]}
    rotated = bootstrap(environment, "--rotate")
    assert rotated["gateway_id"] == first["gateway_id"]
    url, log = environment["HOWDAH_PUBLIC_URL"], tmp_path / "log"
    with serving(environment, log) as process, httpx2.Client(base_url=url, timeout=20) as client:

        def me(token: str) -> httpx2.Response:
            return client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})

        assert me(first["admin_token"]).status_code == 401
        assert me(rotated["admin_token"]).json()["role"] == "platform-admin"
        assert me(rotated["service_token"]).json()["subject"] == "services"
        ready = client.get("/readyz")
        while not ready.json()["troubles"]:
            ready = client.get("/readyz")
        assert ready.status_code == 503
        assert "Kafka" in ready.json()["troubles"]["kafka"]
        assert "database" not in ready.json()["troubles"]
        signed = client.get("/objects/x?expires=1&access=read&signature=" + "0" * 64)
        assert signed.status_code == 403
        headers = {"Authorization": f"Bearer {rotated['admin_token']}"}
        with client.stream("GET", "/api/v1/stream", headers=headers) as stream:
            assert next(stream.iter_bytes()).startswith(b"id:")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    said = log.read_text()
    assert "signature" not in said
    assert rotated["admin_token"] not in said
    assert '"route":"/api/v1/me"' in said


def test_a_wrong_setting_stops_the_process_with_a_sentence(environment: Environment) -> None:
    told = run({**environment, "HOWDAH_MASTER_KEY": "c2hvcnQ="}, "migrate", status=2)
    assert "HOWDAH_MASTER_KEY: " in told.stderr
    assert "is that of 5" in told.stderr
    assert "Traceback" not in told.stderr
    assert "no gateway name" in run(environment, "bootstrap", "--gateway", "No Name", status=2).stderr
