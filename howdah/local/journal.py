"""What happened to the services lately, and how they are: what the control socket answers about them."""

import threading
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from howdah.contracts.control import ChildState
from howdah.contracts.services import (
    MAX_EVENTS,
    InstanceState,
    ServiceEvent,
    ServiceInstance,
    ServiceReport,
)
from howdah.local.fleet import Wanted
from howdah.local.kept_child import KeptChild

_STATES: Final = {
    ChildState.WAITING: InstanceState.WAITING,
    ChildState.STARTING: InstanceState.STARTING,
    ChildState.READY: InstanceState.READY,
    ChildState.STOPPING: InstanceState.STOPPING,
    ChildState.STOPPED: InstanceState.STOPPING,
}
_REASONS: Final = {
    ChildState.WAITING: "Ended",
    ChildState.STARTING: "Started",
    ChildState.READY: "Ready",
    ChildState.STOPPING: "Stopping",
    ChildState.STOPPED: "Stopped",
}


class Journal:
    """Keeps the last events of every service. Safe to share among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: dict[str, deque[ServiceEvent]] = {}
        self._seen: dict[str, tuple[ChildState, datetime]] = {}

    def look(self, children: Sequence[KeptChild]) -> None:
        """Note which children of services are in another state than at the last look."""
        for kept in children:
            member, status = kept.child.spec.member, kept.status()
            now = (status.state, status.since)
            if member is None or self._seen.get(kept.name) == now:
                continue
            self._seen[kept.name] = now
            event = ServiceEvent(
                at=status.since,
                about=kept.name,
                reason=_REASONS[status.state],
                message=status.trouble or f"revision {member.revision} is {status.state}",
                warning=status.state is ChildState.WAITING,
            )
            with self._lock:
                self._events.setdefault(member.service, deque(maxlen=MAX_EVENTS)).appendleft(event)

    def of(self, service: str) -> tuple[ServiceEvent, ...]:
        """Return the service's events, the latest first."""
        with self._lock:
            return tuple(self._events.get(service, ()))


def report(wanted: Wanted, children: Sequence[KeptChild], journal: Journal) -> ServiceReport:
    """Describe one service."""
    instances = tuple(_instance(kept) for kept in children if _service_of(kept) == wanted.name)
    ready = sum(one.state is InstanceState.READY for one in instances)
    troubles = [f"{one.name}: {one.trouble}" for one in instances if one.trouble]
    missing = f"{ready} of {wanted.replicas} instances are ready"
    return ServiceReport(
        name=wanted.name,
        kind=wanted.kind,
        replicas=wanted.replicas,
        ready=ready,
        up_to_date=sum(one.revision == wanted.revision for one in instances),
        release=wanted.deployment.release if wanted.deployment else "",
        revision=wanted.revision,
        can_roll_back=wanted.can_roll_back,
        deployment=wanted.deployment,
        trouble=None if ready >= wanted.replicas else "; ".join(troubles) or missing,
        instances=instances,
        events=journal.of(wanted.name),
    )


def _instance(kept: KeptChild) -> ServiceInstance:
    status, member = kept.status(), kept.child.spec.member
    return ServiceInstance(
        name=status.name,
        state=_STATES[status.state],
        since=status.since,
        restarts=status.restarts,
        trouble=status.trouble,
        revision=member.revision if member else "",
        where=f"process {status.pid}" if status.pid else "",
    )


def _service_of(kept: KeptChild) -> str | None:
    member = kept.child.spec.member
    return member.service if member else None
