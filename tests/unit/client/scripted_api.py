"""A real HTTP server on a loopback port that answers as each test says, and may hang up in the middle."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON of any shape
        return json.loads(self.body)


@dataclass
class Reply:
    status: int = 200
    json: Any = None
    body: bytes | Iterable[bytes] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    """Close the connection without an answer, or after the pieces of the body without its end."""


Answer = Callable[[Seen], Reply]


def _always(reply: Reply) -> Answer:
    return lambda _: reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients hang up in the middle on purpose."""


class Api:
    """Routes ``METHOD /path`` (without query) to a list of answers; the last one is repeated."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._routes: dict[str, list[Answer]] = {}
        self._lock = threading.Lock()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                api.answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = do  # noqa: N815 - the base class's names

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def on(self, route: str, *answers: Answer | Reply) -> None:
        self._routes[route] = [one if callable(one) else _always(one) for one in answers]

    def requests(self, route: str) -> list[Seen]:
        return [one for one in self.seen if f"{one.method} {one.path.partition('?')[0]}" == f"{route}"]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, http: BaseHTTPRequestHandler) -> None:
        length = int(http.headers.get("Content-Length") or 0)
        seen = Seen(http.command, http.path.removeprefix("/api/v1"), dict(http.headers), http.rfile.read(length))
        with self._lock:
            self.seen.append(seen)
            answers = self._routes.get(f"{seen.method} {seen.path.partition('?')[0]}")
            answer = (answers.pop(0) if len(answers) > 1 else answers[0]) if answers else None
        reply = answer(seen) if answer else Reply(404, {"title": "no such route in this test", "detail": seen.path})
        self._send(http, reply)

    @staticmethod
    def _send(http: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.hang_up and reply.body is None:
            http.close_connection = True
            return
        body = json.dumps(reply.json).encode() if reply.body is None else reply.body
        http.send_response(reply.status)
        for name, value in reply.headers.items():
            http.send_header(name, value)
        if isinstance(body, bytes):
            http.send_header("Content-Length", str(len(body)))
            http.end_headers()
            http.wfile.write(body)
            return
        http.send_header("Transfer-Encoding", "chunked")
        http.end_headers()
        for piece in body:
            http.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            http.wfile.flush()
        if reply.hang_up:
            http.close_connection = True
        else:
            http.wfile.write(b"0\r\n\r\n")
