"""Around every request: its trace, its size limit, its line in the access log, its time in the metrics.

Plain ASGI, since every request passes here. The log never shows a query string (signatures are in them) nor a header.
"""

import re
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_server.http.problem import defect_response, problem_response
from api_server.problems import TooLargeError
from howdah.runtime import metrics, tracing

log = structlog.get_logger("api_server.access")

_TRACEPARENT: Final = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
_PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})

BodyLimit = Callable[[str, str], int]
"""(method, path) → the most bytes of a body there."""


class Observed:
    """Wraps the application."""

    def __init__(self, app: ASGIApp, body_limit: BodyLimit) -> None:
        self._app = app
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        tracing.enter(tracing.child_of(_incoming(headers)))
        began, status = time.perf_counter(), 0

        async def send_and_see(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        limit = self._body_limit(scope["method"], scope["path"])
        try:
            if _declared(headers) > limit:
                await problem_response(Request(scope), _too_large(limit))(scope, receive, send_and_see)
            else:
                await self._app(scope, _limited(receive, limit), send_and_see)
        except Exception as error:  # the process's one boundary: a defect ends a request, no more
            if status:
                raise  # the answer had begun: all that is left is to cut the connection
            await defect_response(Request(scope), error)(scope, receive, send_and_see)
        finally:
            _report(scope, status, time.perf_counter() - began)


def _incoming(headers: dict[bytes, bytes]) -> str | None:
    text = headers.get(b"traceparent", b"").decode("latin-1")
    return text if _TRACEPARENT.match(text) else None


def _declared(headers: dict[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"")
    return int(length) if length.isdigit() else 0


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"The body has more than the {limit:,} bytes that are taken here.")


def _limited(receive: Receive, limit: int) -> Receive:
    """Count what really comes: a chunked body declares no length."""
    taken = 0

    async def receive_limited() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > limit:
                # Starlette's own exception: it is the one that FastAPI lets pass while it reads a body.
                raise HTTPException(413, str(_too_large(limit)))
        return message

    return receive_limited


def _template(scope: Scope) -> str:
    """Return the route's path with its parameters' names: a label of few values."""
    context = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    return str(getattr(context, "path_format", None) or getattr(context, "path", "unmatched"))


def _report(scope: Scope, status: int, seconds: float) -> None:
    route = _template(scope)
    metrics.HTTP_SECONDS.labels(scope["method"], route, str(status)).observe(seconds)
    if scope["path"] in _PROBES:
        return
    principal: Any = scope.get("state", {}).get("principal")
    log.info(
        "request",
        method=scope["method"],
        path=scope["path"],
        route=route,
        status=status,
        milliseconds=round(seconds * 1_000, 2),
        client=(scope.get("client") or ("-",))[0],
        subject=getattr(principal, "subject", None),
        gateway_id=getattr(principal, "gateway_id", None),
    )
