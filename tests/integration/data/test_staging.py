"""What goes to a resource and comes back: sources, several files, directories, failures, clean-up."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from api_server.auth.principal import Role
from howdah.storage.settings import staging_settings
from tests.fixtures.proxy import FaultProxy
from tests.fixtures.waiting import await_value
from tests.integration.api.test_catalogue import make, the_errors
from tests.integration.data.conftest import Gateway, served

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

FILE_IN = [{"name": "data", "type": "file"}]
COPY = 'cat "$1" >copy.bin'
COPY_OUT = [{"name": "copy", "type": "file", "path": "copy.bin"}]


class _Server(BaseHTTPRequestHandler):
    """Answers /data with bytes, /elsewhere with a redirect to wherever the query says, else 404."""

    def do_GET(self) -> None:
        if self.path.startswith("/elsewhere?"):
            self.send_response(302)
            self.send_header("Location", self.path.partition("?")[2])
            self.end_headers()
            return
        content = b"from the web" if self.path == "/data.txt" else b""
        self.send_response(200 if content else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base class's name


@pytest.fixture
def web() -> Iterator[str]:
    with served(_Server) as url:
        yield url


def copied(gateway: Gateway, source: str) -> tuple[dict[str, Any], bytes]:
    """Run an application that copies its input; return the experiment and the copy."""
    experiment = gateway.launch(gateway.application(COPY, COPY_OUT, FILE_IN), {"data": source})
    ended = gateway.end_of(experiment)
    return ended, gateway.output(experiment, "copy") if ended["state"] == "COMPLETED" else b""


def test_an_input_comes_from_another_host_by_ssh_and_never_from_outside_its_folder(gateway: Gateway) -> None:
    folder = gateway.folder / "published"
    (folder / "sub").mkdir(parents=True, exist_ok=True)
    (folder / "sub" / "grid.csv").write_bytes(b"a,b\n1,2\n")
    (gateway.folder / "secret").write_bytes(b"not for everybody")
    (folder / "sub" / "link").unlink(missing_ok=True)
    (folder / "sub" / "link").symlink_to(gateway.folder / "secret")
    resource = gateway.resource
    same = {name: resource[name] for name in ("host", "port", "username", "credential_id", "host_keys")}
    make(gateway.client, "storage-resources", {"name": "archive", "kind": "sftp", "root": str(folder), **same})
    ended, content = copied(gateway, "howdah://storage/archive/sub/grid.csv")
    assert (ended["state"], content) == ("COMPLETED", b"a,b\n1,2\n")
    ended, _ = copied(gateway, "howdah://storage/archive/sub/link")
    assert ended["state"] == "FAILED"
    assert "symbolic link" in ended["failure"]["sentence"]
    interface = gateway.application(COPY, COPY_OUT, FILE_IN)
    body = {"name": "x", "kind": "application", "interface_id": interface, "resource_id": resource["id"]}
    for source in ("howdah://storage/archive/../secret", "howdah://storage/nowhere/x", "file:///etc/passwd"):
        refused = gateway.client.post("/api/v1/experiments", json=body | {"inputs": {"data": source}})
        assert set(the_errors(refused, 422)) == {"inputs.data"}


def test_an_input_comes_from_the_web_but_from_no_internal_address(
    gateway: Gateway, web: str, staging: pytest.MonkeyPatch
) -> None:
    ended, _ = copied(gateway, f"{web}/data.txt")
    assert ended["state"] == "FAILED"
    assert "not public" in ended["failure"]["sentence"]
    staging.setenv("HOWDAH_STAGING_ALLOWED_NETWORKS", '["127.0.0.1/32"]')
    staging_settings.cache_clear()
    ended, content = copied(gateway, f"{web}/data.txt")
    assert (ended["state"], content) == ("COMPLETED", b"from the web")
    ended, content = copied(gateway, f"{web}/elsewhere?/data.txt")
    assert content == b"from the web"
    ended, _ = copied(gateway, f"{web}/elsewhere?http://127.0.0.2:1/")
    assert "127.0.0.2" in ended["failure"]["sentence"]
    ended, _ = copied(gateway, f"{web}/missing")
    assert "404" in ended["failure"]["sentence"]
    staging.setenv("HOWDAH_STAGING_MAX_BYTES", "5")
    staging_settings.cache_clear()
    ended, _ = copied(gateway, f"{web}/data.txt")
    assert "more than the 5 bytes" in ended["failure"]["sentence"]


def test_several_files_go_in_and_come_back_by_a_pattern_and_as_a_directory(gateway: Gateway) -> None:
    script = 'mkdir -p out/deep; for f in "$@"; do cp "$f" "out/${f##*/}.done"; done; cp "$1" out/deep/x; echo "$@"'
    outputs: list[dict[str, Any]] = [
        {"name": "results", "type": "files", "path": "out/*.done"},
        {"name": "tree", "type": "directory", "path": "out"},
        {"name": "none", "type": "files", "path": "nothing/*", "required": False},
        {"name": "printed", "type": "stdout"},
    ]
    inputs = [{"name": "parts", "type": "files", "file_name": "given"}]
    uris = [gateway.upload(name.encode() * 3, name)["uri"] for name in ("a b.txt", "ü.dat")]
    experiment = gateway.launch(gateway.application(script, outputs, inputs), {"parts": uris})
    assert gateway.end_of(experiment)["state"] == "COMPLETED"
    found = gateway.outputs(experiment)
    files = {one["path"]: one for one in found["results"]["files"]}
    assert set(files) == {"out/a b.txt.done", "out/ü.dat.done"}
    number = files["out/ü.dat.done"]["number"]
    path = f"/api/v1/experiments/{experiment}/outputs/results"
    assert gateway.client.get(f"{path}/files/{number}").content == "ü.dat".encode() * 3
    assert gateway.client.get(f"{path}/files/3").status_code == 404
    with tarfile.open(fileobj=io.BytesIO(gateway.output(experiment, "results"))) as archive:
        assert set(archive.getnames()) == set(files)
        member = archive.extractfile("out/a b.txt.done")
        assert member is not None
        assert member.read() == b"a b.txt" * 3
    with tarfile.open(fileobj=io.BytesIO(gateway.output(experiment, "tree"))) as archive:
        assert {"./a b.txt.done", "./deep/x"} <= set(archive.getnames())
    assert found["none"]["present"] is False
    assert gateway.output(experiment, "printed") == "given/a b.txt given/ü.dat\n".encode()


def test_too_many_files_and_too_many_bytes_are_failures_that_say_so(gateway: Gateway) -> None:
    script = "for n in 1 2 3 4; do echo $n >$n.dat; done; head -c 2000 /dev/zero >big"
    many = [{"name": "many", "type": "files", "path": "*.dat", "max_files": 3}]
    failed = gateway.end_of(gateway.launch(gateway.application(script, many)))
    assert "more than the 3 files allowed" in failed["failure"]["sentence"]
    big = [{"name": "big", "type": "file", "path": "big", "max_bytes": 1_000}]
    failed = gateway.end_of(gateway.launch(gateway.application(script, big)))
    assert "2000 bytes, more than the 1000 allowed" in failed["failure"]["sentence"]


def test_what_a_failed_run_left_is_kept_where_it_was_asked_for(gateway: Gateway) -> None:
    outputs: list[dict[str, Any]] = [
        {"name": "printed", "type": "stdout"},
        {"name": "trace", "type": "file", "path": "trace.txt", "after_failure": True},
        {"name": "result", "type": "file", "path": "result.txt"},
    ]
    interface = gateway.application("echo so far; echo why >trace.txt; exit 3", outputs)
    experiment = gateway.launch(interface, archive=True)
    assert gateway.end_of(experiment)["state"] == "FAILED"
    assert gateway.output(experiment, "printed") == b"so far\n"
    assert gateway.output(experiment, "trace") == b"why\n"
    assert gateway.outputs(experiment)["result"]["present"] is False
    with tarfile.open(fileobj=io.BytesIO(gateway.output(experiment, "@work-directory"))) as archive:
        assert {"./trace.txt", "./stdout.txt"} <= set(archive.getnames())


@pytest.mark.parametrize(
    ("choice", "fails", "stays"),
    [
        ("keep", False, True),
        ("remove", True, False),
        ("remove-on-success", False, False),
        ("remove-on-success", True, True),
        ("remove-on-failure", False, True),
        ("remove-on-failure", True, False),
    ],
)
def test_the_work_directory_is_cleaned_up_as_was_chosen(
    gateway: Gateway, choice: str, fails: bool, stays: bool
) -> None:
    experiment = gateway.launch(gateway.application(f"exit {int(fails)}", []), work_directory=choice)
    assert gateway.end_of(experiment)["state"] == ("FAILED" if fails else "COMPLETED")
    process = gateway.client.get(f"/api/v1/experiments/{experiment}/processes").json()["items"][0]
    assert (gateway.sshd.work_root / process["id"]).exists() == stays


def test_an_output_is_fetched_while_the_job_goes_on_and_shown_as_intermediate(gateway: Gateway) -> None:
    go = gateway.folder / "go-intermediate"
    script = f'echo half >table.csv; echo ready; until [ -e "{go}" ]; do sleep 0.1; done; echo all >>table.csv'
    outputs = [{"name": "table", "type": "file", "path": "table.csv"}]
    experiment = gateway.launch(gateway.application(script, outputs))
    path = f"/api/v1/experiments/{experiment}/outputs/table"
    assert gateway.client.get(f"{path}/intermediate").status_code == 404
    await_value(lambda: gateway.tasks(experiment)["job-monitoring"]["state"] == "EXECUTING", "a running job")

    def here() -> dict[str, Any] | None:
        shown: dict[str, Any] = gateway.outputs(experiment)["table"]["intermediate"] or {}
        if shown.get("state") in {None, "absent"}:
            assert gateway.client.post(f"{path}/fetch").status_code == 202
        return shown if shown.get("state") == "here" else None

    shown = await_value(here, "the intermediate output")
    assert (shown["size_bytes"], shown["sha256"]) == (5, hashlib.sha256(b"half\n").hexdigest())
    assert gateway.client.get(f"{path}/intermediate").content == b"half\n"
    assert gateway.outputs(experiment)["table"]["present"] is None
    go.touch()
    assert gateway.end_of(experiment)["state"] == "COMPLETED"
    go.unlink()
    assert gateway.output(experiment, "table") == b"half\nall\n"
    assert gateway.client.post(f"{path}/fetch").json()["type"] == "/problems/output-present"


class Cut:
    """Cuts the link to the resource each time so many bytes went through, so often, and counts all that did."""

    def __init__(self, proxy: FaultProxy, *, to_server: bool, every: int, times: int) -> None:
        self.moved, self.left = 0, times
        self._since, self._to_server, self._every = 0, to_server, every
        proxy.on_bytes = self._seen

    def _seen(self, to_server: bool, data: bytes) -> bool:
        if to_server is self._to_server:
            self.moved += len(data)
            self._since += len(data)
        if self.left and self._since > self._every:
            self._since, self.left = 0, self.left - 1
            return True
        return False


@pytest.fixture
def behind_proxy(gateway: Gateway) -> Iterator[FaultProxy]:
    """The gateway's resource, over a link that a test cuts."""
    with FaultProxy(gateway.sshd.port) as proxy:
        gateway.resource = gateway.add_resource(port=proxy.port)
        yield proxy


def test_an_input_whose_link_is_cut_goes_on_where_it_broke_off(
    gateway: Gateway, behind_proxy: FaultProxy, staging: pytest.MonkeyPatch
) -> None:
    size = 30_000_000
    staging.setenv("HOWDAH_STAGING_FILE_ROOTS", f'{{"big": "{gateway.folder}"}}')
    staging_settings.cache_clear()
    source = gateway.folder / "big.bin"
    content = hashlib.shake_128(b"big").digest(size)
    source.write_bytes(content)
    with gateway.tenant.client(Role.PLATFORM_ADMIN) as platform:
        make(platform, "storage-resources", {"name": "big", "kind": "file", "root": "big"})
    interface = gateway.application('sha256sum "$1" | cut -c-64', [{"name": "sum", "type": "stdout"}], FILE_IN)
    cut = Cut(behind_proxy, to_server=True, every=9_000_000, times=3)
    experiment = gateway.launch(interface, {"data": "howdah://storage/big/big.bin"})
    assert gateway.end_of(experiment)["state"] == "COMPLETED"
    assert cut.left == 0
    assert gateway.output(experiment, "sum").decode().strip() == hashlib.sha256(content).hexdigest()
    assert size < cut.moved < size * 1.4


def test_an_output_whose_link_is_cut_goes_on_where_it_broke_off(gateway: Gateway, behind_proxy: FaultProxy) -> None:
    size = 2_900_000
    script = f"head -c {size} /dev/urandom >big.bin; sha256sum big.bin | cut -c-64"
    outputs = [{"name": "big", "type": "file", "path": "big.bin"}, {"name": "sum", "type": "stdout"}]
    interface = gateway.application(script, outputs)
    cut = Cut(behind_proxy, to_server=False, every=900_000, times=2)
    experiment = gateway.launch(interface)
    assert gateway.end_of(experiment)["state"] == "COMPLETED"
    assert cut.left == 0
    content = gateway.output(experiment, "big")
    assert hashlib.sha256(content).hexdigest() == gateway.output(experiment, "sum").decode().strip()
    assert size < cut.moved < size * 1.5


def test_a_registered_folder_is_for_those_whom_the_operator_lets_in(
    gateway: Gateway, staging: pytest.MonkeyPatch
) -> None:
    staging.setenv("HOWDAH_STAGING_FILE_ROOTS", f'{{"big": "{gateway.folder}"}}')
    staging_settings.cache_clear()
    (gateway.folder / "small.bin").write_bytes(b"the right content")
    with gateway.tenant.client(Role.PLATFORM_ADMIN) as platform:
        make(platform, "storage-resources", {"name": "folder", "kind": "file", "root": "big"})
    ended, content = copied(gateway, "howdah://storage/folder/small.bin")
    assert (ended["state"], content) == ("COMPLETED", b"the right content")
    refused = gateway.client.post("/api/v1/storage-resources", json={"name": "own", "kind": "file", "root": "big"})
    assert refused.status_code == 403
