"""Capabilities: what a command lets its service ask for — the credentials and objects of one task, for a quarter hour.

A JWT (RFC 7519, HS256). It names no secret; it is worth something only together with a service token.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

from api_server.auth.callbacks import CallbackGrant, minted
from api_server.auth.principal import Principal
from api_server.problems import ForbiddenError, UnauthenticatedError
from howdah.contracts.exchange import Access
from howdah.runtime.clock import Clock

LIFE: Final = timedelta(minutes=15)
ALGORITHM: Final = "HS256"
AUDIENCE: Final = "howdah-exchange"
ANY_SERVICE: Final = "services"
"""The subject of a service token that may act for every task type; any other may for the type it is named after."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a task may have: bound to the task, its type and its gateway."""

    task_id: str
    task_type: str
    process_id: str
    gateway_id: str
    credentials: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    """URIs of objects that it may read."""
    writes: tuple[str, ...] = ()
    """URIs of objects that it may write; one that ends with a slash stands for all that begin with it."""
    rereads: bool = False
    """Whether it may also read what it may write: an output goes on from the store to where it is delivered."""
    holder: str | None = None
    """The one service that may use it, where that is an agent; else any that may act for the task type."""

    def check_credential(self, credential_id: str) -> None:
        """Refuse (403 ``not-granted``) a credential that the task does not use."""
        if credential_id not in self.credentials:
            raise _not_granted(f"Task {self.task_id} was not granted the credential {credential_id}.")

    def check_object(self, uri: str, access: Access) -> None:
        """Refuse (403 ``not-granted``) an object that the task does not name, or names for the other direction."""
        # Those to read are named one by one: what a user writes into parameters never stands for more.
        granted = access is Access.READ and uri in self.reads
        if access is Access.WRITE or self.rereads:
            granted |= any(uri == one or (one.endswith("/") and uri.startswith(one)) for one in self.writes)
        if not granted:
            raise _not_granted(f"Task {self.task_id} was not granted to {access.value} {uri[:200]}.")


def _not_granted(detail: str) -> ForbiddenError:
    return ForbiddenError(detail, slug="not-granted")


class Capabilities:
    """Mints and verifies. ``key``: 32 secret bytes."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def mint(self, grant: Grant) -> str:
        """Return the capability for ``grant``, good for ``LIFE`` from now on."""
        return self.issue(grant)[0]

    @property
    def callback_key(self) -> bytes:
        """The key of callbacks, which verifies nothing else."""
        return hashlib.sha256(b"howdah-callback" + self._key).digest()

    def mint_callback(self, grant: CallbackGrant, ends: datetime) -> str:
        """Return the callback for ``grant``, good until ``ends``."""
        return minted(self.callback_key, grant, ends)

    def issue(self, grant: Grant) -> tuple[str, datetime]:
        """Return the capability and the instant at which it ends."""
        ends = (self._clock.now() + LIFE).replace(microsecond=0)
        claims = {**asdict(grant), "aud": AUDIENCE, "exp": int(ends.timestamp())}
        return jwt.encode(claims, self._key, ALGORITHM), ends

    def verify(self, capability: str, service: Principal, *, allow_expired: bool = False) -> Grant:
        """Return what is granted to ``service``.

        Raises:
            UnauthenticatedError: ``capability-expired`` (renew it) or ``capability-invalid``.
            ForbiddenError: ``not-granted``: it belongs to another service.
        """
        grant = _read(self._claims(capability, allow_expired=allow_expired))
        holders = {ANY_SERVICE, grant.task_type} if grant.holder is None else {grant.holder}
        if service.subject not in holders:
            belongs_to = grant.holder or grant.task_type
            raise _not_granted(f"The capability belongs to {belongs_to}, not to {service.subject}.")
        return grant

    def _claims(self, capability: str, *, allow_expired: bool) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                capability,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                options={"verify_exp": False, "require": ["exp", "aud"]},
            )
        except jwt.InvalidTokenError:
            raise UnauthenticatedError("The capability is none of ours.", slug="capability-invalid") from None
        if not allow_expired and datetime.fromtimestamp(claims["exp"], UTC) <= self._clock.now():
            raise UnauthenticatedError("The capability has expired; renew it.", slug="capability-expired")
        return claims


def _read(claims: dict[str, Any]) -> Grant:
    def texts(name: str) -> tuple[str, ...]:
        values: Iterable[str] = claims[name]
        return tuple(values)

    return Grant(
        task_id=claims["task_id"],
        task_type=claims["task_type"],
        process_id=claims["process_id"],
        gateway_id=claims["gateway_id"],
        credentials=texts("credentials"),
        reads=texts("reads"),
        writes=texts("writes"),
        rereads=claims.get("rereads", False),
        holder=claims.get("holder"),
    )
