"""What can go wrong when talking to the API server. Every text is one sentence for a person.

ClientError
├── ConnectionFailedError        no answer, after all tries
├── UnexpectedAnswerError        an answer that is none of the API's
├── ChecksumError                a transfer arrived damaged
└── ProblemError                 the server refused: RFC 9457 problem+json, with the fields that were wrong
    ├── InvalidRequestError      400, 413, 415, 422
    ├── UnauthorizedError        401
    ├── ForbiddenError           403
    ├── NotFoundError            404, 410
    ├── ConflictError            409
    ├── PreconditionFailedError  412, 428: somebody else changed it meanwhile
    ├── TooManyRequestsError     429
    └── ServerFailedError        5xx
"""

from dataclasses import dataclass
from http import HTTPStatus

import httpx2
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from howdah.contracts.errors import HowdahError


class ClientError(HowdahError):
    """The root of everything that this room raises."""


class ConnectionFailedError(ClientError):
    """The API server could not be reached, or broke off, at every try."""


class UnexpectedAnswerError(ClientError):
    """The answer is not what the API promises: most often the address is not that of a Howdah API server."""


class ChecksumError(ClientError):
    """The bytes that arrived are not those that were sent; nothing was kept of a download."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that was wrong: where (``inputs.steps``), and what would be right."""

    field: str
    message: str
    got: JsonValue = None

    def __str__(self) -> str:
        """Return ``field: message``."""
        return f"{self.field}: {self.message}" if self.field else self.message


class ProblemError(ClientError):
    """The server refused the request and said why.

    ``slug`` names the kind of problem for programs (the last part of the problem's type), ``errors`` the fields.
    """

    def __init__(self, status: int, slug: str, title: str, detail: str, errors: tuple[FieldProblem, ...] = ()) -> None:
        super().__init__(_sentence(status, title, detail, errors))
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail
        self.errors = errors


class InvalidRequestError(ProblemError):
    """The request itself is wrong; ``errors`` says which fields."""


class UnauthorizedError(ProblemError):
    """The token is missing, unknown, expired or revoked."""


class ForbiddenError(ProblemError):
    """The token may not do this."""


class NotFoundError(ProblemError):
    """There is no such thing, or not in this gateway."""


class ConflictError(ProblemError):
    """The thing's state forbids it: launched already, in use, name taken."""


class PreconditionFailedError(ProblemError):
    """Somebody else changed the thing since it was read; read it again."""


class TooManyRequestsError(ProblemError):
    """The server asks to slow down, and went on to after all tries."""


class ServerFailedError(ProblemError):
    """The server failed; the request may be sent again later."""


_BY_STATUS: dict[int, type[ProblemError]] = {
    HTTPStatus.UNAUTHORIZED: UnauthorizedError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.GONE: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.PRECONDITION_FAILED: PreconditionFailedError,
    HTTPStatus.PRECONDITION_REQUIRED: PreconditionFailedError,
    HTTPStatus.TOO_MANY_REQUESTS: TooManyRequestsError,
}


class _Field(BaseModel):
    model_config = ConfigDict(extra="ignore")

    field: str = ""
    message: str = ""
    got: JsonValue = None


class _Problem(BaseModel):
    model_config = ConfigDict(extra="ignore")

    type: str = "about:blank"
    title: str = ""
    detail: str | None = None
    errors: list[_Field] | None = Field(default=None)


def problem_of(response: httpx2.Response) -> ProblemError:
    """Return the error that a response with an error status stands for; the response's body has been read."""
    try:
        problem = _Problem.model_validate_json(response.content)
    except ValidationError:
        problem = _Problem()
    status = response.status_code
    kind = _BY_STATUS.get(status)
    if kind is None:
        kind = ServerFailedError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else InvalidRequestError
    return kind(
        status,
        problem.type.rstrip("/").rpartition("/")[2],
        problem.title or response.reason_phrase,
        problem.detail or "",
        tuple(FieldProblem(one.field, one.message, one.got) for one in problem.errors or ()),
    )


def _sentence(status: int, title: str, detail: str, errors: tuple[FieldProblem, ...]) -> str:
    words = detail or title or f"the API server answered {status}"
    untold = [str(one) for one in errors if one.message not in words]
    return "; ".join([words.rstrip("."), *untold]) if untold else words
