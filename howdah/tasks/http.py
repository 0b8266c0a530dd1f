"""HTTP as a task service uses it: verified, bounded, a few quick tries; failures are the platform's own."""

import logging
import ssl
from collections.abc import Callable
from typing import Final, TypeVar

import httpx2

from howdah.contracts.errors import HowdahError, TaskError
from howdah.contracts.failures import FailureKind
from howdah.tasks.cancel import CancelToken
from howdah.tasks.settings import ServiceSettings

RETRY_DELAYS: Final = (0.2, 0.6, 1.5)
"""Seconds between the tries of one call: a restart of the API server should pass unnoticed."""
RETRIED_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})

T = TypeVar("T")


class UnavailableError(HowdahError):
    """The other side answered that it can't at the moment."""


def internal(operation: str, what: str) -> TaskError:
    """Return the error that says that the platform, not the resource, failed to ``operation``."""
    return TaskError.of(FailureKind.INTERNAL, f"The platform could not {operation}: {what}", operation=operation)


def http_client(settings: ServiceSettings) -> httpx2.Client:
    """Return the process's HTTP client: TLS verified, every wait bounded, no redirects."""
    # It logs the URL of every request, and a signed URL is a secret.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    verify: ssl.SSLContext | bool = True
    if settings.api_ca_file is not None or settings.api_ca_pem is not None:
        ca_file = None if settings.api_ca_file is None else str(settings.api_ca_file)
        verify = ssl.create_default_context(cafile=ca_file, cadata=settings.api_ca_pem)
    limits = httpx2.Limits(max_connections=64, max_keepalive_connections=8, keepalive_expiry=30.0)
    return httpx2.Client(timeout=settings.api_timeout_seconds, verify=verify, follow_redirects=False, limits=limits)


def with_retries(operation: str, token: CancelToken, attempt: Callable[[], T]) -> T:
    """Return what ``attempt`` returns, tried again a few times when the network or the other side is unavailable.

    Raises:
        TaskError: internal, when all tries failed.
        StoppedError: the token was set meanwhile.
    """
    for delay in (*RETRY_DELAYS, None):
        try:
            return attempt()
        except (httpx2.TransportError, UnavailableError) as error:
            if delay is None:
                what = str(error) or type(error).__name__
                raise internal(operation, f"{what} (tried {len(RETRY_DELAYS) + 1} times)") from error
            if token.wait(delay):
                token.check()
    raise AssertionError("unreachable: the last try returns or raises")


def refuse_unavailable(response: httpx2.Response) -> None:
    """Raise UnavailableError when the status asks for another try."""
    if response.status_code in RETRIED_STATUS:
        raise UnavailableError(f"{response.request.url.host} answered {response.status_code}")
