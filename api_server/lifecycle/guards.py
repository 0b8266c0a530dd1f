"""Who may steer an experiment, and in which state: asked under its lock, before anything is written."""

from collections.abc import Collection

from api_server.auth.principal import Principal
from api_server.dag.problems import FieldProblem
from api_server.lifecycle.requests import AnyRequest
from api_server.problems import ConflictError, ForbiddenError, NotFoundError
from api_server.registry.records import ExperimentRecord
from api_server.registry.repositories import experiments
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.states import ExperimentState, is_terminal

NOT_LAUNCHED = frozenset({ExperimentState.CREATED, ExperimentState.VALIDATED})
ENDED = frozenset(state for state in ExperimentState if is_terminal(state))
RUNNING = frozenset(ExperimentState) - NOT_LAUNCHED - ENDED


def mine(work: UnitOfWork, principal: Principal, experiment_id: str) -> ExperimentRecord:
    """Return the experiment, locked; NotFoundError, ForbiddenError."""
    found = experiments.lock(work.session, principal.gateway_id, [experiment_id])
    record = known(found[0] if found else None, experiment_id)
    permit(principal, record)
    return record


def known(record: ExperimentRecord | None, experiment_id: str) -> ExperimentRecord:
    """Return the record; NotFoundError when there is none."""
    if record is None:
        raise NotFoundError.of("experiment", experiment_id)
    return record


def permit(principal: Principal, record: ExperimentRecord) -> None:
    """Raise ForbiddenError unless the principal may steer it."""
    if not principal.may_steer(record.owner):
        raise ForbiddenError(f"The experiment belongs to {record.owner}; only its owner and administrators steer it.")


def priority_problems(principal: Principal, request: AnyRequest) -> list[FieldProblem]:
    """Return what is wrong with the priority: everybody may stand back, only administrators put something in front."""
    if request.priority <= 0 or principal.is_admin:
        return []
    message = "only administrators of the gateway set one above 0; from -100 to 0 is everybody's"
    return [FieldProblem("priority", message, request.priority)]


def require(record: ExperimentRecord, states: Collection[ExperimentState], to_do: str) -> None:
    """Raise ConflictError, with the state, unless the experiment is in one of ``states``."""
    if record.state not in states:
        raise ConflictError(
            f"The experiment is {record.state} and can't {to_do}.", slug="state-conflict", state=record.state
        )
