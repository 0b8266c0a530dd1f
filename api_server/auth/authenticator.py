"""Who is behind a bearer token. OpenID Connect joins later as another ``Authenticator``."""

from collections.abc import Callable
from typing import Protocol

from api_server.auth.principal import Principal


class Authenticator(Protocol):
    """Turns a bearer token into the principal that it stands for. Safe to share among threads."""

    def recall(self, bearer: str) -> Principal | None:
        """Return, from memory, whom a token looked up moments ago stands for; None when it must be looked up."""
        ...

    def authenticate(self, bearer: str) -> Principal:
        """Look the token up (this may block); UnauthenticatedError says why it is refused."""
        ...

    def forget(self, is_meant: Callable[[Principal], bool]) -> None:
        """Forget the principals that are meant: their next call is looked up."""
        ...
