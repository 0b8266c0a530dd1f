"""Pause, resume, skip, retry, fetch again: what is asked of an experiment that was launched.

Works inside the caller's unit of work and never commits. What a live run is asked reaches its one writer as an event
through the outbox; what has ended gets a new process.
"""

from collections.abc import Collection
from dataclasses import dataclass

from pydantic import JsonValue

from api_server.auth.principal import Principal
from api_server.dag import adoption
from api_server.dag.adoption import Choice
from api_server.dag.correcting import why_not
from api_server.dag.pausing import why_not_skipped
from api_server.lifecycle.commands import Commands, Mint
from api_server.lifecycle.continuing import Continuing
from api_server.lifecycle.guards import ENDED, RUNNING, mine, require
from api_server.lifecycle.telling import request_about, told
from api_server.problems import ConflictError, FieldError, ForbiddenError, InvalidRequestError, NotFoundError
from api_server.registry.records import ExperimentRecord
from api_server.registry.repositories import experiments, runs
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.ids import TaskId
from howdah.contracts.requests import (
    CorrectionRequested,
    PauseRequested,
    ResumeRequested,
    SkipRequested,
)
from howdah.contracts.standings import Standings, all_is_well
from howdah.contracts.states import ExperimentState, TaskState, is_terminal
from howdah.runtime.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class Correction:
    """How something has ended, and why somebody knows better than the platform."""

    state: TaskState
    reason: str
    outputs: dict[str, JsonValue] | None = None


def _only_administrators(principal: Principal) -> None:
    if not principal.is_admin:
        raise ForbiddenError("Only an administrator of the gateway corrects states.", slug="missing-role")


_MAY_PAUSE = RUNNING - {ExperimentState.CANCELING}


class Steering:
    """Steers launched experiments for principals. Everything is bound to the principal's gateway.

    Raises, from every method, what ``Lifecycle`` raises.
    """

    def __init__(self, mint: Mint, clock: Clock | None = None, standings: Standings = all_is_well) -> None:
        self._commands = Commands(mint, standings)
        self._clock = clock or SystemClock()

    def pause(self, work: UnitOfWork, principal: Principal, experiment_id: str, reason: str = "") -> ExperimentRecord:
        """Ask that nothing new be begun; what runs goes on. To pause twice changes nothing."""
        record = mine(work, principal, experiment_id)
        require(record, _MAY_PAUSE, "be paused")
        work.enqueue(told(PauseRequested(**request_about(record, principal.subject, self._clock.now(), reason))))
        return record

    def resume(self, work: UnitOfWork, principal: Principal, experiment_id: str, reason: str = "") -> ExperimentRecord:
        """Ask that a paused experiment go on. To resume what is not paused changes nothing."""
        record = mine(work, principal, experiment_id)
        require(record, _MAY_PAUSE, "be resumed")
        work.enqueue(told(ResumeRequested(**request_about(record, principal.subject, self._clock.now(), reason))))
        return record

    def skip(self, work: UnitOfWork, principal: Principal, task_id: str, reason: str = "") -> ExperimentRecord:
        """Ask that a task of a live run be left out; its dependents go on as if it had succeeded."""
        task = runs.task_of(work.session, principal.gateway_id, task_id)
        if task is None:
            raise NotFoundError.of("task", task_id)
        record = mine(work, principal, task.experiment_id)
        require(record, _MAY_PAUSE, "have a task skipped")
        if record.process_id != task.process_id:
            raise ConflictError("The task belongs to an earlier run of its experiment.", slug="state-conflict")
        if (why := why_not_skipped(task.type, TaskState(task.state))) is not None:
            raise ConflictError(f"{why[0].upper()}{why[1:]}.", slug="state-conflict", state=task.state)
        about = request_about(record, principal.subject, self._clock.now(), reason)
        work.enqueue(told(SkipRequested(**about, task_id=TaskId(task_id))))
        return record

    def correct_task(
        self, work: UnitOfWork, principal: Principal, task_id: str, correction: Correction
    ) -> ExperimentRecord:
        """Say how a task of a live run has ended, against what the platform knows; for administrators."""
        _only_administrators(principal)
        task = runs.task_of(work.session, principal.gateway_id, task_id)
        if task is None:
            raise NotFoundError.of("task", task_id)
        if is_terminal(TaskState(task.state)):
            raise ConflictError(
                f"The task is {task.state}, which is never left.", slug="state-conflict", state=task.state
            )
        if (why := why_not(task.type, correction.state, correction.outputs)) is not None:
            raise InvalidRequestError(errors=[FieldError("state", why, correction.state.value)])
        record = self._live(work, principal, task.experiment_id, task.process_id)
        return self._correct(work, principal, record, correction, TaskId(task_id))

    def correct_run(
        self,
        work: UnitOfWork,
        principal: Principal,
        experiment_id: str,
        correction: Correction,
        process_id: str | None = None,
    ) -> ExperimentRecord:
        """Say that a live experiment's run has FAILED or was CANCELED; for administrators. A job that runs goes on."""
        _only_administrators(principal)
        if correction.state not in {TaskState.FAILED, TaskState.CANCELED}:
            message = "a run is set to FAILED or CANCELED; to let it go on, correct its tasks"
            raise InvalidRequestError(errors=[FieldError("state", message, correction.state.value)])
        record = self._live(work, principal, experiment_id, process_id)
        return self._correct(work, principal, record, correction, None)

    @staticmethod
    def _live(work: UnitOfWork, principal: Principal, experiment_id: str, process_id: str | None) -> ExperimentRecord:
        record = mine(work, principal, experiment_id)
        require(record, RUNNING, "be corrected: only what has not ended is")
        if process_id is not None and record.process_id != process_id:
            raise ConflictError("That was an earlier run of its experiment.", slug="state-conflict")
        return record

    def _correct(
        self,
        work: UnitOfWork,
        principal: Principal,
        record: ExperimentRecord,
        correction: Correction,
        task_id: TaskId | None,
    ) -> ExperimentRecord:
        about = request_about(record, principal.subject, self._clock.now(), correction.reason)
        said = CorrectionRequested(**about, task_id=task_id, state=correction.state, outputs=correction.outputs)
        work.enqueue(told(said))
        details = {"state": correction.state.value, "reason": correction.reason, "experiment_id": record.id}
        what, which = ("task", task_id) if task_id else ("process", str(record.process_id))
        AuditRepository(work.session, principal.gateway_id).record(principal.subject, "correct", what, which, details)
        return record

    def retry(
        self,
        work: UnitOfWork,
        principal: Principal,
        experiment_id: str,
        *,
        again: Collection[str] = (),
        skip: Collection[str] = (),
    ) -> ExperimentRecord:
        """Start a new process that adopts what the earlier one finished and does the rest, whoever else tries: once.

        ``again`` names tasks that are done again in any case, ``skip`` such as are left out.
        """
        choice = Choice(again, skip, principal.subject)
        allowed = ENDED if again else ENDED - {ExperimentState.COMPLETED}
        return self._continue(
            work,
            principal,
            experiment_id,
            (allowed, "be tried again: nothing of it has failed"),
            lambda earlier, process_id: adoption.continue_run(earlier, process_id, choice),
        )

    def refetch(
        self, work: UnitOfWork, principal: Principal, experiment_id: str, names: Collection[str] = ()
    ) -> ExperimentRecord:
        """Start a new process that brings outputs back once more (all, or those named) and does nothing else."""
        return self._continue(
            work,
            principal,
            experiment_id,
            (ENDED, "have its outputs fetched again before it has ended"),
            lambda earlier, process_id: adoption.refetch(earlier, process_id, names),
            refetching=True,
        )

    def _continue(  # noqa: PLR0913 - the parts of the call
        self,
        work: UnitOfWork,
        principal: Principal,
        experiment_id: str,
        allowed: tuple[Collection[ExperimentState], str],
        plan: adoption.Plan,
        *,
        refetching: bool = False,
    ) -> ExperimentRecord:
        experiments.lock_processes(work.session, experiment_id)
        record = mine(work, principal, experiment_id)
        require(record, *allowed)
        state = ExperimentState(record.state)
        continuing = Continuing(work, principal, self._commands, self._clock.now())
        kind = "outputs-refetched" if refetching else "experiment-retried"
        return continuing.start(record, plan, kind, state if refetching else None)
