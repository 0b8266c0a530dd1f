"""Is this process alive, is it ready, its metrics: without a token, without a prefix."""

from collections.abc import Callable, Mapping

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from howdah.runtime.health import Check

router = APIRouter(tags=["health"])

Checks = Callable[[], Mapping[str, Check]]


@router.get("/livez")
async def get_liveness() -> dict[str, bool]:
    """Answer as long as the event loop turns."""
    return {"ok": True}


@router.get("/readyz", responses={503: {"description": "Not ready; `troubles` says why."}})
async def get_readiness(request: Request) -> Response:
    """Tell whether the database and Kafka can be used: 503 with a sentence for each that can't."""
    checks: Mapping[str, Check] = request.app.state.ready
    troubles = {name: trouble for name, check in checks.items() if (trouble := await run_sync(check)) is not None}
    return JSONResponse({"ok": not troubles, "troubles": troubles}, 503 if troubles else 200)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def get_metrics() -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
