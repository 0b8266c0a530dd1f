"""What routes ask for: the unit of work, the caller with the scopes that the call needs, the parts of the process.

The unit of work is committed when the route's function has returned and *before* its answer is sent: a caller who was
told 201 finds what it made, and a failed commit is a 5xx.
"""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any, Final

import anyio
from anyio import CancelScope, CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from api_server.auth.authenticator import Authenticator
from api_server.auth.principal import Principal, Role, Scope
from api_server.auth.sessions import session_token
from api_server.objects.store import ObjectStore
from api_server.problems import ForbiddenError, UnauthenticatedError
from api_server.registry.unit_of_work import Registry, UnitOfWork

_EXIT_THREADS: Final = 200
"""Commits have threads of their own: they free the connections that the routes' threads may be waiting for."""


async def unit_of_work(request: Request) -> AsyncIterator[UnitOfWork]:
    """Open a transaction for the route; commit it, or roll it back when the route raised."""
    registry: Registry = request.app.state.registry
    transaction = registry.transaction()
    work = transaction.__enter__()  # no I/O yet: the connection is taken by the first statement
    limiter: CapacityLimiter = request.app.state.commit_limiter
    try:
        yield work
    except BaseException as error:
        with CancelScope(shield=True):
            await run_sync(partial(transaction.__exit__, type(error), error, error.__traceback__), limiter=limiter)
        raise
    with CancelScope(shield=True):
        await run_sync(partial(transaction.__exit__, None, None, None), limiter=limiter)


Work = Annotated[UnitOfWork, Depends(unit_of_work, scope="function")]


def after_commit(work: UnitOfWork, callback: Callable[[], None]) -> None:
    """Call ``callback``, which must not raise, once the transaction is committed; never when it is rolled back."""
    event.listen(work.session, "after_commit", lambda _: callback(), once=True)


def unless_committed(work: UnitOfWork, callback: Callable[[], None]) -> None:
    """Call ``callback``, which must not raise, when the transaction ends in any other way than by its commit."""
    committed = False

    def note(_: Session) -> None:
        nonlocal committed
        committed = True

    def ended(_: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None and not committed:
            callback()

    event.listen(work.session, "after_commit", note)
    event.listen(work.session, "after_transaction_end", ended)


def commit_limiter() -> CapacityLimiter:
    """Return the limiter of threads that end transactions, apart from those that run routes."""
    return anyio.CapacityLimiter(_EXIT_THREADS)


_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="A token that begins with `hwd_`.")


async def authenticated(
    request: Request,
    needed: SecurityScopes,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    """Return who calls, by its header or the console's cookie.

    401 where that is not known, 403 where a scope that the call needs is missing.
    """
    credentials = bearer.credentials if bearer else session_token(request)
    if not credentials:
        raise UnauthenticatedError(
            "Send the header 'Authorization: Bearer <token>'.", headers={"WWW-Authenticate": 'Bearer realm="howdah"'}
        )
    authenticator: Authenticator = request.app.state.authenticator
    principal = authenticator.recall(credentials)
    if principal is None:
        principal = await run_sync(authenticator.authenticate, credentials)
    request.state.principal = principal
    request.state.bearer = credentials
    for scope in needed.scopes:
        if not principal.may(Scope(scope)):
            raise ForbiddenError(
                f"This needs the scope {scope}, which the token of {principal.subject!r} (role {principal.role}) "
                "does not have.",
                slug="missing-scope",
            )
    return principal


def requires(*scopes: Scope) -> Any:  # noqa: ANN401 - like Depends, it stands where a value of another type is given
    """Return the dependency that gives the Principal if it has all these scopes.

    Used as ``principal: Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]``.
    """
    return Security(authenticated, scopes=[scope.value for scope in scopes])


async def platform_administrator(principal: Annotated[Principal, requires(Scope.ACCESS_WRITE)]) -> Principal:
    """Return the caller if it is a platform administrator."""
    if principal.role is not Role.PLATFORM_ADMIN:
        raise ForbiddenError("Only a platform administrator may do this.", slug="missing-role")
    return principal


async def _object_store(request: Request) -> ObjectStore:
    store: ObjectStore = request.app.state.object_store
    return store


Objects = Annotated[ObjectStore, Depends(_object_store)]
