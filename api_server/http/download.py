"""Sending an object of the store: whole or one byte range (RFC 9110, section 14), never whole in memory."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api_server.objects.store import ObjectStore
from api_server.problems import RangeNotSatisfiableError

_RANGE: Final = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return (start, end) with the end excluded, None when the whole is to be sent.

    A header in another unit, or of several ranges, is ignored as the RFC allows. RangeNotSatisfiableError when the
    range begins beyond the end.
    """
    match = _RANGE.match(header or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= size:
        raise RangeNotSatisfiableError(
            f"The object has {size} bytes; the range {header} begins beyond them.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, end


def content_disposition(name: str) -> str:
    """Return the header value that lets a browser save under ``name``, whatever characters it has."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def send_object(  # noqa: PLR0913 - what belongs to an answer
    request: Request,
    store: ObjectStore,
    key: str,
    *,
    name: str,
    content_type: str = "application/octet-stream",
    sha256: str | None = None,
) -> Response:
    """Return the answer that streams the object: 200, 206 for a Range, 304 when the caller has it already.

    Always as an attachment and never sniffed: what users store is not to run in the console's origin.
    """
    headers: dict[str, str] = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": content_disposition(name),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    if sha256 is not None:
        headers |= {"ETag": f'"{sha256}"', "Howdah-Sha256": sha256}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
    size = store.size(key)
    span = parse_range(_range_header(request.headers, headers.get("ETag")), size)
    start, end = span or (0, size)
    headers["Content-Length"] = str(end - start)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    status = 200 if span is None else 206
    return StreamingResponse(store.read(key, start, end), status, headers, media_type=content_type)


def _range_header(headers: Mapping[str, str], etag: str | None) -> str | None:
    """Return the Range header, unless If-Range names another version than the one there is."""
    condition = headers.get("if-range")
    return headers.get("range") if condition is None or condition == etag else None
