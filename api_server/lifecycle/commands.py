"""From a decision to publish to the command on its topic: self-contained, with the capability it needs."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from pydantic import TypeAdapter

from api_server.auth.callbacks import CallbackGrant
from api_server.auth.capabilities import Grant
from api_server.dag.decisions import Publication
from api_server.dag.run import Run
from api_server.lifecycle.addressing import addressed_task, holder_of
from howdah.contracts import params
from howdah.contracts.messages import RunTask
from howdah.contracts.resources import ReachKind, ResourceTarget
from howdah.contracts.standings import Standings, all_is_well
from howdah.contracts.storage import Delivery, Origin
from howdah.contracts.tasks import TaskSpec
from howdah.messaging.abstract import Outgoing
from howdah.messaging.lanes import Partitioner
from howdah.runtime.tracing import child_of

_OBJECTS: Final = "howdah://objects/"
_ORIGIN: Final[TypeAdapter[Origin]] = TypeAdapter(Origin)
_DELIVERIES: Final[TypeAdapter[tuple[Delivery, ...]]] = TypeAdapter(tuple[Delivery, ...])


class Mint(Protocol):
    """Makes capabilities; see ``api_server.auth.capabilities``."""

    def mint(self, grant: Grant) -> str:
        """Return the text of a capability for ``grant``."""
        ...

    def mint_callback(self, grant: CallbackGrant, ends: datetime) -> str:
        """Return the text of a callback for ``grant``, good until ``ends``."""
        ...


class Commands:
    """Writes the commands of runs. ``standings`` is what decisions to publish go by."""

    def __init__(self, mint: Mint, standings: Standings = all_is_well) -> None:
        self.mint = mint
        self.standings = standings
        self._partitioner = Partitioner()

    def message(self, run: Run, publication: Publication, now: datetime) -> Outgoing:
        """Return the command, on the partition of its lane and resource."""
        identity, spec = run.identity, run.dag.by_id[publication.task_id]
        target = identity.targets.get(spec.resource_id) if spec.resource_id else None
        command = RunTask(
            at=now,
            trace=child_of(identity.trace),
            gateway_id=identity.gateway_id,
            experiment_id=identity.experiment_id,
            process_id=identity.process_id,
            command_id=publication.command_id,
            task_id=spec.task_id,
            name=spec.name,
            type=spec.type,
            attempt=publication.attempt,
            max_attempts=max(spec.retry.max_attempts, publication.attempt),
            lane=publication.lane,
            params=dict(publication.params),
            target=target,
            deadline_at=publication.deadline_at,
            capability=self._capability(run, spec, publication, target),
            handlers=self._handlers(target),
            callback=self._callback(run, spec, now),
        )
        return addressed_task(command, self._partitioner)

    def _handlers(self, target: ResourceTarget | None) -> int | None:
        """Return an operator's limit, for an agent: it may not read ``howdah.resources``, which tells of everybody."""
        if target is None or target.reach is not ReachKind.AGENT:
            return None
        standing = self.standings(target)
        return None if standing is None else standing.handlers

    def _callback(self, run: Run, spec: TaskSpec, now: datetime) -> str | None:
        """Return what lets the thing that the task starts end the task's node."""
        way = spec.way
        if not way.callback or way.parent is None:
            return None
        identity, waits = run.identity, run.dag.by_id[way.parent]
        grant = CallbackGrant(way.parent, identity.process_id, identity.experiment_id, identity.gateway_id)
        return self.mint.mint_callback(grant, now + timedelta(seconds=waits.deadline_seconds))

    def _capability(
        self, run: Run, spec: TaskSpec, publication: Publication, target: ResourceTarget | None
    ) -> str | None:
        credentials = tuple(map(str, target.credential_ids)) if target is not None else ()
        credentials += _of_files_elsewhere(spec, publication)
        reads, writes = _objects(run, spec, publication)
        if not (credentials or reads or writes):
            return None
        grant = Grant(
            task_id=spec.task_id,
            task_type=spec.type,
            process_id=run.identity.process_id,
            gateway_id=run.identity.gateway_id,
            credentials=credentials,
            reads=reads,
            writes=writes,
            rereads=bool(publication.params.get("deliveries")) and spec.type == params.OUTPUT_STAGING,
            holder=holder_of(target),
        )
        return self.mint.mint(grant)


def _of_files_elsewhere(spec: TaskSpec, publication: Publication) -> tuple[str, ...]:
    """Return the credentials of where a file comes from or goes to; only the planner names such a place."""
    places: list[Origin] = []
    if spec.type == params.INPUT_STAGING and (origin := publication.params.get("origin")) is not None:
        places.append(_ORIGIN.validate_python(origin))
    if spec.type == params.OUTPUT_STAGING:
        places += [one.place for one in _DELIVERIES.validate_python(publication.params.get("deliveries", ()))]
    return tuple(dict.fromkeys(str(one) for place in places for one in place.credential_ids))


def _objects(run: Run, spec: TaskSpec, publication: Publication) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the objects that the task may read and write.

    The planner's own tasks name one of either; of a user's own task it may read what its parameters name, within its
    gateway: what the user could fetch as well.
    """
    if spec.type == params.OUTPUT_STAGING:
        several = publication.params.get("form") == params.OutputForm.FILES
        return (), (f"{publication.params['target']}{'/' if several else ''}",)
    if spec.type == params.INPUT_STAGING:
        source, own = str(publication.params["source"]), f"{_OBJECTS}{run.identity.gateway_id}/"
        # A source that an earlier task named is not the planner's word: it stays within the gateway.
        is_elsewhere = "source" in spec.bindings and not source.startswith(own)
        return (() if publication.params.get("origin") or is_elsewhere else (source,)), ()
    if spec.type in params.BUILT_IN:
        return (), ()
    own = f"{_OBJECTS}{run.identity.gateway_id}/"
    return tuple(value for value in publication.params.values() if isinstance(value, str) and value.startswith(own)), ()
