"""Calls of one kind that come one by one share transactions: what arrives while one is on its way shares the next.

A call that finds its caller idle has a transaction of its own at once, so nobody waits to be gathered. Under load the
cost of a transaction, its commit and the hop to a thread is divided among all that came meanwhile. Callers never
share: whoever floods the server queues up behind itself.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from anyio.to_thread import run_sync
from fastapi import Response

from api_server.auth.principal import Principal
from api_server.http.idempotency import LOCK_NOT_AVAILABLE, Answer, Idempotency
from api_server.registry.engine import DATABASE_OUTAGES
from api_server.registry.repositories.idempotency import IdempotencyRepository
from api_server.registry.unit_of_work import Registry, UnitOfWork
from howdah.runtime import tracing

MOST_TOGETHER: Final = 50
"""How many calls share one transaction: when it fails, each is done again by itself."""

PAUSE_SECONDS: Final = 0.015
"""Between transactions of a caller who sends several calls at once, so that more of them meet. One who waits for each
answer before the next call never meets this pause."""

Body = TypeVar("Body")


@dataclass(slots=True, eq=False)
class Call(Generic[Body]):
    """One call: what it asks for, its Idempotency-Key, and the trace it belongs to."""

    body: Body
    idempotency: Idempotency
    trace: str | None
    answered: "asyncio.Future[Response]"


Produce = Callable[[UnitOfWork, Principal, Sequence[Call[Body]]], list[Answer]]
"""Does what all these calls ask for and returns an answer to each, in order; or raises, and nothing is done."""

Outcome = Response | Exception


class Gathering(Generic[Body]):
    """Answers the calls of one route. Lives on one event loop."""

    def __init__(self, registry: Registry, produce: Produce[Body]) -> None:
        self._registry = registry
        self.produce = produce
        self._waiting: dict[Principal, list[Call[Body]]] = {}
        """The calls of each caller who is being served, beyond those in hand."""
        self._serving: set[asyncio.Task[None]] = set()

    async def answer(self, principal: Principal, body: Body, idempotency: Idempotency) -> Response:
        """Return the answer once the transaction that this call is part of was committed.

        Raises what the call by itself would have raised: one that is refused takes no other with it.
        """
        call = Call(body, idempotency, tracing.current(), asyncio.get_running_loop().create_future())
        if principal in self._waiting:
            self._waiting[principal].append(call)
        else:
            self._waiting[principal] = [call]
            serving = asyncio.create_task(self._serve(principal))
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)
        return await call.answered

    async def _serve(self, principal: Principal) -> None:
        waiting = self._waiting[principal]
        while waiting:
            calls, waiting[:] = waiting[:MOST_TOGETHER], waiting[MOST_TOGETHER:]
            for call, outcome in zip(calls, await run_sync(self._outcomes, principal, calls), strict=True):
                _tell(call.answered, outcome)
            if waiting:
                await asyncio.sleep(PAUSE_SECONDS)
        del self._waiting[principal]

    def _outcomes(self, principal: Principal, calls: Sequence[Call[Body]]) -> list[Outcome]:
        """Return what became of each: of all in one transaction, or of each in one of its own."""
        found = self._together(principal, calls) if len(calls) > 1 else {}
        return [found.get(call) or self._alone(principal, call) for call in calls]

    def _together(self, principal: Principal, calls: Sequence[Call[Body]]) -> dict[Call[Body], Outcome]:
        """Do all calls whose key is new; none when one of them is refused: by itself it will learn why."""
        together: Sequence[Call[Body]] = ()
        committing = False
        try:
            with self._registry.transaction() as work:
                remembered = IdempotencyRepository(work.session, principal.gateway_id, principal.subject)
                together = _with_new_keys(remembered, calls)
                answers = self.produce(work, principal, together)
                remembered.remember_all(
                    (call.idempotency.key, answer.status, answer.remembered())
                    for call, answer in zip(together, answers, strict=True)
                    if call.idempotency.key is not None
                )
                committing = True
        except Exception as error:  # noqa: BLE001 - the boundary of these calls: each gets what it raises
            if _is_outage(error):  # one by one they would wait as many times as long
                return dict.fromkeys(calls, error)
            # Nobody knows whether a commit that failed was done: then it is never tried again.
            return dict.fromkeys(together, error) if committing else {}
        return {call: answer.response() for call, answer in zip(together, answers, strict=True)}

    def _alone(self, principal: Principal, call: Call[Body]) -> Outcome:
        try:
            with self._registry.transaction() as work:
                return call.idempotency.answer(work, principal, lambda: self.produce(work, principal, [call])[0])
        except Exception as error:  # noqa: BLE001 - the boundary of this call, which gets what it raises
            return error


def _is_outage(error: Exception) -> bool:
    waits_for_a_key = getattr(getattr(error, "orig", None), "pgcode", None) == LOCK_NOT_AVAILABLE
    return isinstance(error, DATABASE_OUTAGES) and not waits_for_a_key


def _with_new_keys(remembered: IdempotencyRepository, calls: Sequence[Call[Body]]) -> list[Call[Body]]:
    """Return the calls without a key, and one for each key that this transaction could take."""
    by_key = {call.idempotency.key: call for call in reversed(calls) if call.idempotency.key is not None}  # the first
    taken = remembered.claim_all({key: call.idempotency.fingerprint for key, call in by_key.items()}) if by_key else ()
    return [call for call in calls if call.idempotency.key is None] + [by_key[key] for key in taken]


def _tell(answered: "asyncio.Future[Response]", outcome: Outcome) -> None:
    if answered.done():  # its caller has gone
        return
    if isinstance(outcome, Exception):
        answered.set_exception(outcome)
    else:
        answered.set_result(outcome)
