"""From a request's body into the object store: counted, hashed and limited on the way, a chunk at a time in memory."""

import re
from dataclasses import dataclass
from typing import Final

from anyio.to_thread import run_sync
from fastapi import Request

from api_server.files.multipart import MultipartReader, PartBegins
from api_server.objects.store import ObjectStore, ObjectWriter, Written
from api_server.problems import BadRequestError, FieldError, InvalidRequestError

FIELD: Final = "file"
DEFAULT_TYPE: Final = "application/octet-stream"
_CONTENT_TYPE: Final = re.compile(r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+$")
_MAX_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is in the store now."""

    name: str
    content_type: str
    written: Written


async def store_body(request: Request, store: ObjectStore, key: str, limit_bytes: int) -> Written:
    """Write the whole body under ``key``."""
    writer = await run_sync(store.write, key, limit_bytes)
    try:
        async for chunk in request.stream():
            if chunk:
                await run_sync(writer.write, chunk)
        return await run_sync(writer.commit)
    finally:
        await run_sync(writer.abort)


async def store_form_file(request: Request, store: ObjectStore, key: str, limit_bytes: int) -> Upload:
    """Write the part named ``file`` of a multipart body under ``key``."""
    reader = MultipartReader(request.headers.get("content-type", ""))
    writer = await run_sync(store.write, key, limit_bytes)
    try:
        part = await _receive(request, reader, writer)
        if not reader.complete:
            raise BadRequestError("The multipart form ends in the middle.")
        if part is None:
            raise InvalidRequestError(errors=[FieldError(FIELD, "is required: a part of this name with a filename")])
        written = await run_sync(writer.commit)
    finally:
        await run_sync(writer.abort)
    return Upload(_file_name(part.file_name or ""), _content_type(part.content_type), written)


async def _receive(request: Request, reader: MultipartReader, writer: ObjectWriter) -> PartBegins | None:
    found: PartBegins | None = None
    async for chunk in request.stream():
        for piece in reader.feed(chunk):
            if isinstance(piece, PartBegins):
                _check_part(piece, found)
                found = piece
            else:
                await run_sync(writer.write, piece.data)
    return found


def _check_part(part: PartBegins, before: PartBegins | None) -> None:
    if part.field != FIELD or part.file_name is None:
        message = f"is not known here; send one part named {FIELD!r} with a filename"
        raise InvalidRequestError(errors=[FieldError(part.field[:100] or "body", message)])
    if before is not None:
        raise InvalidRequestError(errors=[FieldError(FIELD, "came twice; upload one file at a time")])
    _file_name(part.file_name)


def _file_name(text: str) -> str:
    """Return the last segment of what the browser calls the file."""
    name = re.split(r"[/\\]", text)[-1].strip()
    if name in {"", ".", ".."} or not name.isprintable() or len(name) > _MAX_NAME:
        message = f"needs a filename of 1 to {_MAX_NAME} printable characters"
        raise InvalidRequestError(errors=[FieldError(FIELD, message)])
    return name


def _content_type(text: str) -> str:
    kind = text.split(";", maxsplit=1)[0].strip()
    return kind if _CONTENT_TYPE.match(kind) else DEFAULT_TYPE
