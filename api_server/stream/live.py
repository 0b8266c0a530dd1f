"""One live stream from its beginning to its end: snapshot or replay, then whatever happens, while the token holds."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from anyio.to_thread import run_sync

from api_server.auth.authenticator import Authenticator
from api_server.auth.principal import Principal, Scope
from api_server.problems import UnauthenticatedError
from api_server.registry.unit_of_work import Registry
from api_server.stream import frames, snapshots
from api_server.stream.frames import ResyncReason
from api_server.stream.hub import FeedHub
from api_server.stream.snapshots import Scope as StreamScope
from api_server.stream.subscription import OverflowedError, Subscription
from howdah.runtime import metrics

MAX_FOLLOWED: Final = 100
"""How many experiments one stream may name."""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How streams are kept."""

    replay_limit: int = 10_000
    """A client that missed more events starts over with a snapshot."""
    recheck_seconds: float = 15.0
    """How soon a stream ends after its token was revoked."""
    ping_seconds: float = 15.0
    send_timeout_seconds: float = 30.0
    """A client that takes nothing for so long is given up."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who follows a stream, and the token by which that is looked up again."""

    principal: Principal
    bearer: str


class LiveFeed:
    """What stream routes ask: the hub, the registry, who may. One per process."""

    def __init__(
        self, registry: Registry, hub: FeedHub, authenticator: Authenticator, options: StreamOptions | None = None
    ) -> None:
        self._registry = registry
        self._authenticator = authenticator
        self.hub = hub
        self.options = options or StreamOptions()

    async def follow(self, caller: Caller, scope: StreamScope, last_event_id: str | None) -> AsyncIterator[bytes]:
        """Yield the bytes of a stream; several events share a piece when the client is busy.

        Raises, before the first piece: NotFoundError for an experiment that the gateway does not have.
        """
        chosen = None if scope.experiment_ids is None else frozenset(scope.experiment_ids)
        with self.hub.subscribe(scope.gateway_id, chosen) as subscription:
            # Subscribed first, read second: nothing can fall between the two.
            await self.hub.wait_reading()
            beginning = await self._begin(scope, last_event_id)
            if beginning is None:
                yield _resync(ResyncReason.TOO_OLD)
                return
            subscription.start_at(beginning.cursor)
            yield beginning.content or b": connected\n\n"
            async for piece in self._go_on(subscription, caller):
                yield piece

    async def _begin(self, scope: StreamScope, last_event_id: str | None) -> snapshots.Beginning | None:
        if not last_event_id:
            return await run_sync(snapshots.take_snapshot, self._registry, scope)
        return await run_sync(snapshots.replay, self._registry, scope, last_event_id, self.options.replay_limit)

    async def _go_on(self, subscription: Subscription, caller: Caller) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        check_at = loop.time() + self.options.recheck_seconds
        while True:
            try:
                async with asyncio.timeout_at(check_at):
                    piece = await subscription.take()
            except TimeoutError:
                piece = b""
            except OverflowedError:
                yield _resync(ResyncReason.OVERFLOW)
                return
            if loop.time() >= check_at:
                check_at = loop.time() + self.options.recheck_seconds
                if not await self._still_may(caller):
                    return
            if piece:
                yield piece

    async def _still_may(self, caller: Caller) -> bool:
        try:
            principal = await run_sync(self._authenticator.authenticate, caller.bearer)
        except UnauthenticatedError:
            return False
        return principal.gateway_id == caller.principal.gateway_id and principal.may(Scope.EXPERIMENTS_READ)


def _resync(reason: ResyncReason) -> bytes:
    metrics.FEED_RESYNCS.labels(reason).inc()
    return frames.resync(reason)
