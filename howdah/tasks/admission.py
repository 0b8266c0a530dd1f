"""Whether a command may be worked on now, or is handed back. Nobody ever waits here: a thread is for work.

Handed back is what would only run into a resource that is away, what is beyond a resource's share of the threads, and
what is beyond the slow lane's: however many slow resources there are, half of the threads stay with the fast ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from howdah.contracts.ids import ProcessId
from howdah.contracts.messages import RunTask
from howdah.contracts.params import JOB_MONITORING
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.standings import CircuitState, Standings
from howdah.contracts.topics import SLOW
from howdah.runtime.clock import Clock
from howdah.tasks.bulkhead import Bulkhead

AWAY_DELAY_SECONDS: Final = 5.0
"""Until then the orchestrator, too, knows that the resource is away, and lets the task wait."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command is handed back, and after what time it may come again."""

    reason: str
    delay_seconds: float


class Admission:
    """The gate of one task type in one process; thread-safe. What is admitted must ``leave`` again."""

    def __init__(
        self,
        threads: int,
        per_resource: int,
        clock: Clock,
        *,
        standings: Standings,
        process_canceled: Callable[[ProcessId], bool],
    ) -> None:
        self._resources = Bulkhead(per_resource, clock)
        self._lanes = Bulkhead(max(1, threads // 2), clock)
        self._standings = standings
        self._process_canceled = process_canceled

    def enter(self, command: RunTask) -> Refusal | None:
        """Take the places that the command needs and return None, or take none and say why."""
        target = command.target
        if target is None:
            return None
        standing = self._standings(target)
        if standing is not None and standing.circuit is CircuitState.OPEN and self._waits_for(command, target):
            said = f": {standing.cause.sentence}" if standing.cause else ""
            return Refusal(f"{target.name} is away{said}"[:2_000], AWAY_DELAY_SECONDS)
        limit = standing.handlers if standing is not None else command.handlers
        delay = self._resources.enter(target.account, limit)
        if delay is not None:
            return Refusal(f"enough tasks are being worked on at {target.name} already", delay)
        if command.lane == SLOW and (delay := self._lanes.enter(SLOW)) is not None:
            self._resources.leave(target.account)
            return Refusal("enough tasks of the slow lane are being worked on already", delay)
        return None

    def leave(self, command: RunTask, seconds: float) -> None:
        """Give the places back after ``seconds`` of handling."""
        if command.target is None:
            return
        self._resources.leave(command.target.account, seconds)
        if command.lane == SLOW:
            self._lanes.leave(SLOW, seconds)

    def _waits_for(self, command: RunTask, target: ResourceTarget) -> bool:
        """Tell whether an outage is waited out. A canceled process's command may have a job to end: it goes there."""
        if command.type == JOB_MONITORING or not target.outage_seconds:
            return False
        return not self._process_canceled(command.process_id)
