"""Server-Sent Events: everything in a gateway, some experiments, or one in full.

When the process is told to stop, sse-starlette ends the streams within half a second; clients come back with their
cursor.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import requires
from api_server.http.model import Id
from api_server.http.problem import LISTS, READS
from api_server.stream.live import MAX_FOLLOWED, Caller, LiveFeed
from api_server.stream.snapshots import Scope as StreamScope

router = APIRouter(tags=["live stream"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
LastEventId = Annotated[
    str | None, Header(max_length=2_000, description="The `id` of the last event read: what followed it is replayed.")
]

_EXAMPLE = (
    "id: 81734-0\nevent: snapshot\n"
    'data: {"cursor":"81734-0","experiments":[],"live":{"EXECUTING":2}}\n\n'
    "id: 81736-90121\nevent: change\n"
    'data: {"seq":4,"kind":"task-started","at":"2026-11-22T19:45:21.123456Z","actor":"noop",'
    '"experiment_id":"0190…","process_id":"0190…","task_id":"0190…","attempt":1,'
    '"changes":[{"entity":"task","id":"0190…","from":"SCHEDULED","to":"EXECUTING"}],"payload":{}}\n\n'
)
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A `snapshot`, then a `change` for each event; `lane` when a lane was paused or resumed. After "
        "`resync` connect again without Last-Event-ID. Comments keep the connection alive.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


@router.get("/stream", responses={**_STREAM, **LISTS, **READS}, response_class=EventSourceResponse)
async def stream_gateway(
    request: Request,
    principal: Reader,
    experiment_id: Annotated[
        list[Id] | None, Query(max_length=MAX_FOLLOWED, description="Only these; may be repeated.")
    ] = None,
    last_event_id: LastEventId = None,
) -> EventSourceResponse:
    """Follow all that happens in the gateway, or in some of its experiments."""
    chosen = tuple(dict.fromkeys(experiment_id)) if experiment_id else None
    return await _respond(request, principal, StreamScope(principal.gateway_id, chosen), last_event_id)


@router.get("/experiments/{experiment_id}/stream", responses={**_STREAM, **READS}, response_class=EventSourceResponse)
async def stream_experiment(
    request: Request, principal: Reader, experiment_id: Id, last_event_id: LastEventId = None
) -> EventSourceResponse:
    """Follow one experiment: the snapshot has its latest process with all tasks and jobs."""
    scope = StreamScope(principal.gateway_id, (experiment_id,), in_full=True)
    return await _respond(request, principal, scope, last_event_id)


async def _respond(
    request: Request, principal: Principal, scope: StreamScope, last_event_id: str | None
) -> EventSourceResponse:
    feed: LiveFeed = request.app.state.live_feed
    pieces = feed.follow(Caller(principal, request.state.bearer), scope, last_event_id)
    first = await anext(pieces)  # What is wrong with the request is a problem, not a broken stream.

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    options = feed.options
    return EventSourceResponse(
        whole(),
        ping=options.ping_seconds,
        ping_message_factory=lambda: ServerSentEvent(comment="still here"),
        sep="\n",
        send_timeout=options.send_timeout_seconds,
    )
