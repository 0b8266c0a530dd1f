"""As much of the platform's other half as a task service sees, over real HTTP: secrets, signed URLs, objects."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from howdah.contracts.exchange import SECRETS_PATH, SIGNED_URLS_PATH, SshKeySecret


class PlatformHalf:
    """Hands out one SSH key and keeps objects in memory. ``objects`` is keyed by URI."""

    def __init__(self, secret: SshKeySecret) -> None:
        self.secret = secret
        self.objects: dict[str, bytes] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def answer(self, path: str, body: bytes) -> bytes:
        """Return the answer to a POST."""
        if path == SECRETS_PATH:
            return self.secret.model_dump_json().encode()
        assert path == SIGNED_URLS_PATH, f"nobody asks for {path} in these tests"
        expires_at = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
        return json.dumps({"url": f"{self.url}/objects?{json.loads(body)['uri']}", "expires_at": expires_at}).encode()

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()


def _handler(half: PlatformHalf) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._say(200, half.answer(self.path, self._body()))

        def do_GET(self) -> None:
            content = half.objects.get(self.path.partition("?")[2])
            self._say(404 if content is None else 200, content or b"")

        def do_PUT(self) -> None:
            half.objects[self.path.partition("?")[2]] = self._body()
            self._say(200, b"")

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the base class's name

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))

        def _say(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
