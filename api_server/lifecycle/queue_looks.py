"""What is known of the queues of resources that are candidates, and the looks that keep it fresh.

Launches with candidates are what asks: at most one look a minute for each resource, in the launch's own transaction. A
launch never waits for the answer.
"""

from collections.abc import Collection
from datetime import datetime

from pydantic import ValidationError

from api_server.auth.principal import Principal
from api_server.dag.waits import ASKED_EVERY, Seen
from api_server.lifecycle.commands import Commands, Mint
from api_server.lifecycle.looks import look_request, new_look
from api_server.registry.repositories import placing
from api_server.registry.repositories.looks import LookRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.ids import ResourceId
from howdah.contracts.looks import LookKind, QueueReport
from howdah.contracts.resources import ResourceTarget


class QueueLooks:
    """The queues as one call sees them."""

    def __init__(self, work: UnitOfWork, principal: Principal, commands: Commands, now: datetime) -> None:
        self._work = work
        self._principal = principal
        self._mint = commands.mint
        self._now = now
        self._seen: dict[str, Seen] = {}
        self._asked: set[str] = set()

    def load(self, resource_ids: Collection[ResourceId]) -> None:
        """Read what was seen of these resources."""
        found = placing.queues_seen(self._work.session, self._principal.gateway_id, resource_ids)
        self._seen |= {resource_id: Seen(at, report_of(answer)) for resource_id, (at, answer) in found.items()}

    def seen(self, resource_id: ResourceId) -> Seen | None:
        """Return what was seen last; None where nobody has looked."""
        return self._seen.get(resource_id)

    def ask(self, target: ResourceTarget) -> None:
        """Have the resource looked at, unless somebody has asked for that within the last minute."""
        if target.resource_id in self._asked:
            return
        self._asked.add(target.resource_id)
        ask_for_queues(self._work, self._principal, target, self._mint, self._now)


def ask_for_queues(work: UnitOfWork, principal: Principal, target: ResourceTarget, mint: Mint, now: datetime) -> None:
    """Have the queues of a resource looked at, unless somebody has asked for that within the last minute."""
    if not placing.may_look_at_queues(work.session, target.resource_id, now, ASKED_EVERY):
        return
    look = new_look(principal.gateway_id, target.resource_id, LookKind.QUEUES, principal.subject, now)
    LookRepository(work.session, principal.gateway_id).add(look)
    work.enqueue(look_request(look, target, mint, now))


def report_of(answer: object) -> QueueReport | None:
    """Return the report in a look's answer, None where there is none that this release can read."""
    try:
        return None if answer is None else QueueReport.model_validate(answer)
    except ValidationError:
        return None
