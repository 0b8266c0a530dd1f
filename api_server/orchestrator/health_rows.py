"""The health of one login account in memory: from its row, to its row, and as everybody else is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api_server.dag.circuits import Circuit
from api_server.dag.lane_choice import Pace
from api_server.lifecycle.rows import dumped
from howdah.contracts import codec, topics
from howdah.contracts.failures import Failure
from howdah.contracts.ids import GatewayId, ResourceId
from howdah.contracts.standings import CircuitState, ResourceStanding, standing_key
from howdah.contracts.topics import FAST
from howdah.messaging.abstract import Outgoing

Key = tuple[str, str]
"""(resource id, account)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """All that is kept about an account. ``version`` is that of the row; 0: there is none yet."""

    gateway_id: str
    resource_id: str
    account: str
    circuit: Circuit
    pace: Pace
    handlers: int | None = None
    probe_id: str | None = None
    version: int = 0

    @classmethod
    def new(cls, gateway_id: str, key: Key, now: datetime) -> "Entry":
        """Return the entry of an account that was not seen before."""
        return cls(gateway_id, *key, circuit=Circuit(CircuitState.CLOSED, since=now), pace=Pace(FAST, since=now))

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Entry":
        """Return the entry that a row stands for."""
        return cls(
            gateway_id=row["gateway_id"],
            resource_id=row["resource_id"],
            account=row["account"],
            circuit=Circuit(
                state=CircuitState(row["circuit"]),
                since=row["since"],
                cause=None if row["cause"] is None else Failure.model_validate(row["cause"]),
                confirmed=row["confirmed"],
                failed_probes=row["failed_probes"],
                next_probe_at=row["next_probe_at"],
            ),
            pace=Pace(row["lane"], row["lane_since"], row["seconds"], row["failure_share"]),
            handlers=row["handlers"],
            probe_id=row["probe_id"],
            version=row["version"],
        )

    @property
    def key(self) -> Key:
        """What it is kept under."""
        return self.resource_id, self.account

    def row(self) -> dict[str, Any]:
        """Return the row to be written over the one of ``version``."""
        return {
            "resource_id": self.resource_id,
            "account": self.account,
            "gateway_id": self.gateway_id,
            "circuit": self.circuit.state,
            "since": self.circuit.since,
            "cause": dumped(self.circuit.cause),
            "confirmed": self.circuit.confirmed,
            "failed_probes": self.circuit.failed_probes,
            "next_probe_at": self.circuit.next_probe_at,
            "probe_id": self.probe_id,
            "lane": self.pace.lane,
            "lane_since": self.pace.since,
            "seconds": self.pace.seconds,
            "failure_share": self.pace.failures,
            "handlers": self.handlers,
            "version": self.version + 1,
        }

    def is_ordinary(self) -> bool:
        """Tell whether there is nothing that anybody must know."""
        closed = self.circuit.state is CircuitState.CLOSED
        return closed and self.pace.lane == FAST and self.handlers is None

    def standing(self, now: datetime) -> ResourceStanding | None:
        """Return what everybody is told; None when nothing is out of the ordinary."""
        if self.is_ordinary():
            return None
        return ResourceStanding(
            at=now,
            gateway_id=GatewayId(self.gateway_id),
            resource_id=ResourceId(self.resource_id),
            account=self.account,
            circuit=self.circuit.state,
            since=self.circuit.since,
            cause=self.circuit.cause,
            failed_probes=self.circuit.failed_probes,
            next_probe_at=self.circuit.next_probe_at,
            lane=self.pace.lane,
            handlers=self.handlers,
        )

    def announcement(self, now: datetime) -> Outgoing:
        """Return the row of ``howdah.resources``."""
        standing = self.standing(now)
        key = standing_key(self.resource_id, self.account).encode()
        return Outgoing(topics.RESOURCES.name, None if standing is None else codec.encode(standing), key=key)
