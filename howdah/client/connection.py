"""One HTTP connection to the API server: authentication, retries, problems, paging. Knows no path of the API."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar
from uuid import uuid4

import httpx2
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError

from howdah.client.errors import ConnectionFailedError, UnexpectedAnswerError, problem_of
from howdah.contracts.wrong_fields import first_wrong

API_PREFIX: Final = "/api/v1"
PAGE_LIMIT: Final = 200
RETRIED_STATUS: Final = frozenset({429, 502, 503, 504})
MAX_RETRY_AFTER_SECONDS: Final = 30.0

Params = Mapping[str, str | int | list[str] | None]
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryDelays:
    """The waits between the tries of one call: a restart of the API server should pass unnoticed.

    Only calls that may safely be sent twice are tried again after their request went out: GET, and what carries an
    Idempotency-Key. Any call is tried again when no connection came about at all.
    """

    seconds: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 4.0)
    sleep: Callable[[float], None] = time.sleep


class _Page(BaseModel):
    model_config = ConfigDict(extra="ignore")

    items: list[JsonValue]
    next_cursor: str | None = None


class Connection:
    """Sends requests to one API server with one token. Thread-safe as far as httpx2's client is.

    Every method raises ConnectionFailedError, UnexpectedAnswerError or a ProblemError.
    """

    def __init__(self, http: httpx2.Client, retry: RetryDelays) -> None:
        self._http = http
        self._retry = retry

    @property
    def retry(self) -> RetryDelays:
        """The waits between tries."""
        return self._retry

    def get(self, path: str, model: type[M], params: Params | None = None) -> M:
        """Return the object at ``path``."""
        return _validated(model, self.send("GET", path, params=params))

    def post(self, path: str, body: object, model: type[M], *, once: bool = False, key: str | None = None) -> M:
        """Post ``body`` as JSON. With ``once`` an Idempotency-Key makes a repetition after a failure harmless.

        ``key`` is the caller's own, for repetitions beyond those of one call.
        """
        headers = idempotency_key(key) if once or key else None
        return _validated(model, self.send("POST", path, json=body, headers=headers))

    def put(self, path: str, body: object, model: type[M]) -> M:
        """Put ``body`` as JSON in the place of what was there."""
        return _validated(model, self.send("PUT", path, json=body))

    def patch(self, path: str, body: object, model: type[M]) -> M:
        """Change what ``body`` names; what it leaves out stays."""
        return _validated(model, self.send("PATCH", path, json=body))

    def pages(self, path: str, model: type[M], params: Params | None = None) -> Iterator[M]:
        """Yield all items of a list, fetching pages as they are needed."""
        cursor: str | None = None
        while True:
            page = self.get(path, _Page, {"limit": PAGE_LIMIT, **(params or {}), "cursor": cursor})
            yield from (_validated_value(model, path, item) for item in page.items)
            cursor = page.next_cursor
            if cursor is None:
                return

    def send(  # noqa: PLR0913 - the parts of an HTTP request, by keyword
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object | None = None,
        headers: Mapping[str, str] | None = None,
        files: Any = None,  # noqa: ANN401 - httpx2's own union, which it does not export
    ) -> httpx2.Response:
        """Send one request, with retries, and return its successful response."""
        query = _query(params) or None  # an empty one would take away what stands in the path
        repeatable = method == "GET" or "Idempotency-Key" in (headers or {})

        def attempt() -> httpx2.Response:
            return self._http.request(
                method, f"{API_PREFIX}{path}", params=query, json=json, headers=headers, files=files
            )

        return _accepted(self._with_retries(attempt, repeatable=repeatable))

    @contextmanager
    def streaming(
        self, path: str, *, headers: Mapping[str, str] | None = None, timeout_seconds: float | None = None
    ) -> Iterator[httpx2.Response]:
        """Open a GET whose body the caller reads piece by piece. Tried once: the caller knows how to go on."""
        timeout = httpx2.Timeout(timeout_seconds, connect=10.0) if timeout_seconds else httpx2.USE_CLIENT_DEFAULT
        try:
            with self._http.stream("GET", f"{API_PREFIX}{path}", headers=headers, timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                yield _accepted(response)
        except httpx2.TransportError as error:
            raise ConnectionFailedError(self._unreachable(error)) from error

    def _with_retries(self, attempt: Callable[[], httpx2.Response], *, repeatable: bool) -> httpx2.Response:
        for delay in (*self._retry.seconds, None):
            try:
                response = attempt()
            except httpx2.TransportError as error:
                safe = repeatable or isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout))
                if delay is None or not safe:
                    raise ConnectionFailedError(self._unreachable(error)) from error
                self._retry.sleep(_jittered(delay))
                continue
            if delay is None or not _asks_for_another_try(response, repeatable=repeatable):
                return response
            self._retry.sleep(_retry_after(response) or _jittered(delay))
        raise AssertionError("unreachable: the last try returns or raises")

    def _unreachable(self, error: httpx2.TransportError) -> str:
        where = self._http.base_url
        return f"the API server at {where} could not be reached ({str(error) or type(error).__name__})"


def _asks_for_another_try(response: httpx2.Response, *, repeatable: bool) -> bool:
    """Tell whether to send it again: 429 and 503 promise that nothing was done, a gateway's 502 and 504 do not.

    409 with Retry-After says that the same request, sent before a connection broke, is still being worked on.
    """
    status = response.status_code
    if status == HTTPStatus.CONFLICT:
        return repeatable and "Retry-After" in response.headers
    unsafe = not repeatable and status in {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
    return status in RETRIED_STATUS and not unsafe


def idempotency_key(key: str | None = None) -> dict[str, str]:
    """Return the header that makes a request safe to be sent twice."""
    return {"Idempotency-Key": key or str(uuid4())}


def _jittered(delay: float) -> float:
    return delay * random.uniform(0.75, 1.25)  # noqa: S311 - spreads clients, keeps no secret


def _retry_after(response: httpx2.Response) -> float | None:
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:  # absent, or an HTTP date
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _query(params: Params | None) -> dict[str, str | int | list[str]]:
    return {name: value for name, value in (params or {}).items() if value is not None}


def _accepted(response: httpx2.Response) -> httpx2.Response:
    if response.is_success:
        return response
    if response.is_redirect:
        raise UnexpectedAnswerError(
            f"{response.request.url} answers with a redirect to {response.headers.get('Location')!r}; "
            "give the API server's own address"
        )
    raise problem_of(response)


def _validated(model: type[M], response: httpx2.Response) -> M:
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise _not_understood(str(response.request.url), error) from None


def _validated_value(model: type[M], path: str, value: JsonValue) -> M:
    try:
        return TypeAdapter(model).validate_python(value, strict=False)
    except ValidationError as error:
        raise _not_understood(path, error) from None


def _not_understood(where: str, error: ValidationError) -> UnexpectedAnswerError:
    field, message = first_wrong(error)
    return UnexpectedAnswerError(f"the answer from {where} is not understood: {field or 'the body'}: {message}")
