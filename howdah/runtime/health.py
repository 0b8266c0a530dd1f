"""A small HTTP endpoint beside every worker process: is it alive, is it ready, its metrics."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import make_wsgi_app

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)

Check = Callable[[], str | None]
"""Returns None when all is well, else a sentence saying what is not."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: probes come every second."""


class HealthServer:
    """Serves ``/livez``, ``/readyz`` and ``/metrics`` on a thread of its own.

    ``alive`` and ``ready`` map a name to a check; a failing one turns the answer into 503 with its sentence.
    """

    def __init__(self, host: str, port: int, *, alive: Mapping[str, Check], ready: Mapping[str, Check]) -> None:
        self._checks = {"/livez": alive, "/readyz": ready}
        self._metrics = make_wsgi_app()
        self._server = make_server(host, port, self._answer, server_class=_Server, handler_class=_QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port that is really listened on."""
        return self._server.server_port

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()
        log.info("health endpoint is up", port=self.port)

    def close(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return cast("Iterable[bytes]", self._metrics(environ, start_response))
        checks = self._checks.get(path)
        if checks is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"there is /livez, /readyz and /metrics\n"]
        troubles = {name: trouble for name, check in checks.items() if (trouble := check())}
        start_response("503 Service Unavailable" if troubles else "200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"ok": not troubles, "troubles": troubles}).encode()]
