"""Asking for looks at files of a run: the row, the message, and the capability to put what was seen in one place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api_server.auth.capabilities import Capabilities, Grant
from api_server.auth.principal import Principal
from api_server.lifecycle.addressing import addressed_look, holder_of
from api_server.registry.models import ResourceLook
from api_server.registry.repositories.looks import LookRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.ids import LookId
from howdah.contracts.looks import RESOURCE_LOOK, LookKind
from howdah.contracts.messages import LookAtResource
from howdah.contracts.resources import ResourceTarget
from howdah.runtime.clock import Clock


class FileLooks:
    """Asks in one transaction of one caller."""

    def __init__(self, work: UnitOfWork, principal: Principal, capabilities: Capabilities, clock: Clock) -> None:
        self._work = work
        self._principal = principal
        self._capabilities = capabilities
        self._clock = clock

    def now(self) -> datetime:
        """Return the aware UTC instant."""
        return self._clock.now()

    def ask(  # noqa: PLR0913 - the parts of a look
        self,
        look_id: str,
        target: ResourceTarget,
        what: LookKind,
        params: Mapping[str, Any],
        *,
        writes: str,
        due: datetime,
    ) -> None:
        """Ask for a look that may write one object."""
        now = self._clock.now()
        look = ResourceLook(
            id=look_id,
            gateway_id=self._principal.gateway_id,
            resource_id=target.resource_id,
            what=what.value,
            params=dict(params),
            requested_by=self._principal.subject,
            created_at=now,
            due_at=due,
        )
        LookRepository(self._work.session, self._principal.gateway_id).add(look)
        grant = Grant(
            task_id=look_id,
            task_type=RESOURCE_LOOK,
            process_id=look_id,
            gateway_id=self._principal.gateway_id,
            credentials=tuple(map(str, target.credential_ids)),
            writes=(writes,),
            holder=holder_of(target),
        )
        request = LookAtResource(
            at=now,
            look_id=LookId(look_id),
            gateway_id=self._principal.gateway_id,
            what=what,
            params=dict(params),
            target=target,
            capability=self._capabilities.mint(grant),
            deadline_at=due,
        )
        self._work.enqueue(addressed_look(request))
