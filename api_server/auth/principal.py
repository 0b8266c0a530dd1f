"""Who is calling: the principal with its gateway, role and scopes. Words only: no I/O, no HTTP."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from howdah.contracts.ids import GatewayId


class Role(StrEnum):
    """What a token is for. A role has default scopes; a token may be restricted to fewer."""

    PLATFORM_ADMIN = "platform-admin"
    """Everything, and the gateways themselves."""
    GATEWAY_ADMIN = "gateway-admin"
    """Everything within one gateway."""
    USER = "user"
    """Sees the experiments of its gateway, steers its own."""
    VIEWER = "viewer"
    """Looks."""
    SERVICE = "service"
    """A task service: internal paths only."""


class Scope(StrEnum):
    """One thing that a call may need."""

    EXPERIMENTS_READ = "experiments:read"
    EXPERIMENTS_WRITE = "experiments:write"
    CATALOGUE_READ = "catalogue:read"
    CATALOGUE_WRITE = "catalogue:write"
    CREDENTIALS_WRITE = "credentials:write"
    FILES_READ = "files:read"
    FILES_WRITE = "files:write"
    OPERATIONS_READ = "operations:read"
    OPERATIONS_WRITE = "operations:write"
    ACCESS_READ = "access:read"
    ACCESS_WRITE = "access:write"
    INTERNAL = "internal"


_ADMIN: Final = frozenset(Scope) - {Scope.INTERNAL}
_LOOK: Final = frozenset({Scope.EXPERIMENTS_READ, Scope.CATALOGUE_READ, Scope.FILES_READ})

SCOPES_OF: Final[dict[Role, frozenset[Scope]]] = {
    Role.PLATFORM_ADMIN: _ADMIN,
    Role.GATEWAY_ADMIN: _ADMIN,
    Role.USER: _LOOK | {Scope.EXPERIMENTS_WRITE, Scope.FILES_WRITE},
    Role.VIEWER: _LOOK,
    Role.SERVICE: frozenset({Scope.INTERNAL}),
}
"""The most that a token of a role may do."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller. Everything it touches is bound to ``gateway_id`` in the SQL statement."""

    gateway_id: GatewayId
    subject: str
    """The user or service: what ``owner`` and the audit say."""
    role: Role
    scopes: frozenset[Scope]
    token_id: str | None = None
    """The token it came with; None when another authenticator vouched for it."""

    @property
    def is_admin(self) -> bool:
        """Whether it may steer what others own in its gateway."""
        return self.role in {Role.PLATFORM_ADMIN, Role.GATEWAY_ADMIN}

    @property
    def is_platform_admin(self) -> bool:
        """Whether it may manage gateways."""
        return self.role is Role.PLATFORM_ADMIN

    def may(self, scope: Scope) -> bool:
        """Tell whether the call that needs ``scope`` is allowed."""
        return scope in self.scopes

    def may_steer(self, owner: str) -> bool:
        """Tell whether it may change what belongs to ``owner`` (within its gateway)."""
        return self.is_admin or self.subject == owner
