"""The first gateway and the first tokens: what nobody can make over REST, since nobody has a token yet."""

from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from api_server.auth.capabilities import ANY_SERVICE
from api_server.auth.principal import SCOPES_OF, Role
from api_server.auth.tokens import hash_of, new_token
from api_server.gateways.schemas import GatewayName
from api_server.registry.models import Gateway, Token
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.gateways import GatewayRepository
from api_server.registry.repositories.tokens import TokenRepository
from howdah.contracts.errors import ConfigurationError

ACTOR: Final = "bootstrap"
_TOKENS: Final = (
    ("admin_token", "bootstrap-admin", "admin", Role.PLATFORM_ADMIN),
    ("service_token", "bootstrap-services", ANY_SERVICE, Role.SERVICE),
)
"""(name in the answer, name of the token, subject, role)."""


def bootstrap(session: Session, gateway_name: str, *, rotate: bool = False) -> dict[str, str]:
    """Make the gateway, an administrator's token and one for the task services, as far as they are missing.

    Returns ``gateway_id`` and those tokens that were made just now: a token is shown once. With ``rotate`` both are
    made anew and the earlier ones revoked, within the token cache's seconds.
    """
    name = _checked(gateway_name)
    gateways = GatewayRepository(session)
    gateways.serialize_bootstrap()
    gateway = gateways.named(name) or gateways.add(Gateway(name=name, description="Made by bootstrap"))
    tokens = TokenRepository(session, gateway.id)
    audit = AuditRepository(session, gateway.id)
    made: dict[str, str] = {}
    for answer, token_name, subject, role in _TOKENS:
        if not rotate and tokens.live_named(token_name) is not None:
            continue
        tokens.revoke_named(token_name)
        made[answer] = new_token()
        row = tokens.add(_row(token_name, subject, role, made[answer]))
        audit.record(ACTOR, "create", "token", row.id, {"name": token_name, "subject": subject, "role": role.value})
    if "admin_token" in made:
        made["token"] = made["admin_token"]
    return {"gateway_id": gateway.id, **made}


def _checked(name: str) -> str:
    try:
        return TypeAdapter(GatewayName).validate_python(name)
    except ValidationError:
        raise ConfigurationError(
            f"--gateway: {name!r} is no gateway name: use lower-case letters, digits and hyphens"
        ) from None


def _row(name: str, subject: str, role: Role, secret: str) -> Token:
    return Token(
        name=name,
        subject=subject,
        role=role.value,
        scopes=sorted(scope.value for scope in SCOPES_OF[role]),
        sha256=hash_of(secret),
        created_by=ACTOR,
    )
