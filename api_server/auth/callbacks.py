"""Callbacks: what lets a thing that a task has started say how it ended, once, until the deadline of that.

A JWT (RFC 7519, HS256) that names one task and is good for nothing else; whoever holds it may answer for that task.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import jwt

from api_server.problems import UnauthenticatedError
from howdah.runtime.clock import Clock

ALGORITHM: Final = "HS256"
AUDIENCE: Final = "howdah-callback"


@dataclass(frozen=True, slots=True)
class CallbackGrant:
    """Which task may be answered for."""

    task_id: str
    process_id: str
    experiment_id: str
    gateway_id: str


def minted(key: bytes, grant: CallbackGrant, ends: datetime) -> str:
    """Return the text that lets its holder call back until ``ends``."""
    return jwt.encode({**asdict(grant), "aud": AUDIENCE, "exp": int(ends.timestamp())}, key, ALGORITHM)


def verified(key: bytes, text: str, clock: Clock) -> CallbackGrant:
    """Return what a text lets its holder do; UnauthenticatedError (``callback-invalid``, ``callback-expired``)."""
    options: Any = {"verify_exp": False, "require": ["exp", "aud"]}
    try:
        claims: dict[str, Any] = jwt.decode(text, key, algorithms=[ALGORITHM], audience=AUDIENCE, options=options)
    except jwt.InvalidTokenError:
        raise UnauthenticatedError("The callback is none of ours.", slug="callback-invalid") from None
    if datetime.fromtimestamp(claims["exp"], UTC) <= clock.now():
        raise UnauthenticatedError("The callback came after its deadline.", slug="callback-expired")
    names = ("task_id", "process_id", "experiment_id", "gateway_id")
    return CallbackGrant(**{name: str(claims[name]) for name in names})
