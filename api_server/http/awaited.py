"""Answers that a service gives a little later: a call may wait for one before it answers with 202."""

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Final, Protocol, TypeVar

from anyio.to_thread import run_sync
from fastapi import Query, Request, Response

Wait = Annotated[float, Query(ge=0, le=60, description="Seconds to wait for the answer before answering with 202.")]
_ASK_AGAIN_SECONDS: Final = 0.2


class Awaited(Protocol):
    """What is shown of a question: ``state`` is ``running`` until it is answered, or nobody will."""

    @property
    def id(self) -> str:
        """The question's."""
        ...

    @property
    def state(self) -> str:
        """How it stands."""
        ...


A = TypeVar("A", bound=Awaited)


async def awaited(
    request: Request, response: Response, wait: float, ask: Callable[[], A], again: Callable[[str], A]
) -> A:
    """Ask, and look again until there is an answer, the time is over or the client has gone; then it is 200, or 202.

    Both calls may block; ``again`` is given the question's id.
    """
    shown, until = await run_sync(ask), time.monotonic() + wait
    while shown.state == "running" and time.monotonic() < until and not await request.is_disconnected():
        await asyncio.sleep(_ASK_AGAIN_SECONDS)
        shown = await run_sync(again, shown.id)
    if shown.state != "running":
        response.status_code = 200
    return shown
