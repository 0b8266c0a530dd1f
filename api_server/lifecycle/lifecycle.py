"""Create, validate, launch, cancel, clone, change and delete experiments: the only way to start or steer a run.

Works inside the caller's unit of work and never commits. After the launch nothing here writes a run's state: a
cancellation is an event through the outbox, which the orchestrator takes in.
"""

from collections.abc import Sequence

from api_server.auth.principal import Principal
from api_server.lifecycle.commands import Commands, Mint
from api_server.lifecycle.creation import Creation, history_row, launch_existing, request_of
from api_server.lifecycle.guards import ENDED, NOT_LAUNCHED, known, mine, permit, priority_problems, require
from api_server.lifecycle.planning import Planner, refuse
from api_server.lifecycle.relaunching import changed_request
from api_server.lifecycle.requests import AnyRequest, ApplicationExperiment, Changes
from api_server.lifecycle.telling import request_about, told
from api_server.problems import ConflictError, PreconditionFailedError
from api_server.registry.records import ExperimentRecord
from api_server.registry.repositories import experiments, health_reads, run_writes
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.ids import TaskId
from howdah.contracts.requests import CancelRequested, GiveUpRequested
from howdah.contracts.standings import Standings, all_is_well
from howdah.contracts.states import ExperimentState
from howdah.runtime.clock import Clock, SystemClock


class Lifecycle:
    """Steers experiments for principals. Everything is bound to the principal's gateway.

    Raises, from every method: NotFoundError for what is not of the gateway, ForbiddenError for what belongs to another
    user, ConflictError (slug ``state-conflict``, with the state) where the state does not allow it,
    InvalidRequestError with every wrong field.
    """

    def __init__(self, mint: Mint, clock: Clock | None = None, standings: Standings = all_is_well) -> None:
        self._commands = Commands(mint, standings)
        self._clock = clock or SystemClock()

    def create(
        self,
        work: UnitOfWork,
        principal: Principal,
        requests: Sequence[AnyRequest],
        *,
        batch: bool = False,
        traces: Sequence[str | None] = (),
    ) -> list[ExperimentRecord]:
        """Create the experiments, launched where they say so; all or nothing, in a handful of statements.

        With ``batch`` the problems' paths begin with ``experiments.<index>``; with ``traces`` each belongs to its own.
        """
        creation = Creation(work, principal, self._commands, self._clock.now())
        return creation.create(requests, batch=batch, traces=traces)

    @staticmethod
    def check(work: UnitOfWork, principal: Principal, request: AnyRequest, field: str) -> None:
        """Check all that a launch of ``request`` checks, and make nothing; problems' paths begin with ``field``."""
        problems = Planner(work.session, principal.gateway_id, [request]).check(request, complete=True)
        refuse([problem.within(field) for problem in [*priority_problems(principal, request), *problems]])

    def validate(self, work: UnitOfWork, principal: Principal, experiment_id: str) -> ExperimentRecord:
        """Check everything that a launch checks; the experiment becomes VALIDATED."""
        record = mine(work, principal, experiment_id)
        require(record, NOT_LAUNCHED, "be validated")
        request = request_of(record)
        refuse(Planner(work.session, principal.gateway_id, [request]).check(request, complete=True))
        if record.state == ExperimentState.VALIDATED:
            return record
        return self._move(work, principal, record, ExperimentState.VALIDATED, "experiment-validated")

    def launch(self, work: UnitOfWork, principal: Principal, ids: Sequence[str]) -> list[ExperimentRecord]:
        """Launch the experiments; each is launched once, whoever else tries. In the order of ``ids``."""
        locked = {record.id: record for record in experiments.lock(work.session, principal.gateway_id, ids)}
        for experiment_id in ids:
            record = known(locked.get(experiment_id), experiment_id)
            permit(principal, record)
            require(record, NOT_LAUNCHED, "be launched")
        records = launch_existing(work, principal, self._commands, self._clock.now(), list(locked.values()))
        by_id = {record.id: record for record in records}
        return [by_id[experiment_id] for experiment_id in ids]

    def cancel(self, work: UnitOfWork, principal: Principal, experiment_id: str, reason: str = "") -> ExperimentRecord:
        """Ask for the experiment to be stopped. What was never launched is CANCELED at once.

        Otherwise the orchestrator takes the request in: the record that is returned still shows the state before. To
        ask again while it is being canceled changes nothing.
        """
        record = mine(work, principal, experiment_id)
        if record.state in NOT_LAUNCHED:
            return self._move(work, principal, record, ExperimentState.CANCELED, "experiment-canceled")
        require(record, frozenset(ExperimentState) - ENDED, "be canceled")
        if record.process_id is not None and record.state != ExperimentState.CANCELING:
            about = request_about(record, principal.subject, self._clock.now(), reason)
            work.enqueue(told(CancelRequested(**about)))
        return record

    def give_up(
        self, work: UnitOfWork, principal: Principal, experiment_id: str, reason: str = "", task_id: str | None = None
    ) -> ExperimentRecord:
        """Wait no longer for a resource that is away: what is blocked (or one such task) fails, with its history.

        ConflictError when nothing of it is blocked. The orchestrator takes the request in.
        """
        record = mine(work, principal, experiment_id)
        process_id = record.process_id
        session, gateway_id = work.session, principal.gateway_id
        if process_id is None or not health_reads.parked_tasks(session, gateway_id, process_id, task_id):
            what = "The task waits" if task_id else "Nothing of the experiment waits"
            raise ConflictError(f"{what} for no resource that is away.", slug="state-conflict", state=record.state)
        about = request_about(record, principal.subject, self._clock.now(), reason)
        work.enqueue(told(GiveUpRequested(**about, task_id=None if task_id is None else TaskId(task_id))))
        AuditRepository(session, gateway_id).record(
            principal.subject, "give-up", "experiment", record.id, {"reason": reason[:2_000], "task_id": task_id}
        )
        return record

    def clone(
        self, work: UnitOfWork, principal: Principal, experiment_id: str, name: str | None = None
    ) -> ExperimentRecord:
        """Make a new experiment, not launched, from the request of another one of the gateway."""
        found = experiments.read(work.session, principal.gateway_id, [experiment_id])
        record = known(found[0] if found else None, experiment_id)
        request = request_of(record).model_copy(update={"name": name or f"{record.name[:190]} (copy)"})
        creation = Creation(work, principal, self._commands, self._clock.now())
        return creation.create([request], batch=False, cloned_from=record.id)[0]

    def relaunch(
        self, work: UnitOfWork, principal: Principal, experiment_id: str, changes: Changes
    ) -> ExperimentRecord:
        """Make a new experiment from the request of another one, with ``changes``, checked whole; launch it at once."""
        found = experiments.read(work.session, principal.gateway_id, [experiment_id])
        record = known(found[0] if found else None, experiment_id)
        request = changed_request(request_of(record), changes)
        creation = Creation(work, principal, self._commands, self._clock.now())
        return creation.create([request], batch=False, cloned_from=record.id)[0]

    def update(
        self,
        work: UnitOfWork,
        principal: Principal,
        experiment_id: str,
        request: AnyRequest,
        expected_version: int | None = None,
    ) -> ExperimentRecord:
        """Replace the request of an experiment that is not launched; PreconditionFailedError on another version."""
        record = mine(work, principal, experiment_id)
        if expected_version is not None and expected_version != record.version:
            raise PreconditionFailedError(
                f"The experiment has version {record.version} by now; read it again and repeat the change."
            )
        require(record, NOT_LAUNCHED, "be changed")
        problems = Planner(work.session, principal.gateway_id, [request]).check(request, complete=False)
        refuse([*priority_problems(principal, request), *problems])
        application = request if isinstance(request, ApplicationExperiment) else None
        values = {
            "name": request.name,
            "description": request.description,
            "kind": request.kind,
            "spec": request.model_dump(mode="json", exclude={"name", "description", "launch"}),
            "interface_id": application.interface_id if application else None,
            "resource_id": application.resource_id if application else None,
        }
        return self._move(work, principal, record, ExperimentState.CREATED, "experiment-updated", **values)

    def delete(self, work: UnitOfWork, principal: Principal, experiment_id: str) -> None:
        """Delete an experiment that is not running, with its whole history."""
        experiments.lock_processes(work.session, experiment_id)
        record = mine(work, principal, experiment_id)
        require(record, ENDED | NOT_LAUNCHED, "be deleted while it runs")
        experiments.remove(work.session, record)

    def _move(
        self,
        work: UnitOfWork,
        principal: Principal,
        record: ExperimentRecord,
        state: ExperimentState,
        event_kind: str,
        **values: object,
    ) -> ExperimentRecord:
        now, seq = self._clock.now(), record.last_seq + 1
        if state is ExperimentState.CANCELED:
            values["ended_at"] = now
        changes = [{"entity": "experiment", "id": record.id, "from": record.state, "to": state}]
        moved = changes if record.state != state else []
        run_writes.insert_events(work.script, [history_row(record.id, principal, now, seq, event_kind, moved)])
        return experiments.change(work.session, record, state=state.value, last_seq=seq, **values)
