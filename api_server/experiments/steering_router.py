"""Paths that steer an experiment once it was launched: pause, resume, skip, retry, fetch outputs again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.experiments import service
from api_server.experiments.answers import brief_answer, steered
from api_server.experiments.schemas import ExperimentBrief
from api_server.experiments.steering_schemas import CorrectionRequest, Reason, RefetchRequest, RetryRequest
from api_server.http.dependencies import Work, requires
from api_server.http.idempotency import Idempotent
from api_server.http.model import Id
from api_server.http.problem import problems
from api_server.lifecycle.steering import Correction, Steering
from api_server.problems import ConflictError, InvalidRequestError, NotFoundError

router = APIRouter(tags=["experiments"])

Writer = Annotated[Principal, requires(Scope.EXPERIMENTS_WRITE)]
Operator = Annotated[Principal, requires(Scope.OPERATIONS_WRITE)]
STEERS = problems(NotFoundError, ConflictError, InvalidRequestError)


async def _steering(request: Request) -> Steering:
    steering: Steering = request.app.state.steering
    return steering


Hands = Annotated[Steering, Depends(_steering)]


@router.post("/experiments/{experiment_id}/retry", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def retry_experiment(  # noqa: PLR0913, PLR0917 - the parts of the call
    work: Work,
    principal: Writer,
    steering: Hands,
    experiment_id: Id,
    idempotent: Idempotent,
    body: RetryRequest | None = None,
) -> Response:
    """Go on where it failed or was stopped: a new run adopts what was finished, and does the rest.

    Done once, whoever else tries: the second is a conflict that names the state.
    """
    wish = body or RetryRequest()
    return steered(
        work,
        principal,
        idempotent,
        lambda: steering.retry(work, principal, experiment_id, again=wish.rerun, skip=wish.skip),
    )


@router.post("/experiments/{experiment_id}/refetch", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def refetch_outputs(  # noqa: PLR0913, PLR0917 - the parts of the call
    work: Work,
    principal: Writer,
    steering: Hands,
    experiment_id: Id,
    idempotent: Idempotent,
    body: RefetchRequest | None = None,
) -> Response:
    """Bring outputs of an ended experiment back once more, from its work directory: a run that does only that."""
    names = body.outputs if body else ()
    return steered(work, principal, idempotent, lambda: steering.refetch(work, principal, experiment_id, names))


@router.post("/experiments/{experiment_id}/pause", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def pause_experiment(  # noqa: PLR0913, PLR0917 - the parts of the call
    work: Work,
    principal: Writer,
    steering: Hands,
    experiment_id: Id,
    idempotent: Idempotent,
    body: Reason | None = None,
) -> Response:
    """Begin nothing new: what runs goes on, retries that fall due wait. The stream tells when the process is PAUSED."""
    reason = body.reason if body else ""
    return steered(work, principal, idempotent, lambda: steering.pause(work, principal, experiment_id, reason))


@router.post("/experiments/{experiment_id}/resume", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def resume_experiment(  # noqa: PLR0913, PLR0917 - the parts of the call
    work: Work,
    principal: Writer,
    steering: Hands,
    experiment_id: Id,
    idempotent: Idempotent,
    body: Reason | None = None,
) -> Response:
    """Let a paused experiment go on, at once."""
    reason = body.reason if body else ""
    return steered(work, principal, idempotent, lambda: steering.resume(work, principal, experiment_id, reason))


@router.post("/tasks/{task_id}/skip", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def skip_task(  # noqa: PLR0913, PLR0917 - the parts of the call
    work: Work, principal: Writer, steering: Hands, task_id: Id, idempotent: Idempotent, body: Reason | None = None
) -> Response:
    """Leave out a task that has not begun or waits for another try; its dependents go on as if it had succeeded."""
    reason = body.reason if body else ""
    return steered(work, principal, idempotent, lambda: steering.skip(work, principal, task_id, reason))


@router.post("/experiments/{experiment_id}/correct", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def correct_experiment(
    work: Work, principal: Operator, steering: Hands, experiment_id: Id, body: CorrectionRequest
) -> Response:
    """Say that the latest run of a live experiment has FAILED or was CANCELED. Its job goes on."""
    correction = Correction(body.state, body.reason, body.outputs)
    return brief_answer(steering.correct_run(work, principal, experiment_id, correction), 202).response()


@router.post("/processes/{process_id}/correct", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def correct_process(
    work: Work, principal: Operator, steering: Hands, process_id: Id, body: CorrectionRequest
) -> Response:
    """The same, for the run with this id; refused when it is not the latest of its experiment."""
    experiment_id = service.get_process(work, principal.gateway_id, process_id)["experiment_id"]
    correction = Correction(body.state, body.reason, body.outputs)
    record = steering.correct_run(work, principal, experiment_id, correction, process_id)
    return brief_answer(record, 202).response()


@router.post("/tasks/{task_id}/correct", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def correct_task(work: Work, principal: Operator, steering: Hands, task_id: Id, body: CorrectionRequest) -> Response:
    """Say how a task of a live run has ended, against what the platform knows; the run goes on from there."""
    correction = Correction(body.state, body.reason, body.outputs)
    return brief_answer(steering.correct_task(work, principal, task_id, correction), 202).response()
