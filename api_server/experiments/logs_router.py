"""Paths of what a job prints: its bytes while it runs and afterwards, a range at a time."""

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Any, Final

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.experiments.file_looks import FileLooks
from api_server.experiments.live_files import LiveFiles, Seen, Wanted
from api_server.experiments.live_sources import LogStream, Source, Stored, stream_of
from api_server.experiments.log_answers import (
    DEFAULT_BYTES,
    MAX_BYTES,
    Asked,
    answer,
    live_etag,
    log_headers,
    read_request,
)
from api_server.http.dependencies import Objects, requires
from api_server.http.download import send_object
from api_server.http.model import Id
from api_server.http.problem import problems
from api_server.objects.store import ObjectStore
from api_server.problems import BadRequestError, NotFoundError, RangeNotSatisfiableError, UnavailableError
from api_server.registry.unit_of_work import Registry

router = APIRouter(tags=["runs"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
Offset = Annotated[int | None, Query(ge=0, le=1 << 50, description="From which byte on; instead of a Range header.")]
Limit = Annotated[
    int | None, Query(ge=1, le=MAX_BYTES, description=f"At most so many bytes; {DEFAULT_BYTES:,} if absent.")
]
Wait = Annotated[
    float, Query(ge=0, le=30, description="Seconds to wait for bytes that are not here yet, before an empty answer.")
]

_ASK_AGAIN_SECONDS: Final = 0.15
_TEXT: Final = "text/plain; charset=utf-8"
_HEADERS: Final[dict[str, Any]] = {
    "Howdah-Log-Offset": {"description": "Where the bytes begin.", "schema": {"type": "integer"}},
    "Howdah-Log-Size": {"description": "How many bytes the log is known to have.", "schema": {"type": "integer"}},
    "Howdah-Log-Complete": {"description": "Whether that is all there will be.", "schema": {"type": "boolean"}},
    "Howdah-Log-Source": {"description": "`live` or `stored`.", "schema": {"type": "string"}},
    "Howdah-Log-Epoch": {
        "description": "Another number than before: the job began its output anew; read from 0 again.",
        "schema": {"type": "integer"},
    },
}
_BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The bytes.", "content": {_TEXT: {"example": "step 1 of 10\n"}}, "headers": _HEADERS},
    206: {"description": "The bytes of the Range.", "content": {_TEXT: {}}, "headers": _HEADERS},
    **problems(BadRequestError, NotFoundError, RangeNotSatisfiableError, UnavailableError),
}


@router.get("/tasks/{task_id}/logs/{stream}", response_class=Response, responses=_BYTES)
async def read_job_log(  # noqa: PLR0913, PLR0917 - the parts of the call
    request: Request,
    principal: Reader,
    store: Objects,
    task_id: Id,
    stream: LogStream,
    offset: Offset = None,
    limit: Limit = None,
    wait: Wait = 5,
) -> Response:
    """Read what the task's job prints, while it runs and afterwards: bytes of a Range, or from an offset on.

    To follow it: ask with `offset`, append what comes, and ask again from `Howdah-Log-Offset` plus its length, until
    `Howdah-Log-Complete` is true and `Howdah-Log-Size` is reached. Each byte is fetched from the resource once.
    """
    asked = read_request(request.headers, offset, limit)
    look = _Looking(request, principal, store, task_id, stream, asked.wanted)
    source, seen = await look.until_settled(wait)
    if source.stored is None:
        headers = log_headers(seen, live=True, etag=live_etag(seen))
        return answer(request, asked, seen, headers, source.path.rsplit("/", 1)[-1])
    return await run_sync(_stored_answer(request, store, asked, seen, source.stored))


class _Looking:
    """Reads again and again, each time in a transaction of its own, until there is nothing more to wait for."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of the call
        self,
        request: Request,
        principal: Principal,
        store: ObjectStore,
        task_id: str,
        stream: LogStream,
        wanted: Wanted,
    ) -> None:
        self._request = request
        self._principal = principal
        self._store = store
        self._task_id = task_id
        self._stream = stream
        self._wanted = wanted

    async def until_settled(self, seconds: float) -> tuple[Source, Seen]:
        """Return where the log is, and what is here of it."""
        until = time.monotonic() + seconds
        while True:
            source, seen = await run_sync(self._once)
            if seen.settled or time.monotonic() >= until or await self._request.is_disconnected():
                return source, seen
            await asyncio.sleep(_ASK_AGAIN_SECONDS)

    def _once(self) -> tuple[Source, Seen]:
        state, gateway_id = self._request.app.state, self._principal.gateway_id
        registry: Registry = state.registry
        with registry.transaction() as work:
            source = stream_of(work, gateway_id, self._task_id, self._stream)
            looks = FileLooks(work, self._principal, state.capabilities, state.clock)
            files = LiveFiles(work, gateway_id, self._store, looks)
            if source.stored is None:
                return source, files.read(source, self._wanted)
            return source, self._of_stored(source.stored, files.identity(source))

    def _of_stored(self, stored: Stored, identity: tuple[str | None, int]) -> Seen:
        size = stored.size_bytes
        start = self._wanted.start if self._wanted.start >= 0 else max(0, size + self._wanted.start)
        end = min(size, start + min(self._wanted.limit, MAX_BYTES))
        content = b"".join(self._store.read(stored.key, start, end)) if start < end else b""
        file_id, epoch = identity
        return Seen(file_id, epoch, size, start, content, final=True, asked=False, failure=None)


def _stored_answer(
    request: Request, store: ObjectStore, asked: Asked, seen: Seen, stored: Stored
) -> Callable[[], Response]:
    def make() -> Response:
        headers = log_headers(seen, live=False, etag=f'"{stored.sha256}"')
        if asked.by_offset or asked.by_range is not None:
            return answer(request, asked, seen, headers, stored.name)
        whole = send_object(request, store, stored.key, name=stored.name, content_type=_TEXT, sha256=stored.sha256)
        whole.headers.update(headers)
        return whole

    return make
