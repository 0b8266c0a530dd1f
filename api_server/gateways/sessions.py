"""Decisions about the console's sessions."""

from dataclasses import replace
from datetime import UTC, datetime

from api_server.auth.authenticator import Authenticator
from api_server.auth.principal import SCOPES_OF, Principal, Role, Scope
from api_server.auth.sessions import CODE_LIFETIME, CODE_NAME, SESSION_LIFETIME, SESSION_NAME, new_code
from api_server.auth.tokens import hash_of, new_token
from api_server.gateways.schemas import Me, SessionBody
from api_server.problems import FieldError, ForbiddenError, InvalidRequestError, UnauthenticatedError
from api_server.registry.models import Token
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.tokens import TokenRepository, redeem
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.ids import GatewayId


def open_session(work: UnitOfWork, authenticator: Authenticator, body: SessionBody) -> tuple[Principal, str]:
    """Return who logs in and the session's token; UnauthenticatedError when token or code are refused."""
    principal = _by_code(work, body.code) if body.code else _by_token(authenticator, body.token)
    if principal.role is Role.SERVICE:
        raise ForbiddenError("A service's token opens no session.", slug="missing-role")
    secret = new_token()
    row = _row(principal, SESSION_NAME, secret, datetime.now(UTC) + SESSION_LIFETIME)
    TokenRepository(work.session, principal.gateway_id).add(row)
    _audit(work, principal, "login", row)
    return replace(principal, token_id=row.id), secret


def create_code(work: UnitOfWork, principal: Principal) -> tuple[str, datetime]:
    """Make a login code for the caller; return it with the end of its life."""
    code, expires_at = new_code(), datetime.now(UTC) + CODE_LIFETIME
    row = TokenRepository(work.session, principal.gateway_id).add(_row(principal, CODE_NAME, code, expires_at))
    _audit(work, principal, "create", row)
    return code, expires_at


def close_session(work: UnitOfWork, principal: Principal) -> bool:
    """Revoke the caller's token if it is a session's; tell whether it was."""
    repository = TokenRepository(work.session, principal.gateway_id)
    token = repository.find(principal.token_id) if principal.token_id else None
    if token is None or token.name != SESSION_NAME:
        return False
    repository.revoke(token.id)
    _audit(work, principal, "logout", token)
    return True


def me(principal: Principal) -> Me:
    """Show the caller to itself."""
    return Me(
        gateway_id=principal.gateway_id,
        subject=principal.subject,
        role=principal.role,
        scopes=sorted(principal.scopes),
    )


def _by_token(authenticator: Authenticator, token: str | None) -> Principal:
    if token is None:
        raise InvalidRequestError(errors=[FieldError("token", "send either a token or a login code")])
    return authenticator.authenticate(token)


def _by_code(work: UnitOfWork, code: str) -> Principal:
    known = redeem(work.session, hash_of(code))
    if known is None:
        raise UnauthenticatedError("The login link was used already or has expired; ask for a new one.")
    role = Role(known.role)
    scopes = SCOPES_OF[role] & {Scope(scope) for scope in known.scopes}
    return Principal(GatewayId(known.gateway_id), known.subject, role, scopes)


def _row(principal: Principal, name: str, secret: str, expires_at: datetime) -> Token:
    return Token(
        name=name,
        subject=principal.subject,
        role=principal.role.value,
        scopes=sorted(principal.scopes),
        sha256=hash_of(secret),
        created_by=principal.subject,
        expires_at=expires_at,
    )


def _audit(work: UnitOfWork, principal: Principal, action: str, row: Token) -> None:
    audit = AuditRepository(work.session, principal.gateway_id)
    audit.record(principal.subject, action, "token", row.id, {"name": row.name})
