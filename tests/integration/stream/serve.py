"""The stream's routes alone on a real uvicorn, in a process of their own: `python serve.py <database url> <options>`.

Prints its port once it listens.
"""

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from api_server.auth.tokens import TokenAuthenticator
from api_server.http.problem import install_problem_handlers
from api_server.registry.engine import make_engine
from api_server.registry.unit_of_work import Registry
from api_server.stream import router as stream_router
from api_server.stream.hub import FeedHub
from api_server.stream.live import LiveFeed, StreamOptions
from howdah.runtime.clock import SystemClock


class NothingToPublish:
    """Streams only read."""

    def publish(self, rows: object) -> None:
        raise AssertionError(f"nobody publishes here: {rows}")


def app_of(url: str, limit_bytes: int, options: StreamOptions) -> FastAPI:
    engine = make_engine(url, pool_size=10)
    hub = FeedHub(engine, limit_bytes=limit_bytes)
    authenticator = TokenAuthenticator(engine, SystemClock(), 0.1)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hub.start()
        yield
        hub.close()
        engine.dispose()

    app = FastAPI(lifespan=lifespan)
    install_problem_handlers(app)
    app.include_router(stream_router.router, prefix="/api/v1")
    app.state.authenticator = authenticator
    app.state.live_feed = LiveFeed(Registry(engine, NothingToPublish()), hub, authenticator, options)
    return app


def main() -> None:
    url, limit_bytes, replay_limit, recheck = sys.argv[1:]
    options = StreamOptions(replay_limit=int(replay_limit), recheck_seconds=float(recheck), ping_seconds=0.3)
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(app_of(url, int(limit_bytes), options), log_level="warning", timeout_graceful_shutdown=5)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
