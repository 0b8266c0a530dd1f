"""Problems become answers: ``application/problem+json`` (RFC 9457), and its description in OpenAPI."""

from typing import Any, ClassVar

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from api_server.http.validation import explained
from api_server.problems import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
    PreconditionRequiredError,
    ProblemError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)
from howdah.runtime import tracing

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


class ProblemField(BaseModel):
    """One wrong field."""

    field: str = Field(examples=["queues.0.max_nodes"])
    message: str = Field(examples=["must be greater than or equal to 1"])
    got: str | None = None


class Problem(BaseModel):
    """What went wrong, in the shape of RFC 9457."""

    model_config = ConfigDict(extra="allow")
    example: ClassVar[dict[str, Any]] = {
        "type": "/problems/invalid-request",
        "title": "The request is invalid",
        "status": 422,
        "detail": "port: must be less than or equal to 65535",
        "instance": "/api/v1/compute-resources",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "errors": [{"field": "port", "message": "must be less than or equal to 65535", "got": "99999"}],
    }

    type: str
    title: str
    status: int
    detail: str
    instance: str
    trace_id: str | None = None
    errors: list[ProblemField] = []


_EVERYWHERE: tuple[type[ProblemError], ...] = (UnauthenticatedError, ForbiddenError)


def problems(*kinds: type[ProblemError]) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses=`` of a route that may answer with these problems (401 and 403 always may)."""
    return {kind.status: _documented(kind) for kind in (*_EVERYWHERE, *kinds)}


def _documented(kind: type[ProblemError]) -> dict[str, Any]:
    example = {**Problem.example, "type": f"/problems/{kind.slug}", "title": kind.title, "status": kind.status}
    if kind is not InvalidRequestError:
        example |= {"detail": kind.title, "errors": []}
    return {"description": kind.title, "content": {MEDIA_TYPE: {"schema": _REFERENCE, "example": example}}}


_REFERENCE = {"$ref": "#/components/schemas/Problem"}

CREATES = problems(BadRequestError, ConflictError, InvalidRequestError, TooLargeError)
READS = problems(NotFoundError)
LISTS = problems(BadRequestError)
EDITS = problems(
    BadRequestError,
    NotFoundError,
    ConflictError,
    PreconditionFailedError,
    InvalidRequestError,
    PreconditionRequiredError,
)
DELETES = problems(NotFoundError, ConflictError)


def problem_response(request: Request, problem: ProblemError) -> Response:
    """Return the answer that tells ``problem``."""
    trace = tracing.current()
    document: dict[str, object] = {
        "type": f"/problems/{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.url.path,
        **({"trace_id": trace.split("-")[1]} if trace else {}),
        "errors": [
            {"field": error.field, "message": error.message, **({} if error.got is None else {"got": error.got})}
            for error in problem.errors
        ],
        **problem.extensions,
    }
    return Response(orjson.dumps(document, default=str), problem.status, media_type=MEDIA_TYPE, headers=problem.headers)


def install_problem_handlers(app: FastAPI) -> None:
    """Let ``app`` answer every error as a problem."""

    async def on_problem(request: Request, error: Exception) -> Response:
        return problem_response(request, _as_problem(request, error))

    for kind in (ProblemError, RequestValidationError, HTTPException, DataError, OperationalError, PoolTimeoutError):
        app.add_exception_handler(kind, on_problem)


def defect_response(request: Request, error: Exception) -> Response:
    """Return 500 without details: they are in the log, under the trace id."""
    log.error("request failed by a defect", path=request.url.path, error=type(error).__name__, exc_info=error)
    return problem_response(request, ProblemError("The platform failed; the log has more under this trace id."))


def _as_problem(request: Request, error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, RequestValidationError):
        return explained(request, error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, DataError):
        return InvalidRequestError("The database can't hold a value: text must not contain U+0000, numbers be finite.")
    log.warning("database did not answer", error=type(error).__name__, exc_info=error)
    return UnavailableError("The registry does not answer; try again later.", headers={"Retry-After": "2"})


class _MethodNotAllowedError(ProblemError):
    status = 405
    slug = "method-not-allowed"
    title = "No such method here"


_BY_STATUS: dict[int, type[ProblemError]] = {
    kind.status: kind for kind in (BadRequestError, NotFoundError, _MethodNotAllowedError, TooLargeError)
}
_SENTENCES = {404: "There is nothing at this path.", 405: "This path does not know the method."}


def _of_http(error: HTTPException) -> ProblemError:
    """Translate what Starlette and FastAPI themselves raise."""
    kind = _BY_STATUS.get(error.status_code, BadRequestError)
    return kind(_SENTENCES.get(error.status_code, str(error.detail)), headers=error.headers)
