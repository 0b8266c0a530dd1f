"""Gateways: the tenants. Only platform administrators and the bootstrap come here."""

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from api_server.registry.models import Gateway
from api_server.registry.paging import PageOf, Position, newest_first


class GatewayRepository:
    """All gateways of the installation."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, gateway: Gateway) -> Gateway:
        """Write a gateway."""
        self._session.add(gateway)
        self._session.flush()
        self._session.refresh(gateway)
        return gateway

    def find(self, gateway_id: str, *, lock: bool = False) -> Gateway | None:
        """Return the gateway, None where there is none; with ``lock`` nobody else changes it meanwhile."""
        statement = select(Gateway).where(Gateway.id == gateway_id)
        return self._session.scalars(statement.with_for_update() if lock else statement).one_or_none()

    def named(self, name: str) -> Gateway | None:
        """Return the gateway of this name, None where there is none."""
        return self._session.scalars(select(Gateway).where(Gateway.name == name)).one_or_none()

    def page(self, limit: int, after: Position | None) -> PageOf[Gateway]:
        """Return a page of gateways, newest first."""
        return newest_first(self._session, select(Gateway), Gateway.created_at, Gateway.id, limit=limit, after=after)

    def serialize_bootstrap(self) -> None:
        """Wait until nobody else bootstraps; held until the transaction ends."""
        self._session.execute(text("SELECT pg_advisory_xact_lock(hashtext('howdah bootstrap'))"))
