"""Choosing between the resources that requests name: the facts are read once for all of them, the choice is pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property

from api_server.auth.principal import Principal
from api_server.dag.application import Requirements
from api_server.dag.placement import Candidate, Placement, choose
from api_server.dag.problems import FieldProblem
from api_server.dag.quotas import Place, Quota, Waiting, Window, take_turns
from api_server.dag.waits import Asked, Estimate, estimated
from api_server.lifecycle.commands import Commands
from api_server.lifecycle.queue_looks import QueueLooks
from api_server.lifecycle.requests import ApplicationExperiment
from api_server.registry.repositories import admissions, placing
from api_server.registry.repositories.placing import Crowd
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.ids import ResourceId
from howdah.contracts.looks import READ_QUEUES
from howdah.contracts.resources import ResourceTarget, SchedulerKind
from howdah.contracts.standings import CircuitState


def variants(request: ApplicationExperiment) -> list[ApplicationExperiment]:
    """Return the request once for each resource that it names."""
    if not request.resource_ids:
        return [request]
    return [request.model_copy(update={"resource_id": one, "resource_ids": ()}) for one in request.resource_ids]


class Placer:
    """Places the requests of one call: what it has placed already counts for the next."""

    def __init__(self, work: UnitOfWork, principal: Principal, commands: Commands, now: datetime) -> None:
        self._session = work.session
        self._looks = QueueLooks(work, principal, commands, now)
        self._principal = principal
        self._standings = commands.standings
        self._now = now
        self._crowds: dict[str, Crowd] = {}
        self._placed: dict[str, int] = {}

    def place(
        self,
        names: Mapping[str, str],
        targets: Mapping[ResourceId, ResourceTarget],
        fits: Sequence[tuple[ResourceId, Requirements | None, Sequence[FieldProblem]]],
    ) -> Placement | None:
        """Return the choice between resources of which is known how they fit; None when none does."""
        if unknown := [one for one, _, _ in fits if one not in self._crowds]:
            self._crowds |= dict.fromkeys(unknown, Crowd())
            self._crowds |= placing.crowds(self._session, self._principal.gateway_id, unknown)
            self._looks.load(unknown)
        placement = choose([self._candidate(names, targets, *one) for one in fits])
        if placement is not None:
            self._placed[placement.resource_id] = self._placed.get(placement.resource_id, 0) + 1
        return placement

    def _candidate(
        self,
        names: Mapping[str, str],
        targets: Mapping[ResourceId, ResourceTarget],
        resource_id: ResourceId,
        resolved: Requirements | None,
        problems: Sequence[FieldProblem],
    ) -> Candidate:
        name = names.get(resource_id, resource_id)
        if problems or resolved is None:
            unfit = "; ".join(f"{one.field}: {one.message}" for one in problems[:3])
            return Candidate(resource_id, name, unfit=unfit or "it can't run it")
        crowd = self._crowds[resource_id]
        standing = self._standings(targets[resource_id])
        away = ""
        if standing is not None and standing.circuit is CircuitState.OPEN:
            away = standing.cause.sentence if standing.cause else "it does not answer"
        waiting = max(0, crowd.runs - crowd.running) + self._placed.get(resource_id, 0)
        expected = self._expected(targets[resource_id], resolved, waiting, away=bool(away))
        return Candidate(
            resource_id,
            name,
            away=away,
            held=self._held(resource_id, name, resolved) or expected.stopped,
            waiting=waiting,
            running=crowd.running,
            longest_wait_seconds=crowd.longest_wait_seconds,
            expected_wait_seconds=expected.seconds,
            queue_words=expected.words,
        )

    def _expected(self, target: ResourceTarget, asked: Requirements, waiting: int, *, away: bool) -> Estimate:
        """Return the wait to be expected; a look that is asked for now serves the next launch, not this one."""
        if target.scheduler is SchedulerKind.FORK:
            return Estimate(0.0, "it has no queue")
        if target.scheduler not in READ_QUEUES:
            return Estimate(None, f"the queues of {target.scheduler.value} are not read")
        if not away:
            self._looks.ask(target)
        cores = (asked.nodes or 1) * (asked.tasks_per_node or 1) * (asked.cpus_per_task or 1)
        wanted = Asked(asked.queue, cores, asked.wall_time_minutes)
        return estimated(self._looks.seen(target.resource_id), wanted, waiting, self._now)

    def _held(self, resource_id: str, name: str, asked: Requirements) -> str:
        """Return why the job would have to wait its turn, as the line in front of quotas would tell."""
        quotas, windows, live = self._guards
        if not quotas and not windows:
            return ""
        place = Place(self._principal.gateway_id, resource_id, asked.queue, self._principal.subject)
        job = Waiting(resource_id, place, name, asked.wall_time_minutes, self._now)
        held = take_turns([job], live, quotas, windows, self._now).held.get(resource_id)
        return "" if held is None else held.reason

    @cached_property
    def _guards(self) -> tuple[list[Quota], list[Window], dict[Place, int]]:
        gateways = [self._principal.gateway_id]
        quotas = [Quota(**row) for row in admissions.quotas(self._session, gateways)]
        windows = [Window(**row) for row in admissions.windows(self._session, gateways)]
        live = {
            Place(row["gateway_id"], row["resource_id"], row["queue"], row["owner"]): row["count"]
            for row in (admissions.live(self._session, gateways) if quotas else ())
        }
        return quotas, windows, live
