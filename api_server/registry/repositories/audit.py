"""The audit trail: appended to in the transaction of what it tells, never altered."""

from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from api_server.registry.models import AuditRecord
from howdah.contracts.ids import new_id


class AuditRepository:
    """The trail of one gateway."""

    def __init__(self, session: Session, gateway_id: str) -> None:
        self._session = session
        self._gateway_id = gateway_id

    def record(
        self, actor: str, action: str, object_type: str, object_id: str, details: dict[str, Any] | None = None
    ) -> None:
        """Note that ``actor`` did ``action`` (``create``, ``reveal`` …) to an object. ``details`` hold no secret."""
        self._session.execute(
            insert(AuditRecord).values(
                id=new_id(),
                gateway_id=self._gateway_id,
                actor=actor,
                action=action,
                object_type=object_type,
                object_id=object_id,
                details=details or {},
            )
        )
