"""What a caller may be told went wrong: errors that carry their HTTP status and their words (RFC 9457).

Every room of the API half may raise them; only ``api_server.http`` turns them into answers. No I/O and no HTTP
library here. A problem's text is shown to the caller: it never holds a secret.

ProblemError
├── BadRequestError           400  a header or query parameter is wrong
├── UnauthenticatedError      401
├── ForbiddenError            403
├── NotFoundError             404  it does not exist, or belongs to another gateway
├── ConflictError             409  slug says why: name-taken, in-use, state-conflict …
├── PreconditionFailedError   412  somebody else changed it meanwhile
├── TooLargeError             413
├── InvalidRequestError       422  the body is wrong: each field, what, and what would be right
├── PreconditionRequiredError 428
├── TooManyRequestsError      429  the same again, too soon
└── UnavailableError          503  try again later
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from howdah.contracts.errors import HowdahError


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field (a path such as ``inputs.0.name``), and what would be right."""

    field: str
    message: str
    got: str | None = None
    """What was found there, shortened; None for secrets and for what is no single value."""


FieldErrors = Iterable[FieldError | tuple[str, str]]


class ProblemError(HowdahError):
    """The root: ``detail`` is one plain sentence, ``errors`` name the fields."""

    status: ClassVar[int] = 500
    slug: str = "internal-error"
    title: ClassVar[str] = "The platform failed"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: FieldErrors = (),
        slug: str | None = None,
        headers: Mapping[str, str] | None = None,
        **extensions: object,
    ) -> None:
        self.errors = tuple(error if isinstance(error, FieldError) else FieldError(*error) for error in errors)
        self.detail = detail or "; ".join(f"{error.field}: {error.message}" for error in self.errors) or self.title
        self.slug = slug or type(self).slug
        self.headers = dict(headers or {})
        self.extensions = extensions
        """Further members of the problem document, such as ``state`` of a refused launch."""
        super().__init__(self.detail)


class BadRequestError(ProblemError):
    """A header or query parameter is wrong, or the body is no JSON."""

    status = 400
    slug = "bad-request"
    title = "The request is malformed"


class UnauthenticatedError(ProblemError):
    """Nobody known is calling."""

    status = 401
    slug = "unauthenticated"
    title = "Authentication is needed"


class ForbiddenError(ProblemError):
    """The caller is known, but may not do this."""

    status = 403
    slug = "forbidden"
    title = "Not allowed"


class NotFoundError(ProblemError):
    """It does not exist here; what belongs to another gateway does not exist here either."""

    status = 404
    slug = "not-found"
    title = "Not found"

    @classmethod
    def of(cls, what: str, identity: str) -> "NotFoundError":
        """Build the sentence: there is no ``what`` with this id."""
        return cls(f"There is no {what} {identity[:100]!r} in this gateway.")


class ConflictError(ProblemError):
    """It contradicts what there is already."""

    status = 409
    slug = "conflict"
    title = "Conflict"

    @classmethod
    def name_taken(cls, what: str, field: str, value: str) -> "ConflictError":
        """Build the refusal of a duplicate: each ``what`` has a ``field`` of its own."""
        message = f"{value[:200]!r} is taken by another {what} of this gateway; choose another"
        return cls(errors=[FieldError(field, message)], slug="name-taken")


class PreconditionFailedError(ProblemError):
    """If-Match names another version than the current one."""

    status = 412
    slug = "precondition-failed"
    title = "It was changed meanwhile"


class TooLargeError(ProblemError):
    """More bytes than are taken here."""

    status = 413
    slug = "too-large"
    title = "Too large"


class RangeNotSatisfiableError(ProblemError):
    """The Range header asks for bytes that do not exist."""

    status = 416
    slug = "range-not-satisfiable"
    title = "No such bytes"


class InvalidRequestError(ProblemError):
    """The body was understood, and some field of it is wrong."""

    status = 422
    slug = "invalid-request"
    title = "The request is invalid"


class PreconditionRequiredError(ProblemError):
    """An edit must say which version it was made from."""

    status = 428
    slug = "precondition-required"
    title = "If-Match is needed"


class TooManyRequestsError(ProblemError):
    """The same was asked for a moment ago; Retry-After says when to ask again."""

    status = 429
    slug = "too-many-requests"
    title = "Too many requests"


class UnavailableError(ProblemError):
    """A part that is needed does not answer now."""

    status = 503
    slug = "unavailable"
    title = "Temporarily unavailable"
