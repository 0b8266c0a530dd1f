"""What is said and shown about gateways and tokens."""

from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

from api_server.auth.principal import Role, Scope
from api_server.http.model import ApiModel, Description, Id, Instant, Name

GatewayName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
"""Lower-case letters, digits and hyphens, as in a host name."""
Subject = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._@:+-]+$")]
"""A user or service: letters, digits and ``. _ @ : + -``."""


class GatewayBody(ApiModel):
    """A gateway as a platform administrator describes it."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "seagrid", "description": "Computational chemistry", "enabled": True}}
    )
    name: GatewayName
    description: Description = ""
    enabled: bool = True
    """A disabled gateway's tokens are refused."""


class GatewayShown(ApiModel):
    """A gateway."""

    id: Id
    name: str
    description: str
    enabled: bool
    version: int
    created_at: Instant


class TokenBody(ApiModel):
    """A token to be made."""

    example: ClassVar[dict[str, Any]] = {"name": "portal", "subject": "alice@example.org", "role": "user"}
    model_config = ConfigDict(json_schema_extra={"example": example})

    name: Name
    subject: Subject
    role: Role
    scopes: tuple[Scope, ...] | None = Field(default=None, min_length=1)
    """Fewer than the role has; by default all of them."""
    expires_at: AwareDatetime | None = None
    gateway_id: Id | None = None
    """Another gateway than the caller's: platform administrators only."""


class TokenShown(ApiModel):
    """A token, without the token itself."""

    id: Id
    gateway_id: Id
    name: str
    subject: str
    role: Role
    scopes: list[Scope]
    created_by: str
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None


class TokenMade(TokenShown):
    """A new token: ``token`` is shown this once."""

    token: str = Field(repr=False, examples=["hwd_…"])


class Me(ApiModel):
    """Who the caller is."""

    gateway_id: Id
    subject: str
    role: Role
    scopes: list[Scope]


class SessionBody(ApiModel):
    """By what a session is opened: either of the two."""

    model_config = ConfigDict(json_schema_extra={"example": {"token": "hwd_…"}})

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    code: Annotated[str, StringConstraints(pattern=r"^hwc_[A-Za-z0-9_-]{1,100}$")] | None = None
    """A one-time login code."""


class LoginCode(ApiModel):
    """A code that opens one session: shown this once."""

    code: str = Field(repr=False, examples=["hwc_…"])
    url: str = Field(repr=False, examples=["http://127.0.0.1:8700/login#code=hwc_…"])
    """Where the console takes it: the code stands behind the #, which no server ever sees."""
    expires_at: Instant
