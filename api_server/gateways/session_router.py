"""Paths of the console's session: opened by a token or a one-time code, kept in an HttpOnly cookie."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api_server.auth.authenticator import Authenticator
from api_server.auth.principal import Principal
from api_server.auth.sessions import SESSION_LIFETIME, cookie_name
from api_server.gateways import sessions
from api_server.gateways.schemas import LoginCode, Me, SessionBody
from api_server.http.dependencies import Work, after_commit, requires
from api_server.http.problem import problems
from api_server.problems import InvalidRequestError
from api_server.settings import ApiSettings

router = APIRouter(tags=["access"])

Anybody = Annotated[Principal, requires()]


@router.post("/session", responses=problems(InvalidRequestError))
def open_session(request: Request, response: Response, work: Work, body: SessionBody) -> Me:
    """Exchange a token or a one-time login code for a session cookie; says who the caller is from now on."""
    authenticator: Authenticator = request.app.state.authenticator
    principal, secret = sessions.open_session(work, authenticator, body)
    settings: ApiSettings = request.app.state.settings
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(
        cookie_name(settings.public_url),
        secret,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        path="/",
        secure=settings.public_url.startswith("https:"),
        httponly=True,
        samesite="strict",
    )
    return sessions.me(principal)


@router.post("/session/codes", status_code=201, responses=problems())
def create_login_code(request: Request, response: Response, work: Work, principal: Anybody) -> LoginCode:
    """Make a code that opens one session as the caller, within ten minutes."""
    settings: ApiSettings = request.app.state.settings
    response.headers["Cache-Control"] = "no-store"
    code, expires_at = sessions.create_code(work, principal)
    return LoginCode(code=code, url=f"{settings.public_url}/login#code={code}", expires_at=expires_at)


@router.delete("/session", status_code=204, responses=problems())
def close_session(request: Request, response: Response, work: Work, principal: Anybody) -> None:
    """End the session: its token is revoked and the cookie removed. A bearer token of another kind stays valid."""
    settings: ApiSettings = request.app.state.settings
    if sessions.close_session(work, principal):
        authenticator: Authenticator = request.app.state.authenticator
        after_commit(work, lambda: authenticator.forget(lambda known: known.token_id == principal.token_id))
    response.delete_cookie(
        cookie_name(settings.public_url),
        path="/",
        secure=settings.public_url.startswith("https:"),
        httponly=True,
        samesite="strict",
    )
