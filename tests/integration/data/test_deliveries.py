"""Outputs go on to storage resources: another host, a registered folder, a web server."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from api_server.auth.principal import Role
from howdah.storage.settings import staging_settings
from tests.integration.api.test_catalogue import make, the_errors
from tests.integration.data.conftest import Gateway, served

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

SCRIPT = "mkdir -p out/deep; echo table >table.csv; echo a >out/a.txt; echo b >out/deep/b.txt"
OUTPUTS: list[dict[str, Any]] = [
    {"name": "table", "type": "file", "path": "table.csv"},
    {"name": "none", "type": "file", "path": "nothing.csv", "required": False},
    {"name": "several", "type": "files", "path": "out/*.txt"},
    {"name": "tree", "type": "directory", "path": "out"},
]


class _Server(BaseHTTPRequestHandler):
    """Keeps what is put, but for what is sent to /full."""

    kept: dict[str, bytes]

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.startswith("/full"):
            self.kept[self.path] = content
        self.send_response(507 if self.path.startswith("/full") else 201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base class's name


@pytest.fixture
def web() -> Iterator[tuple[str, dict[str, bytes]]]:
    _Server.kept = {}
    with served(_Server) as url:
        yield url, _Server.kept


def delivered(gateway: Gateway, *deliveries: tuple[str, str]) -> dict[str, Any]:
    """Run an application whose outputs are delivered; return the experiment at its end."""
    wanted = [{"output": output, "to": to} for output, to in deliveries]
    return gateway.end_of(gateway.launch(gateway.application(SCRIPT, OUTPUTS), deliveries=wanted))


def archive(gateway: Gateway) -> Path:
    """Register a folder on the test's sshd as the storage resource ``archive``."""
    folder = gateway.folder / f"archive-{gateway.resource['id']}"
    folder.mkdir()
    folder.chmod(0o777)
    names = ("host", "port", "username", "credential_id", "host_keys")
    same = {name: gateway.resource[name] for name in names}
    make(gateway.client, "storage-resources", {"name": "archive", "kind": "sftp", "root": str(folder), **same})
    return folder


def test_outputs_are_put_on_another_host_and_absent_ones_are_not(gateway: Gateway) -> None:
    folder, at = archive(gateway), "howdah://storage/archive/runs/42"
    ended = delivered(
        gateway,
        *(("table", f"{at}/table.csv"), ("table", f"{at}/again.csv"), ("none", f"{at}/none.csv")),
        *(("several", f"{at}/several"), ("tree", f"{at}/tree.tar")),
    )
    assert ended["state"] == "COMPLETED", ended["failure"]
    run = folder / "runs" / "42"
    found = {str(one.relative_to(run)): one.stat().st_size for one in run.rglob("*") if one.is_file()}
    assert set(found) == {"table.csv", "again.csv", "several/out/a.txt", "tree.tar"}
    assert (run / "table.csv").read_text() == "table\n"
    task = gateway.tasks(ended["id"])["output-staging:table"]
    assert task["outputs"]["delivered"] == [f"{at}/table.csv", f"{at}/again.csv"]
    outputs = gateway.outputs(ended["id"])
    assert outputs["table"]["delivered"] == task["outputs"]["delivered"]
    assert outputs["none"]["delivered"] == []


def test_nothing_is_written_outside_of_the_storages_folder(gateway: Gateway) -> None:
    folder = archive(gateway)
    outside = gateway.folder / "outside"
    outside.mkdir()
    outside.chmod(0o777)
    (folder / "link").symlink_to(outside)
    ended = delivered(gateway, ("table", "howdah://storage/archive/link/table.csv"))
    assert ended["state"] == "FAILED"
    assert "leads out of" in ended["failure"]["sentence"]
    assert list(outside.iterdir()) == []


def test_a_registered_folder_takes_outputs_where_its_operator_says_so(
    gateway: Gateway, staging: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with gateway.tenant.client(Role.PLATFORM_ADMIN) as platform:
        make(platform, "storage-resources", {"name": "local", "kind": "file", "root": "results"})
    staging.setenv("HOWDAH_STAGING_FILE_ROOTS", f'{{"results": "{tmp_path}"}}')
    staging_settings.cache_clear()
    ended = delivered(gateway, ("table", "howdah://storage/local/a/table.csv"))
    assert "has not registered for that" in ended["failure"]["sentence"]
    staging.setenv("HOWDAH_STAGING_DELIVERY_ROOTS", f'{{"results": "{tmp_path}"}}')
    staging_settings.cache_clear()
    ended = delivered(gateway, ("table", "howdah://storage/local/a/table.csv"))
    assert ended["state"] == "COMPLETED", ended["failure"]
    assert (tmp_path / "a" / "table.csv").read_text() == "table\n"


def test_a_web_server_takes_outputs_but_no_internal_one(
    gateway: Gateway, web: tuple[str, dict[str, bytes]], staging: pytest.MonkeyPatch
) -> None:
    url, kept = web
    make(gateway.client, "storage-resources", {"name": "web", "kind": "http", "root": f"{url}/dav"})
    make(gateway.client, "storage-resources", {"name": "full", "kind": "http", "root": f"{url}/full"})
    ended = delivered(gateway, ("table", "howdah://storage/web/table.csv"))
    assert "not public" in ended["failure"]["sentence"]
    staging.setenv("HOWDAH_STAGING_ALLOWED_NETWORKS", '["127.0.0.1/32"]')
    staging_settings.cache_clear()
    ended = delivered(gateway, ("table", "howdah://storage/web/x/table 1.csv"), ("several", "howdah://storage/web/all"))
    assert ended["state"] == "COMPLETED", ended["failure"]
    assert kept == {"/dav/x/table%201.csv": b"table\n", "/dav/all/out/a.txt": b"a\n"}
    ended = delivered(gateway, ("table", "howdah://storage/full/table.csv"))
    assert "507" in ended["failure"]["sentence"]


def test_what_can_not_be_delivered_is_told_before_anything_runs(gateway: Gateway) -> None:
    archive(gateway)
    body = {
        "name": "x",
        "kind": "application",
        "interface_id": gateway.application(SCRIPT, OUTPUTS),
        "resource_id": gateway.resource["id"],
        "deliveries": [
            {"output": "pattern", "to": "howdah://storage/archive/p"},
            {"output": "table", "to": "howdah://storage/nowhere/t"},
            {"output": "table", "to": "https://example.org/t"},
            {"output": "table", "to": "howdah://storage/archive/../t"},
            {"output": "table", "to": "howdah://storage/archive/t"},
            {"output": "several", "to": "howdah://storage/archive/t"},
        ],
    }
    refused = the_errors(gateway.client.post("/api/v1/experiments", json=body), 422)
    assert set(refused) == {
        *("deliveries.0.output", "deliveries.1.to", "deliveries.2.to", "deliveries.3.to", "deliveries.5.to"),
    }
    assert "none, several, table, tree" in refused["deliveries.0.output"]
