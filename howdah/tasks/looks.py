"""Looks at resources, beside the work queues of tasks: no process, no attempt, no retry; one answer to each request."""

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from pydantic import BaseModel, JsonValue

from howdah.compute.abstract import Bounds, Reach, SecretSource
from howdah.contracts import codec, topics
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import Failure, FailureKind
from howdah.contracts.looks import LookKind
from howdah.contracts.messages import LookAnswered, LookAtResource
from howdah.contracts.resources import ResourceTarget
from howdah.messaging.abstract import Delivery, DeliveryCanceledError, Outgoing, Runner, WorkQueueOptions
from howdah.runtime.tracing import child_of
from howdah.tasks.api import Grant
from howdah.tasks.bulkhead import Bulkhead
from howdah.tasks.cancel import CancelToken, StopReason
from howdah.tasks.context import SecretOf, Tools
from howdah.tasks.files import Chunks
from howdah.tasks.service import PartFactory, Parts

log = structlog.get_logger(__name__)

_THREADS: Final = 16
_PER_RESOURCE: Final = 2


@dataclass(frozen=True, slots=True)
class Look:
    """One request in a handler's hands."""

    target: ResourceTarget
    secret: SecretSource
    bounds: Bounds
    params: Mapping[str, JsonValue]
    reach: Callable[[], Reach]
    store: Callable[[str, Chunks, int], None]
    """Writes an object of so many bytes, where the look's capability allows it."""


LookHandler = Callable[[Look], BaseModel]
"""Looks; TaskError when it could not. It must obey ``bounds``."""


def looks(handlers: Mapping[LookKind, LookHandler]) -> PartFactory:
    """Return the part of a service that answers looks (see ``run_service``)."""

    def make(parts: Parts) -> Runner:
        looking = _Looking(handlers, parts.tools)
        options = WorkQueueOptions(
            group=topics.LOOKS.name.rpartition(".")[2],
            threads=_THREADS,
            drain_grace_seconds=parts.settings.drain_grace_seconds,
        )
        return parts.messaging.work_queue([topics.LOOKS.name], looking, options)

    return make


class _Looking:
    """Answers each request once; a redelivery answers again, and the first answer counts."""

    def __init__(self, handlers: Mapping[LookKind, LookHandler], tools: Tools) -> None:
        self._handlers = handlers
        self._tools = tools
        self._bulkhead = Bulkhead(_PER_RESOURCE, tools.clock)

    def __call__(self, delivery: Delivery) -> None:
        """Look, and tell what was seen."""
        request = codec.LOOKS.decode(delivery.record.value)
        token = CancelToken()
        delivery.on_cancel(functools.partial(token.stop, StopReason.REVOKED))
        answer, failure = self._answer(request, token)
        told = LookAnswered(
            at=self._tools.clock.now(),
            trace=child_of(request.trace),
            look_id=request.look_id,
            gateway_id=request.gateway_id,
            resource_id=request.target.resource_id,
            what=request.what,
            answer=answer,
            failure=failure,
        )
        key = request.target.resource_id.encode()
        delivery.emit(Outgoing(topics.LOOK_ANSWERS.name, codec.encode(told), key=key))

    def _answer(self, request: LookAtResource, token: CancelToken) -> tuple[dict[str, Any] | None, Failure | None]:
        left = (request.deadline_at - self._tools.clock.now()).total_seconds()
        if left <= 0:
            return None, _failure(FailureKind.TIMEOUT, "The look began too late: nobody waits for its answer any more.")
        if self._bulkhead.enter(request.target.account) is not None:
            sentence = f"{_PER_RESOURCE} others look at {request.target.name} already; try again in a moment."
            return None, _failure(FailureKind.THROTTLED, sentence)
        started = self._tools.clock.monotonic()
        try:
            return self._looked(request, Bounds(token, time.monotonic() + left)), None
        except TaskError as error:
            if token.stopped:
                raise DeliveryCanceledError("the delivery was revoked during a look") from error
            return None, error.failure
        except Exception:
            log.exception("a look failed unexpectedly", look_id=request.look_id, what=request.what)
            return None, _failure(FailureKind.INTERNAL, "The service that looks has a defect; its log has the details.")
        finally:
            self._bulkhead.leave(request.target.account, self._tools.clock.monotonic() - started)

    def _looked(self, request: LookAtResource, bounds: Bounds) -> dict[str, Any]:
        grant = Grant(request.capability)
        secret = SecretOf(self._tools.exchange, request.target.credential_id, grant)

        def store(uri: str, chunks: Chunks, size_bytes: int) -> None:
            self._tools.files.store_output(uri, chunks, size_bytes, grant)

        look = Look(request.target, secret, bounds, request.params, self._tools.reach, store)
        return self._handlers[request.what](look).model_dump(mode="json")


def _failure(kind: FailureKind, sentence: str) -> Failure:
    return Failure.bounded(kind=kind, sentence=sentence)
