"""A new process of an experiment that has ended: it goes on where the earlier one stopped, or fetches outputs again.

Launching is single-winner: whoever holds the experiment's lock while it has ended starts the one new process.
"""

from datetime import datetime

from pydantic import JsonValue

from api_server.auth.principal import Principal
from api_server.dag.adoption import Continuation, Plan
from api_server.dag.advance import begin
from api_server.dag.deadlines import deadline_of
from api_server.dag.expansion import resources_of
from api_server.dag.problems import UnplannableError
from api_server.dag.run import Run, RunIdentity
from api_server.lifecycle.catalogue import Catalogue
from api_server.lifecycle.commands import Commands
from api_server.lifecycle.creation import request_of
from api_server.lifecycle.held import FIRST_VERSION, HeldRun, Occurrence
from api_server.lifecycle.loading import load
from api_server.lifecycle.planning import refuse
from api_server.lifecycle.recording import Recording
from api_server.problems import ConflictError
from api_server.registry.records import ExperimentRecord
from api_server.registry.repositories import admissions, experiments, runs
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.ids import ExperimentId, ProcessId, ResourceId, new_id
from howdah.contracts.resources import ResourceTarget
from howdah.contracts.states import ExperimentState
from howdah.runtime.tracing import child_of, current


class Continuing:
    """Starts a new process of a locked experiment; one call, one process."""

    def __init__(self, work: UnitOfWork, principal: Principal, commands: Commands, now: datetime) -> None:
        self._work = work
        self._principal = principal
        self._commands = commands
        self._now = now

    def start(
        self, record: ExperimentRecord, plan: Plan, event_kind: str, settles_as: ExperimentState | None = None
    ) -> ExperimentRecord:
        """Launch the run that ``plan`` makes of the last run proper; return the experiment as it is then.

        Resources are taken as they stand in the catalogue now: what was wrong with one may have been mended.
        """
        earlier, number = self._earlier(record)
        process_id = ProcessId(new_id())
        try:
            continuation = plan(earlier, process_id)
        except UnplannableError as error:
            refuse(error.problems)
            raise
        identity = RunIdentity(
            gateway_id=earlier.identity.gateway_id,
            experiment_id=ExperimentId(record.id),
            process_id=process_id,
            trace=child_of(current()),
            targets=self._targets(continuation),
            number=number + 1,
            continues=earlier.identity.process_id,
            settles_as=settles_as,
            deadline_at=None if settles_as else deadline_of(self._now, request_of(record).deadline_seconds),
        )
        run = Run(identity, continuation.dag, experiment=ExperimentState(record.state), tasks=continuation.tasks)
        held = HeldRun(run, version=FIRST_VERSION, last_seq=record.last_seq, adopted_from=continuation.adopted_from)
        return self._launch(record, held, self._occurrence(held, event_kind))

    def _launch(self, record: ExperimentRecord, held: HeldRun, occurrence: Occurrence) -> ExperimentRecord:
        recording = Recording(self._commands, self._now)
        guarded = {(row["gateway_id"], row["resource_id"]) for row in admissions.guarded(self._work.session)}
        decisions = begin(
            held.run,
            self._now,
            lambda gateway, resource: bool({(gateway, resource), (gateway, None)} & guarded),
            self._commands.standings,
        )
        recording.begin(held, decisions, occurrence)
        changed = experiments.change(
            self._work.session,
            record,
            state=held.run.experiment.value,
            process_id=held.run.identity.process_id,
            last_seq=held.last_seq,
            failure=None,
            archived_at=None,  # what runs stays in sight
            launched_at=self._now,
            ended_at=held.run.process.ended_at,
        )
        recording.write(self._work)
        return changed

    def _earlier(self, record: ExperimentRecord) -> tuple[Run, int]:
        """Return the last run that was more than a fetching of outputs, and the number of the last of all."""
        found = runs.last_of(self._work.session, record.id)
        if found is None:
            raise ConflictError("The experiment has had no run to go on from.", slug="state-conflict")
        process_id, number = found
        held = load(self._work.session, runs.lock(self._work.session, [process_id]))
        return held[process_id].run, number

    def _targets(self, continuation: Continuation) -> dict[ResourceId, ResourceTarget]:
        needed = resources_of(spec for spec in continuation.dag.tasks if spec.task_id not in continuation.tasks)
        catalogue = Catalogue.of_resources(self._work.session, self._principal.gateway_id, needed)
        refuse([problem for resource_id in sorted(needed) for problem in catalogue.resource_problems(resource_id)])
        return catalogue.targets()

    def _occurrence(self, held: HeldRun, kind: str) -> Occurrence:
        names: list[JsonValue] = [held.run.dag.by_id[task_id].name for task_id in held.adopted_from]
        identity = held.run.identity
        payload: dict[str, JsonValue] = {
            "process_number": identity.number,
            "continues": identity.continues,
            "adopted": names[:500],
        }
        return Occurrence(event_id=new_id(), kind=kind, actor=self._principal.subject, at=self._now, payload=payload)
