"""Paths of gateways, tokens and the caller itself."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api_server.auth.authenticator import Authenticator
from api_server.auth.principal import Principal, Role, Scope
from api_server.gateways import service, sessions
from api_server.gateways.schemas import GatewayBody, GatewayShown, Me, TokenBody, TokenMade, TokenShown
from api_server.http.dependencies import Work, after_commit, platform_administrator, requires
from api_server.http.etag import ExpectedVersion, etag
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, EDITS, LISTS, READS, problems
from api_server.registry.models import Token
from api_server.registry.repositories.gateways import GatewayRepository
from api_server.registry.repositories.tokens import TokenRepository

router = APIRouter()

Anybody = Annotated[Principal, requires()]
PlatformAdministrator = Annotated[Principal, Depends(platform_administrator)]
AccessReader = Annotated[Principal, requires(Scope.ACCESS_READ)]
AccessWriter = Annotated[Principal, requires(Scope.ACCESS_WRITE)]


@router.get("/me", tags=["access"], responses=problems())
async def get_me(principal: Anybody) -> Me:
    """Tell who the caller is and what it may do."""
    return sessions.me(principal)


@router.post("/gateways", tags=["gateways"], status_code=201, response_model=GatewayShown, responses=CREATES)
def create_gateway(
    request: Request, work: Work, principal: PlatformAdministrator, idempotent: Idempotent, body: GatewayBody
) -> Response:
    """Make a gateway (platform administrators)."""

    def produce() -> Answer:
        gateway = service.create_gateway(work, principal, body)
        location = f"{request.url.path}/{gateway.id}"
        return Answer(201, GatewayShown.model_validate(gateway), {"Location": location, **etag(gateway.version)})

    return idempotent.answer(work, principal, produce)


@router.get("/gateways", tags=["gateways"], responses=LISTS)
def list_gateways(work: Work, _: PlatformAdministrator, page: WhichPage) -> Page[GatewayShown]:
    """List all gateways (platform administrators)."""
    return Page.of(GatewayRepository(work.session).page(page.limit, page.after), GatewayShown.model_validate)


@router.get("/gateways/{gateway_id}", tags=["gateways"], responses=READS)
def get_gateway(work: Work, _: PlatformAdministrator, gateway_id: Id, response: Response) -> GatewayShown:
    """Show a gateway (platform administrators)."""
    gateway = service.get_gateway(work, gateway_id)
    response.headers.update(etag(gateway.version))
    return GatewayShown.model_validate(gateway)


@router.put("/gateways/{gateway_id}", tags=["gateways"], responses=EDITS)
def edit_gateway(  # noqa: PLR0913, PLR0917 - what the edit is made of
    request: Request,
    work: Work,
    principal: PlatformAdministrator,
    gateway_id: Id,
    expected: ExpectedVersion,
    body: GatewayBody,
    response: Response,
) -> GatewayShown:
    """Change a gateway (platform administrators); a disabled one is locked out."""
    gateway = service.edit_gateway(work, principal, gateway_id, expected, body)
    authenticator: Authenticator = request.app.state.authenticator
    after_commit(work, lambda: authenticator.forget(lambda known: known.gateway_id == gateway_id))
    response.headers.update(etag(gateway.version))
    return GatewayShown.model_validate(gateway)


@router.post("/tokens", tags=["access"], status_code=201, responses=CREATES)
def create_token(
    request: Request, work: Work, principal: AccessWriter, body: TokenBody, response: Response
) -> TokenMade:
    """Make a token. It is shown this once, so an Idempotency-Key can't bring it back and is not taken."""
    row, token = service.create_token(work, principal, body)
    response.headers["Location"] = f"{request.url.path}/{row.id}"
    response.headers["Cache-Control"] = "no-store"
    return TokenMade(**_shown(row).model_dump(), token=token)


@router.get("/tokens", tags=["access"], responses=LISTS)
def list_tokens(work: Work, principal: AccessReader, page: WhichPage) -> Page[TokenShown]:
    """List the gateway's tokens, revoked ones too."""
    return Page.of(TokenRepository(work.session, principal.gateway_id).page(page.limit, page.after), _shown)


@router.get("/tokens/{token_id}", tags=["access"], responses=READS)
def get_token(work: Work, principal: AccessReader, token_id: Id) -> TokenShown:
    """Show a token, without the token itself."""
    return _shown(service.get_token(work, principal, token_id))


@router.delete("/tokens/{token_id}", tags=["access"], status_code=204, responses=DELETES)
def revoke_token(request: Request, work: Work, principal: AccessWriter, token_id: Id) -> None:
    """Revoke a token: refused from now on here, within seconds by every other server."""
    service.revoke_token(work, principal, token_id)
    authenticator: Authenticator = request.app.state.authenticator
    after_commit(work, lambda: authenticator.forget(lambda known: known.token_id == token_id))


def _shown(row: Token) -> TokenShown:
    return TokenShown(
        id=row.id,
        gateway_id=row.gateway_id,
        name=row.name,
        subject=row.subject,
        role=Role(row.role),
        scopes=[Scope(scope) for scope in row.scopes],
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
