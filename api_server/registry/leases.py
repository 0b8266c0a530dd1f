"""One writer for each loop that must have but one: whoever holds the lease row. Another takes over when it runs out."""

from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api_server.registry.repositories import leases

LEASE_SECONDS: Final = 6.0


class LeaseHolder:
    """One replica as a holder of leases. ``name`` tells it apart from all others."""

    def __init__(self, engine: Engine, name: str, seconds: float = LEASE_SECONDS) -> None:
        self._engine = engine
        self.name = name
        self._seconds = seconds

    def hold(self, lease: str) -> bool:
        """Take or renew the lease; return whether it is ours for the next ``seconds``."""
        with Session(self._engine) as session, session.begin():
            return leases.acquire(session, lease, self.name, self._seconds)

    def release(self, lease: str) -> None:
        """Let another take over at once."""
        with Session(self._engine) as session, session.begin():
            leases.release(session, lease, self.name)
