"""Which bytes of a log a call asks for, and the answer that carries them (RFC 9110, section 14, or by offset)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import Request, Response

from api_server.experiments.live_files import Seen, Wanted
from api_server.http.download import content_disposition, parse_range
from api_server.problems import BadRequestError, FieldError, RangeNotSatisfiableError, UnavailableError

MAX_BYTES: Final = 4 << 20
"""What one answer holds at most; a longer Range gets its beginning, as the RFC allows."""
DEFAULT_BYTES: Final = 1 << 20
_TEXT: Final = "text/plain; charset=utf-8"
_WHOLE: Final = MAX_BYTES + 1
_LIVE_ETAG: Final = re.compile(r'^"([0-9a-f-]{36})\.(\d+)\.(\d+)"$')


@dataclass(frozen=True, slots=True)
class Asked:
    """What the call asks for: by Range, by offset, or the whole."""

    wanted: Wanted
    by_range: str | None
    by_offset: bool


def read_request(headers: Mapping[str, str], offset: int | None, limit: int | None) -> Asked:
    """Return what is asked for; BadRequestError when it is said in two ways."""
    header = headers.get("range")
    if offset is not None or limit is not None:
        if header is not None:
            message = "is given together with a Range header; ask in one of the two ways"
            raise BadRequestError(errors=[FieldError("offset", message)])
        return Asked(Wanted(offset or 0, limit or DEFAULT_BYTES), None, by_offset=True)
    span = parse_range(header, 1 << 60)
    if header is None or span is None:
        return Asked(Wanted(0, _WHOLE), None, by_offset=False)
    suffix = header.strip().startswith("bytes=-")
    if suffix:
        length = (1 << 60) - span[0]
        return Asked(Wanted(-length, min(length, MAX_BYTES)), header, by_offset=False)
    return Asked(Wanted(span[0], min(span[1] - span[0], MAX_BYTES)), header, by_offset=False)


def log_headers(seen: Seen, *, live: bool, etag: str) -> dict[str, str]:
    """Return what every answer tells about the log."""
    return {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
        "Howdah-Log-Offset": str(seen.start),
        "Howdah-Log-Size": str(seen.size_bytes),
        "Howdah-Log-Complete": "true" if seen.final else "false",
        "Howdah-Log-Source": "live" if live else "stored",
        "Howdah-Log-Epoch": str(seen.epoch),
    }


def live_etag(seen: Seen) -> str:
    """Return the tag of what is known of a live file now."""
    return f'"{seen.file_id or "00000000-0000-0000-0000-000000000000"}.{seen.epoch}.{seen.size_bytes}"'


def range_holds(condition: str | None, etag: str, seen: Seen) -> bool:
    """Tell whether the version that If-Range names begins with the same bytes as the present one: logs only grow."""
    if condition is None or condition == etag:
        return True
    match = _LIVE_ETAG.match(condition)
    if match is None or seen.file_id is None:
        return False
    return match[1] == seen.file_id and int(match[2]) == seen.epoch and int(match[3]) <= seen.size_bytes


def answer(request: Request, asked: Asked, seen: Seen, headers: dict[str, str], name: str) -> Response:
    """Return 200 or 206 with the bytes; 416 where there are none in the Range, 503 where a look for them failed."""
    if not seen.content and seen.failure is not None and not seen.final:
        sentence = str(seen.failure.get("sentence", "The look at the resource failed."))
        raise UnavailableError(sentence, slug="log-unreachable", headers={**headers, "Retry-After": "2"})
    headers["Content-Disposition"] = content_disposition(name)
    if asked.by_offset:
        return Response(seen.content, 200, headers, media_type=_TEXT)
    ranged = asked.by_range is not None and range_holds(request.headers.get("if-range"), headers["ETag"], seen)
    if not ranged:
        return _whole(asked, seen, headers)
    if not seen.content:
        headers["Content-Range"] = f"bytes */{seen.size_bytes}"
        raise RangeNotSatisfiableError(
            f"The log has {seen.size_bytes} bytes now; there are none in the range {asked.by_range} yet.",
            headers=headers,
        )
    last = seen.start + len(seen.content) - 1
    headers["Content-Range"] = f"bytes {seen.start}-{last}/{max(seen.size_bytes, last + 1)}"
    return Response(seen.content, 206, headers, media_type=_TEXT)


def _whole(asked: Asked, seen: Seen, headers: dict[str, str]) -> Response:
    if asked.by_range is not None or len(seen.content) > MAX_BYTES or len(seen.content) < seen.size_bytes:
        message = (
            f"is needed: the log has {seen.size_bytes:,} bytes and is still being written; ask for at most "
            f"{MAX_BYTES:,} at a time, with a Range header or with offset and limit"
        )
        raise BadRequestError(errors=[FieldError("Range", message)], slug="range-needed", headers=headers)
    return Response(seen.content, 200, headers, media_type=_TEXT)
