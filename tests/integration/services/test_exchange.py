"""The API server's client and the object store's streams against a real HTTP server with scripted answers."""

import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from howdah.contracts.errors import TaskError
from howdah.contracts.exchange import CAPABILITIES_PATH, SECRETS_PATH, SIGNED_URLS_PATH, PasswordSecret
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import CredentialId, new_id
from howdah.runtime.clock import SystemClock
from howdah.tasks import ServiceSettings, StoppedError, StopReason
from howdah.tasks.api import ApiClient, Grant
from howdah.tasks.files import ObjectFiles
from howdah.tasks.http import http_client

pytestmark = pytest.mark.integration

URI = "howdah://objects/a/b.txt"
Answer = tuple[int, bytes]


@dataclass
class Scripted:
    """Answers by path; the last answer of a script stays. ``None`` cuts the connection."""

    scripts: dict[str, list[Answer | None]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    address: str = ""

    def say(self, path: str, *answers: tuple[int, Any] | None) -> None:
        self.scripts[path] = [
            one and (one[0], one[1] if isinstance(one[1], bytes) else json.dumps(one[1]).encode()) for one in answers
        ]

    def next_answer(self, path: str) -> Answer | None:
        script = self.scripts[path]
        return script.pop(0) if len(script) > 1 else script[0]

    def times(self, path: str) -> int:
        return sum(one[0] == path for one in self.asked)


def handler_of(scripted: Scripted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            scripted.asked.append((self.path, dict(self.headers), body))
            answer = scripted.next_answer(self.path)
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the base class looks for these names

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base class's name

    return Handler


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(scripted))
    scripted.address = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield scripted
    http.shutdown()
    http.server_close()


@contextmanager
def client_of(server: Scripted) -> Iterator[tuple[ApiClient, ObjectFiles]]:
    settings = ServiceSettings.load(api_url=server.address, service_token="service-token", api_timeout_seconds=5)
    with http_client(settings) as http:
        api = ApiClient(settings, http, SystemClock())
        yield api, ObjectFiles(api, http)


@pytest.fixture
def api(server: Scripted) -> Iterator[ApiClient]:
    with client_of(server) as (client, _):
        yield client


@pytest.fixture
def files(server: Scripted) -> Iterator[ObjectFiles]:
    with client_of(server) as (_, store):
        yield store


SECRET = {"kind": "password", "password": "hunter2"}
EXPIRED = {"type": "https://howdah.dev/problems/capability-expired", "title": "Expired", "status": 401}


def later() -> str:
    return (datetime.now(UTC) + timedelta(minutes=5)).isoformat()


def test_a_secret_is_fetched_with_token_and_capability_and_then_remembered(server: Scripted, api: ApiClient) -> None:
    server.say(SECRETS_PATH, (200, SECRET))
    credential = CredentialId(new_id())
    assert api.secret(credential, Grant("cap")) == PasswordSecret(password="hunter2")
    api.secret(credential, Grant("cap"))
    assert server.times(SECRETS_PATH) == 1
    _, headers, body = server.asked[0]
    assert headers["Authorization"] == "Bearer service-token"
    assert headers["Howdah-Capability"] == "cap"
    assert json.loads(body) == {"credential_id": credential}


def test_a_secret_that_was_refused_is_fetched_anew(server: Scripted, api: ApiClient) -> None:
    server.say(SECRETS_PATH, (200, SECRET), (200, {"kind": "password", "password": "changed"}))
    credential = CredentialId(new_id())
    api.secret(credential, Grant("cap"))
    assert api.secret(credential, Grant("cap"), fresh=True) == PasswordSecret(password="changed")


def test_an_expired_capability_is_renewed_once(server: Scripted, api: ApiClient) -> None:
    server.say(SECRETS_PATH, (401, EXPIRED), (200, SECRET))
    server.say(CAPABILITIES_PATH, (200, {"capability": "fresh", "expires_at": later()}))
    grant = Grant("old")
    api.secret(CredentialId(new_id()), grant)
    assert grant.capability == "fresh"
    assert server.asked[-1][1]["Howdah-Capability"] == "fresh"


def test_a_server_that_is_back_soon_is_not_noticed(server: Scripted, api: ApiClient) -> None:
    server.say(SECRETS_PATH, None, (503, {}), (200, SECRET))
    api.secret(CredentialId(new_id()), Grant("cap"))
    assert server.times(SECRETS_PATH) == 3


def test_a_server_that_stays_away_is_the_platform_s_failure(server: Scripted, api: ApiClient) -> None:
    server.say(SECRETS_PATH, (503, {}))
    with pytest.raises(TaskError) as caught:
        api.secret(CredentialId(new_id()), Grant("cap"))
    assert caught.value.failure.kind is FailureKind.INTERNAL
    assert "503" in caught.value.failure.sentence


def test_a_task_that_has_ended_gets_nothing_more(server: Scripted, api: ApiClient) -> None:
    server.say(SECRETS_PATH, (409, {"type": "https://howdah.dev/problems/task-terminal"}))
    with pytest.raises(TaskError) as caught:
        api.secret(CredentialId(new_id()), Grant("cap"))
    assert caught.value.failure.kind is FailureKind.CANCELED


def test_no_failure_repeats_what_the_server_sent(server: Scripted, api: ApiClient) -> None:
    server.say(SECRETS_PATH, (200, {"kind": "password", "passwrod": "hunter2"}))
    with pytest.raises(TaskError) as caught:
        api.secret(CredentialId(new_id()), Grant("cap"))
    assert "hunter2" not in caught.value.failure.model_dump_json()


def test_a_stopped_attempt_does_not_wait_for_a_server_that_is_away(server: Scripted, api: ApiClient) -> None:
    server.say(SECRETS_PATH, (503, {}))
    grant = Grant("cap")
    grant.token.stop(StopReason.REVOKED)
    with pytest.raises(StoppedError):
        api.secret(CredentialId(new_id()), grant)
    assert server.times(SECRETS_PATH) == 1


def test_an_object_is_streamed_in(server: Scripted, files: ObjectFiles) -> None:
    content = bytes(range(256)) * 10_000
    server.say(SIGNED_URLS_PATH, (200, {"url": f"{server.address}/object", "expires_at": later()}))
    server.say("/object", (200, content))
    with files.open_input(URI, Grant("cap")) as chunks:
        assert b"".join(chunks) == content


def test_a_missing_object_is_a_permanent_failure(server: Scripted, files: ObjectFiles) -> None:
    server.say(SIGNED_URLS_PATH, (200, {"url": f"{server.address}/object", "expires_at": later()}))
    server.say("/object", (404, {}))
    with pytest.raises(TaskError) as caught, files.open_input(URI, Grant("cap")):
        pytest.fail("there is nothing to read")
    assert caught.value.failure.kind is FailureKind.PERMANENT


def chunks_of(content: bytes, begun: list[int]) -> Callable[[], Generator[bytes, None, None]]:
    def chunks() -> Generator[bytes, None, None]:
        begun.append(1)
        for start in range(0, len(content), 1_000):
            yield content[start : start + 1_000]

    return chunks


def test_an_object_is_streamed_out_with_its_length_and_again_when_the_store_breaks_off(
    server: Scripted, files: ObjectFiles
) -> None:
    content, begun = b"y" * 123_456, list[int]()
    server.say(SIGNED_URLS_PATH, (200, {"url": f"{server.address}/object", "expires_at": later()}))
    server.say("/object", None, (200, {}))
    files.store_output(URI, chunks_of(content, begun), len(content), Grant("cap"))
    path, headers, body = server.asked[-1]
    assert (path, body) == ("/object", content)
    assert headers["Content-Length"] == str(len(content))
    assert "Transfer-Encoding" not in headers
    assert len(begun) == 2


def test_a_failure_of_the_source_passes_unchanged(server: Scripted, files: ObjectFiles) -> None:
    server.say(SIGNED_URLS_PATH, (200, {"url": f"{server.address}/object", "expires_at": later()}))
    server.say("/object", (200, {}))

    def broken() -> Generator[bytes, None, None]:
        yield b"12345"
        raise TaskError.of(FailureKind.TRANSIENT, "The resource broke off.")

    with pytest.raises(TaskError) as caught:
        files.store_output(URI, broken, 10, Grant("cap"))
    assert caught.value.failure.kind is FailureKind.TRANSIENT
