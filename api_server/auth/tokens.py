"""API tokens: 32 random bytes behind a prefix that secret scanners recognise. Only their SHA-256 is kept.

A look-up is remembered in memory for a few seconds. So a revoked token, or one of a disabled gateway, is refused by
this process at once when the revocation came through it (``forget``), and by every other one when that time is over.
"""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api_server.auth.principal import SCOPES_OF, Principal, Role, Scope
from api_server.problems import UnauthenticatedError
from api_server.registry.repositories.tokens import KnownToken, find_by_hash
from howdah.contracts.ids import GatewayId
from howdah.runtime.clock import Clock

PREFIX: Final = "hwd_"
MAX_REMEMBERED: Final = 10_000
_MAX_LENGTH: Final = 200
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="howdah", error="invalid_token"'}


def new_token() -> str:
    """Return a fresh token, to be shown once."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(token: str) -> bytes:
    """Return what is kept of a token. A plain hash will do: a token has 256 random bits, unlike a password."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True, slots=True)
class _Remembered:
    principal: Principal
    forgotten_at: float
    expires_at: datetime | None


class TokenAuthenticator:
    """Knows the tokens of the registry."""

    def __init__(self, engine: Engine, clock: Clock, remember_seconds: float = 3.0) -> None:
        self._engine = engine
        self._clock = clock
        self._remember_seconds = remember_seconds
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, bearer: str) -> Principal | None:
        """Return the principal from memory, None when the token must be looked up (again)."""
        known = self._remembered.get(hash_of(bearer))
        if known is None or known.forgotten_at <= self._clock.monotonic():
            return None
        if known.expires_at is not None and known.expires_at <= self._clock.now():
            return None
        return known.principal

    def authenticate(self, bearer: str) -> Principal:
        """Look the token up in the registry."""
        if not bearer.startswith(PREFIX) or len(bearer) > _MAX_LENGTH:
            raise UnauthenticatedError(f"This is no token of ours: they begin with {PREFIX}.", headers=_CHALLENGE)
        digest = hash_of(bearer)
        with Session(self._engine) as session:
            known = find_by_hash(session, digest)
        if known is None or known.revoked_at is not None:
            raise UnauthenticatedError("The token is not known or was revoked.", headers=_CHALLENGE)
        if known.expires_at is not None and known.expires_at <= self._clock.now():
            raise UnauthenticatedError("The token has expired; ask for a new one.", headers=_CHALLENGE)
        if not known.gateway_enabled:
            raise UnauthenticatedError("The token's gateway is disabled.", headers=_CHALLENGE)
        principal = _principal(known)
        self._remember(
            digest, _Remembered(principal, self._clock.monotonic() + self._remember_seconds, known.expires_at)
        )
        return principal

    def forget(self, is_meant: Callable[[Principal], bool]) -> None:
        """Forget the principals that are meant: their next call is looked up."""
        with self._lock:
            for digest in [digest for digest, known in self._remembered.items() if is_meant(known.principal)]:
                del self._remembered[digest]

    def _remember(self, digest: bytes, known: _Remembered) -> None:
        with self._lock:
            self._remembered[digest] = known
            self._remembered.move_to_end(digest)
            while len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)


def _principal(known: KnownToken) -> Principal:
    role = Role(known.role)
    return Principal(
        gateway_id=GatewayId(known.gateway_id),
        subject=known.subject,
        role=role,
        scopes=SCOPES_OF[role] & {Scope(scope) for scope in known.scopes},
        token_id=known.id,
    )
