"""Serves the built console: hashed files for ever, the page for every deep link, under a strict policy.

Files are read once, with what the build compressed beside them. Knows nothing of the API: what it does not have is for
the page's own router, or a 404.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

PACKAGED: Final = Path(__file__).parent / "site"
CHECKOUT: Final = Path(__file__).parents[2] / "web_console" / "dist"
_INDEX: Final = "index.html"
_HASHED: Final = "assets/"
_ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}
_FOREVER: Final = "public, max-age=31536000, immutable"
_REVALIDATE: Final = "no-cache"
_NOT_OURS: Final = ("api/", "internal/", "objects/")
"""An unknown path below these is a mistake of a program, not a page."""
_SECURITY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
        "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_NOT_BUILT: Final = (
    "The web console is not built here. In a checkout: make console. The API is at /api/v1, its description at /docs.\n"
)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file in all its encodings."""

    media_type: str
    etag: str
    cache: str
    bodies: Mapping[str, bytes]
    """By content coding; ``identity`` is always there."""

    def respond(self, request: Request) -> Response:
        """Return the answer in the best coding that the caller takes; 304 when it has the file already."""
        coding = _best(request.headers, self.bodies)
        etag = f'"{self.etag}{"" if coding == "identity" else "-" + coding}"'
        headers = {"ETag": etag, "Cache-Control": self.cache, "Vary": "Accept-Encoding", **_SECURITY}
        if etag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        body = self.bodies[coding]
        if coding != "identity":
            headers["Content-Encoding"] = coding
        headers["Content-Length"] = str(len(body))
        content = b"" if request.method == "HEAD" else body
        return Response(content, headers=headers, media_type=self.media_type)


class ConsoleSite:
    """The built console as an ASGI application, for all that no route of the API took."""

    def __init__(self, directory: Path | None = None) -> None:
        found = directory or (PACKAGED if (PACKAGED / _INDEX).is_file() else CHECKOUT)
        self._assets = _read(found) if (found / _INDEX).is_file() else {}

    @property
    def is_built(self) -> bool:
        """Whether there is a console to serve."""
        return bool(self._assets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":  # a WebSocket: there are none
            raise HTTPException(404)
        request = Request(scope)
        await self._respond(request)(scope, receive, send)

    def _respond(self, request: Request) -> Response:
        path = request.url.path.lstrip("/")
        if path.startswith(_NOT_OURS):
            raise HTTPException(404)
        if request.method not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        if asset := self._assets.get(path):
            return asset.respond(request)
        if path.startswith(_HASHED) or "." in path.rpartition("/")[2]:
            raise HTTPException(404)  # a file that is gone must not come back as a page
        if not self._assets:
            return PlainTextResponse(_NOT_BUILT, 404)
        return self._assets[_INDEX].respond(request)


def _best(headers: Headers, bodies: Mapping[str, bytes]) -> str:
    accepted = {}
    for part in headers.get("accept-encoding", "").split(","):
        coding, _, parameters = part.strip().partition(";")
        accepted[coding.strip().lower()] = parameters.replace(" ", "") not in {"q=0", "q=0.0"}
    return next((coding for coding in _ENCODINGS if coding in bodies and accepted.get(coding)), "identity")


def _read(directory: Path) -> dict[str, Asset]:
    assets = {}
    for path in sorted(directory.rglob("*")):
        if not path.is_file() or path.suffix in _ENCODINGS.values() or path.name.startswith("."):
            continue
        name = path.relative_to(directory).as_posix()
        plain = path.read_bytes()
        bodies = {"identity": plain}
        for coding, suffix in _ENCODINGS.items():
            packed = path.with_name(path.name + suffix)
            if packed.is_file():
                bodies[coding] = packed.read_bytes()
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        media_type = "text/javascript" if name.endswith(".js") else media_type
        cache = _FOREVER if name.startswith(_HASHED) else _REVALIDATE
        assets[name] = Asset(media_type, hashlib.sha256(plain).hexdigest()[:32], cache, bodies)
    return assets
