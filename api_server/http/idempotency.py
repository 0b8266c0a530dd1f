"""Idempotency-Key: the same request sent twice is done once and gets the same answer.

The key is claimed in the transaction of the work itself, so that answer and effect stand or fall together. Errors
are not remembered: after one, the same key may be used again.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError

from api_server.auth.principal import Principal
from api_server.problems import ConflictError, FieldError, ProblemError
from api_server.registry.repositories.idempotency import IdempotencyRepository
from api_server.registry.unit_of_work import UnitOfWork

MEDIA_TYPE = "application/json"


class IdempotencyKeyReusedError(ProblemError):
    """The key was used for another request."""

    status = 422
    slug = "idempotency-key-reused"
    title = "The Idempotency-Key belongs to another request"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers: the status, the body and the headers that belong to it (Location, ETag)."""

    status: int
    content: BaseModel
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return it as HTTP."""
        return Response(self.content.model_dump_json(), self.status, media_type=MEDIA_TYPE, headers=self.headers)

    def remembered(self) -> dict[str, Any]:
        """Return what is kept of it beside its key."""
        return {"content": self.content.model_dump(mode="json"), "headers": self.headers}


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The key of one request, if it has one."""

    key: str | None
    fingerprint: bytes = b""

    def answer(self, work: UnitOfWork, principal: Principal, produce: Callable[[], Answer]) -> Response:
        """Return what ``produce`` answers, or what it answered to this request before.

        Raises:
            IdempotencyKeyReusedError: the key came with another request.
            ConflictError: the same request is still being worked on.
        """
        if self.key is None:
            return produce().response()
        remembered = IdempotencyRepository(work.session, principal.gateway_id, principal.subject)
        try:
            earlier = remembered.claim(self.key, self.fingerprint)
        except OperationalError as error:
            if getattr(error.orig, "pgcode", None) != LOCK_NOT_AVAILABLE:
                raise
            message = "The first request with this Idempotency-Key is still being worked on; send it again later."
            raise ConflictError(message, slug="idempotency-key-busy", headers={"Retry-After": "5"}) from None
        if earlier is not None:
            return self._again(earlier.fingerprint, earlier.status, earlier.body)
        answer = produce()
        remembered.remember(self.key, answer.status, answer.remembered())
        return answer.response()

    def _again(self, fingerprint: bytes, status: int, body: dict[str, Any]) -> Response:
        if not hmac.compare_digest(fingerprint, self.fingerprint):
            message = "was used for another request within the last day; take a new key for each request"
            raise IdempotencyKeyReusedError(errors=[FieldError("Idempotency-Key", message)])
        headers = {**body["headers"], "Idempotency-Replayed": "true"}
        return Response(orjson.dumps(body["content"]), status, media_type=MEDIA_TYPE, headers=headers)


LOCK_NOT_AVAILABLE = "55P03"


def fingerprint(request: Request, content: bytes) -> bytes:
    """Return what tells this request from others. Keyed, since a body may hold a password that could be guessed."""
    said = b"\x00".join((request.method.encode(), request.url.path.encode(), request.url.query.encode(), content))
    return hmac.new(request.app.state.fingerprint_key, said, hashlib.sha256).digest()


_KeyHeader = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="A text of your choice, best a UUID: the same request with the same key is done once.",
    ),
]


async def idempotency(request: Request, idempotency_key: _KeyHeader = None) -> Idempotency:
    """Read the Idempotency-Key of a request with a JSON body (or none)."""
    if idempotency_key is None:
        return Idempotency(None)
    return Idempotency(idempotency_key, fingerprint(request, await request.body()))


Idempotent = Annotated[Idempotency, Depends(idempotency)]
IdempotencyKeyHeader = _KeyHeader
