"""Sessions of the console: a token in a cookie that no script can read, and the one-time codes that open them.

A session *is* a token of the registry (listed, expiring, revocable like any other), so that everything behind
authentication stays as it is. A login code is kept in the same table under another prefix: it authenticates nothing,
and redeeming it revokes it, in one statement, so that only one browser wins.
"""

import secrets
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

from api_server.problems import ForbiddenError

CODE_PREFIX: Final = "hwc_"
SESSION_NAME: Final = "console session"
CODE_NAME: Final = "console login link"
SESSION_LIFETIME: Final = timedelta(hours=12)
CODE_LIFETIME: Final = timedelta(minutes=10)
CONSOLE_HEADER: Final = "Howdah-Console"
"""Sent by the console with every change. A page of another origin can't send it without a preflight, which fails."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def new_code() -> str:
    """Return a fresh login code, to be shown once."""
    return CODE_PREFIX + secrets.token_urlsafe(32)


def cookie_name(public_url: str) -> str:
    """Return the cookie's name. Browsers share cookies among the ports of a host, so the port is part of it."""
    url = urlsplit(public_url)
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    return f"{'__Host-' if url.scheme == 'https' else ''}howdah-session-{port}"


def session_token(request: Request) -> str | None:
    """Return the token of the request's session cookie; ForbiddenError for a change that another site asked for."""
    bearer = request.cookies.get(cookie_name(request.app.state.settings.public_url))
    if bearer and request.method not in _SAFE and CONSOLE_HEADER not in request.headers:
        raise ForbiddenError(
            f"A change within a session needs the header {CONSOLE_HEADER}; programs send a bearer token instead.",
            slug="cross-site-request",
        )
    return bearer
