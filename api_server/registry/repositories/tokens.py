"""API tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from api_server.registry.models import Gateway, Token
from api_server.registry.paging import PageOf, Position, newest_first


@dataclass(frozen=True, slots=True)
class KnownToken:
    """What authentication needs to know of a token."""

    id: str
    gateway_id: str
    gateway_enabled: bool
    subject: str
    role: str
    scopes: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None


def find_by_hash(session: Session, sha256: bytes) -> KnownToken | None:
    """Return the token with this hash, of whatever gateway: it is what tells the gateway."""
    row = session.execute(
        select(
            Token.id,
            Token.gateway_id,
            Gateway.enabled,
            Token.subject,
            Token.role,
            Token.scopes,
            Token.expires_at,
            Token.revoked_at,
        )
        .join(Gateway, Gateway.id == Token.gateway_id)
        .where(Token.sha256 == sha256)
    ).one_or_none()
    return None if row is None else KnownToken(*row)


def redeem(session: Session, sha256: bytes) -> KnownToken | None:
    """Revoke the live token with this hash and return it; None when there is none (any more): one caller wins."""
    won = session.execute(
        update(Token)
        .where(
            Token.sha256 == sha256,
            Token.revoked_at.is_(None),
            Token.expires_at > func.now(),
            Token.gateway_id.in_(select(Gateway.id).where(Gateway.enabled)),
        )
        .values(revoked_at=func.now())
        .returning(Token.id)
    ).scalar_one_or_none()
    return None if won is None else find_by_hash(session, sha256)


class TokenRepository:
    """The tokens of one gateway."""

    def __init__(self, session: Session, gateway_id: str) -> None:
        self._session = session
        self._gateway_id = gateway_id

    def add(self, token: Token) -> Token:
        """Write a token of this gateway."""
        token.gateway_id = self._gateway_id
        self._session.add(token)
        self._session.flush()
        return token

    def find(self, token_id: str) -> Token | None:
        """Return the token, None where this gateway has none with the id."""
        return self._session.scalars(
            select(Token).where(Token.gateway_id == self._gateway_id, Token.id == token_id)
        ).one_or_none()

    def page(self, limit: int, after: Position | None) -> PageOf[Token]:
        """Return a page of tokens, newest first."""
        statement = select(Token).where(Token.gateway_id == self._gateway_id)
        return newest_first(self._session, statement, Token.created_at, Token.id, limit=limit, after=after)

    def revoke(self, token_id: str) -> bool:
        """Revoke the token; return whether there is one. Revoking again changes nothing."""
        statement = (
            update(Token)
            .where(Token.gateway_id == self._gateway_id, Token.id == token_id)
            .values(revoked_at=func.coalesce(Token.revoked_at, func.now()))
        )
        return cast("CursorResult[Any]", self._session.execute(statement)).rowcount == 1

    def revoke_named(self, name: str) -> None:
        """Revoke all live tokens of this name."""
        self._session.execute(
            update(Token)
            .where(Token.gateway_id == self._gateway_id, Token.name == name, Token.revoked_at.is_(None))
            .values(revoked_at=func.now())
        )

    def live_named(self, name: str) -> Token | None:
        """Return a token of this name that is neither revoked nor expired."""
        return self._session.scalars(
            select(Token)
            .where(
                Token.gateway_id == self._gateway_id,
                Token.name == name,
                Token.revoked_at.is_(None),
                Token.expires_at.is_(None) | (Token.expires_at > func.now()),
            )
            .limit(1)
        ).one_or_none()
