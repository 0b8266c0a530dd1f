"""Who must ask before a job is submitted, and whose turn it is: the line in front of quotas and maintenance windows."""

from collections.abc import Sequence
from typing import Any, Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api_server.dag.quotas import Place, Quota, Turn, Waiting, Window, ordinal, take_turns
from api_server.registry.engine import asking
from api_server.registry.repositories import admissions
from api_server.registry.repositories.rows import Row
from api_server.registry.unit_of_work import Registry
from howdah.contracts import codec, topics
from howdah.contracts.ids import EventId, GatewayId, ResourceId, derive_id
from howdah.contracts.requests import (
    AdmissionGranted,
)
from howdah.messaging.abstract import Outgoing
from howdah.runtime.clock import Clock

log = structlog.get_logger(__name__)

_EXPLAINED: Final = 1_000
"""How many of those in line are told their place; those behind are far from their turn."""


class Gates:
    """Which resources have a quota or a window, as it was read last: what decisions ask, without a statement each.

    Before the first reading every job asks: whoever need not is let in at once.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guarded: frozenset[tuple[str, str | None]] | None = None

    def refresh(self) -> None:
        """Read it anew."""
        with Session(self._engine) as session:
            self._guarded = frozenset((row["gateway_id"], row["resource_id"]) for row in admissions.guarded(session))

    def must_ask(self, gateway_id: GatewayId, resource_id: ResourceId | None) -> bool:
        """Tell whether a job on this resource stands in line first."""
        if resource_id is None:
            return False
        guarded = self._guarded
        return guarded is None or (gateway_id, resource_id) in guarded or (gateway_id, None) in guarded


class Admissions:
    """Lets jobs in. Run under a lease: one hand holds the line.

    Grant and event are one commit; what was granted stays granted over a restart, and counts until its job is over.
    """

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._asking = asking(registry.engine)
        self._clock = clock

    def turn(self) -> int:
        """Release what is over, let in what has room, say to the rest why it waits; return how many were let in."""
        with Session(self._asking) as session:
            if not admissions.is_anybody_there(session):
                return 0
        with self._registry.transaction() as work:
            admissions.release(work.session)
            rows = admissions.waiting(work.session)
            if not rows:
                return 0
            turn = self._decide(work.session, rows)
            granted = admissions.grant(work.session, turn.granted)
            admissions.explain(work.session, _explained(turn))
            by_task = {row["task_id"]: row for row in rows}
            work.enqueue(*(self._told(by_task[task_id], at) for task_id, at in granted.items()))
        if granted:
            log.info("jobs were let in", number=len(granted), waiting=len(turn.held))
        return len(granted)

    def _decide(self, session: Session, rows: Sequence[Row]) -> Turn:
        gateways = sorted({row["gateway_id"] for row in rows})
        live = {
            Place(row["gateway_id"], row["resource_id"], row["queue"], row["owner"]): row["count"]
            for row in admissions.live(session, gateways)
        }
        quotas = [Quota(**row) for row in admissions.quotas(session, gateways)]
        windows = [Window(**row) for row in admissions.windows(session, gateways)]
        return take_turns([_waiting(row) for row in rows], live, quotas, windows, self._clock.now())

    def _told(self, row: Row, granted_at: Any) -> Outgoing:  # noqa: ANN401 - the database's instant
        event = AdmissionGranted(
            at=self._clock.now(),
            gateway_id=row["gateway_id"],
            experiment_id=row["experiment_id"],
            process_id=row["process_id"],
            event_id=EventId(derive_id("admission", row["task_id"], granted_at.isoformat())),
            actor="orchestrator",
            reason=f"{row['resource_name']} has room for it",
            task_id=row["task_id"],
        )
        return Outgoing(topic=topics.EVENTS.name, key=row["process_id"].encode(), value=codec.encode(event))


def _waiting(row: Row) -> Waiting:
    place = Place(row["gateway_id"], row["resource_id"], row["queue"], row["owner"])
    return Waiting(
        row["task_id"], place, row["resource_name"], row["wall_time_minutes"], row["asked_at"], row["priority"]
    )


def _explained(turn: Turn) -> list[dict[str, Any]]:
    return [
        {
            "task_id": task_id,
            "position": held.position,
            "reason": held.reason if held.position is None else f"{held.reason}; {ordinal(held.position)} in line",
        }
        for task_id, held in list(turn.held.items())[:_EXPLAINED]
    ]
