"""Decisions about gateways and tokens."""

from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError

from api_server.auth.principal import SCOPES_OF, Principal, Role, Scope
from api_server.auth.tokens import hash_of, new_token
from api_server.gateways.schemas import GatewayBody, TokenBody
from api_server.http.etag import check_version
from api_server.problems import ConflictError, FieldError, ForbiddenError, InvalidRequestError, NotFoundError
from api_server.registry.models import Gateway, Token
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.gateways import GatewayRepository
from api_server.registry.repositories.tokens import TokenRepository
from api_server.registry.unit_of_work import UnitOfWork


def create_gateway(work: UnitOfWork, principal: Principal, body: GatewayBody) -> Gateway:
    """Make a gateway; ConflictError for a name that is taken."""
    try:
        gateway = GatewayRepository(work.session).add(Gateway(**body.model_dump()))
    except IntegrityError:
        raise _taken(body.name) from None
    _audit(work, principal, "create", gateway)
    return gateway


def get_gateway(work: UnitOfWork, gateway_id: str) -> Gateway:
    """Return the gateway, or NotFoundError."""
    return _found(GatewayRepository(work.session).find(gateway_id), gateway_id)


def edit_gateway(work: UnitOfWork, principal: Principal, gateway_id: str, expected: int, body: GatewayBody) -> Gateway:
    """Change a gateway; nobody disables the one that they are calling from."""
    gateway = _found(GatewayRepository(work.session).find(gateway_id, lock=True), gateway_id)
    check_version(gateway.version, expected)
    if gateway.id == principal.gateway_id and not body.enabled:
        raise ConflictError("You are calling from this gateway: disabling it would lock you out.", slug="own-gateway")
    for name, value in body.model_dump().items():
        setattr(gateway, name, value)
    gateway.version += 1
    try:
        work.session.flush()
    except IntegrityError:
        raise _taken(body.name) from None
    _audit(work, principal, "edit", gateway)
    return gateway


def create_token(work: UnitOfWork, principal: Principal, body: TokenBody) -> tuple[Token, str]:
    """Make a token; return its row and the token itself, which is shown once and kept nowhere."""
    gateway_id = _gateway_of(work, principal, body)
    if body.expires_at is not None and body.expires_at <= datetime.now(UTC):
        raise InvalidRequestError(errors=[FieldError("expires_at", "must be in the future")])
    secret = new_token()
    row = Token(
        name=body.name,
        subject=body.subject,
        role=body.role.value,
        scopes=sorted(scope.value for scope in _scopes(principal, body)),
        sha256=hash_of(secret),
        created_by=principal.subject,
        expires_at=body.expires_at,
    )
    TokenRepository(work.session, gateway_id).add(row)
    work.session.refresh(row)
    details = {"name": row.name, "subject": row.subject, "role": row.role}
    AuditRepository(work.session, gateway_id).record(principal.subject, "create", "token", row.id, details)
    return row, secret


def get_token(work: UnitOfWork, principal: Principal, token_id: str) -> Token:
    """Return the token of the caller's gateway, or NotFoundError."""
    token = TokenRepository(work.session, principal.gateway_id).find(token_id)
    if token is None:
        raise NotFoundError.of("token", token_id)
    return token


def revoke_token(work: UnitOfWork, principal: Principal, token_id: str) -> None:
    """Revoke it; doing so again changes nothing."""
    token = get_token(work, principal, token_id)
    TokenRepository(work.session, principal.gateway_id).revoke(token_id)
    AuditRepository(work.session, principal.gateway_id).record(
        principal.subject, "revoke", "token", token_id, {"name": token.name, "subject": token.subject}
    )


def _gateway_of(work: UnitOfWork, principal: Principal, body: TokenBody) -> str:
    if body.gateway_id in {None, principal.gateway_id}:
        return principal.gateway_id
    if not principal.is_platform_admin:
        raise ForbiddenError("Only a platform administrator makes tokens of other gateways.", slug="missing-role")
    gateway = GatewayRepository(work.session).find(body.gateway_id or "")
    if gateway is None:
        raise InvalidRequestError(errors=[FieldError("gateway_id", "names no gateway")])
    return gateway.id


def _scopes(principal: Principal, body: TokenBody) -> frozenset[Scope]:
    """Return the new token's scopes; nobody gives what they do not have."""
    if body.role in {Role.PLATFORM_ADMIN, Role.SERVICE} and not principal.is_platform_admin:
        raise ForbiddenError(
            f"Only a platform administrator makes tokens of the role {body.role}.", slug="missing-role"
        )
    allowed = SCOPES_OF[body.role]
    asked = allowed if body.scopes is None else frozenset(body.scopes)
    if beyond := sorted(asked - allowed):
        message = f"the role {body.role} has no {', '.join(beyond)}; it has {', '.join(sorted(allowed))}"
        raise InvalidRequestError(errors=[FieldError("scopes", message)])
    if body.role is not Role.SERVICE and (missing := sorted(asked - principal.scopes)):
        raise ForbiddenError(f"You can't give what you do not have: {', '.join(missing)}.", slug="missing-scope")
    return asked


def _found(gateway: Gateway | None, gateway_id: str) -> Gateway:
    if gateway is None:
        raise NotFoundError(f"There is no gateway {gateway_id!r}.")
    return gateway


def _taken(name: str) -> ConflictError:
    message = f"{name!r} is taken by another gateway; choose another"
    return ConflictError(errors=[FieldError("name", message)], slug="name-taken")


def _audit(work: UnitOfWork, principal: Principal, action: str, gateway: Gateway) -> None:
    AuditRepository(work.session, principal.gateway_id).record(
        principal.subject, action, "gateway", gateway.id, {"name": gateway.name, "enabled": gateway.enabled}
    )
