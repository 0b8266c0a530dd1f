"""Paths of experiments: made, looked at, changed, launched, steered."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.experiments import service
from api_server.experiments.answers import brief_answer, steered
from api_server.experiments.examples import APPLICATION_EXAMPLE, TASKS_EXAMPLE, WORKFLOW_EXAMPLE
from api_server.experiments.filtering import Wanted
from api_server.experiments.schemas import (
    Batch,
    BatchRequest,
    CancelRequest,
    CloneRequest,
    Experiment,
    ExperimentBrief,
    ExperimentCounts,
    ExperimentInFull,
    GiveUpRequest,
)
from api_server.http.dependencies import Work, requires
from api_server.http.etag import ExpectedVersion, etag
from api_server.http.gathering import Gathering
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, EDITS, LISTS, READS, problems
from api_server.http.raw import page_shown, shown
from api_server.lifecycle.lifecycle import Lifecycle
from api_server.lifecycle.requests import AnyRequest, Changes, ExperimentRequest
from api_server.presentation import runs
from api_server.problems import ConflictError, InvalidRequestError, NotFoundError
from api_server.registry.repositories import experiment_reads

router = APIRouter(tags=["experiments"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
Writer = Annotated[Principal, requires(Scope.EXPERIMENTS_WRITE)]
STEERS = problems(NotFoundError, ConflictError, InvalidRequestError)


async def _lifecycle(request: Request) -> Lifecycle:
    lifecycle: Lifecycle = request.app.state.lifecycle
    return lifecycle


Steering = Annotated[Lifecycle, Depends(_lifecycle)]


async def _creations(request: Request) -> Gathering[AnyRequest]:
    creations: Gathering[AnyRequest] = request.app.state.creations
    return creations


Creations = Annotated[Gathering[AnyRequest], Depends(_creations)]
NewExperiment = Annotated[
    ExperimentRequest,
    Body(
        openapi_examples={
            "application": {"summary": "One run of an application", "value": APPLICATION_EXAMPLE},
            "tasks": {"summary": "Tasks of one's own", "value": TASKS_EXAMPLE},
            "workflow": {"summary": "A run of a workflow", "value": WORKFLOW_EXAMPLE},
        }
    ),
]

NewBatch = Annotated[BatchRequest, Body(openapi_examples={"two": {"value": {"experiments": [TASKS_EXAMPLE] * 2}}})]


@router.post("/experiments", status_code=201, response_model=ExperimentBrief, responses=CREATES)
async def create_experiment(
    principal: Writer, creations: Creations, body: NewExperiment, idempotent: Idempotent
) -> Response:
    """Make an experiment; with `launch` it is started in the same transaction."""
    return await creations.answer(principal, body, idempotent)


@router.post("/experiments:batch", status_code=201, response_model=Batch, responses=CREATES)
def create_batch(
    work: Work, principal: Writer, lifecycle: Steering, body: NewBatch, idempotent: Idempotent
) -> Response:
    """Make up to 500 experiments, all or none; a wrong field is named as `experiments.<index>.<field>`."""

    def produce() -> Answer:
        records = lifecycle.create(work, principal, body.experiments, batch=True)
        return Answer(201, Batch(items=[service.brief(record) for record in records]))

    return idempotent.answer(work, principal, produce)


@router.get("/experiments", response_model=Page[Experiment], responses=LISTS)
def list_experiments(work: Work, principal: Reader, page: WhichPage, wanted: Wanted) -> Response:
    """List the gateway's experiments, newest first, with what runs and what comes next."""
    found = service.list_experiments(work, principal.gateway_id, wanted, page)
    return page_shown(found, runs.experiment)


@router.get("/experiments:count", response_model=ExperimentCounts, responses=LISTS)
def count_experiments(work: Work, principal: Reader, wanted: Wanted) -> Response:
    """Count, by state, the experiments that fit the same filters as the list."""
    states = experiment_reads.count_matching(work.session, principal.gateway_id, wanted)
    held = experiment_reads.count_held(work.session, principal.gateway_id, wanted)
    return shown({"total": sum(states.values()), "states": states, "held": held})


@router.get("/experiments/{experiment_id}", response_model=ExperimentInFull, responses=READS)
def get_experiment(work: Work, principal: Reader, experiment_id: Id) -> Response:
    """Show an experiment with its request, its progress, its failure and what comes next."""
    row = service.get_experiment(work, principal.gateway_id, experiment_id)
    return shown(runs.experiment_in_full(row), headers=etag(row["version"]))


@router.put("/experiments/{experiment_id}", response_model=ExperimentBrief, responses=EDITS)
def update_experiment(  # noqa: PLR0913, PLR0917 - the parts of the call
    work: Work,
    principal: Writer,
    lifecycle: Steering,
    experiment_id: Id,
    body: NewExperiment,
    expected: ExpectedVersion,
) -> Response:
    """Replace the request of an experiment that is not launched; it has to be validated again."""
    service.refuse_launch(body)
    record = lifecycle.update(work, principal, experiment_id, body, expected)
    return brief_answer(record, 200, etag(record.version)).response()


@router.delete("/experiments/{experiment_id}", status_code=204, responses=DELETES)
def delete_experiment(work: Work, principal: Writer, lifecycle: Steering, experiment_id: Id) -> None:
    """Delete an experiment that does not run, with its whole history."""
    service.delete(work, principal, lifecycle, experiment_id)


@router.post("/experiments/{experiment_id}/validate", response_model=ExperimentBrief, responses=STEERS)
def validate_experiment(work: Work, principal: Writer, lifecycle: Steering, experiment_id: Id) -> Response:
    """Check everything that a launch checks, without launching."""
    return brief_answer(lifecycle.validate(work, principal, experiment_id), 200).response()


@router.post("/experiments/{experiment_id}/launch", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def launch_experiment(
    work: Work, principal: Writer, lifecycle: Steering, experiment_id: Id, idempotent: Idempotent
) -> Response:
    """Launch it, once, whoever else tries: the second launch is a conflict that names the state."""
    return steered(work, principal, idempotent, lambda: lifecycle.launch(work, principal, [experiment_id])[0])


@router.post("/experiments/{experiment_id}/cancel", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def cancel_experiment(  # noqa: PLR0913, PLR0917 - the parts of the call
    work: Work,
    principal: Writer,
    lifecycle: Steering,
    experiment_id: Id,
    idempotent: Idempotent,
    body: CancelRequest | None = None,
) -> Response:
    """Ask for it to be stopped. What runs is stopped where it runs; the live stream tells when it is CANCELED."""
    reason = body.reason if body else ""
    return steered(work, principal, idempotent, lambda: lifecycle.cancel(work, principal, experiment_id, reason))


@router.post("/experiments/{experiment_id}/give-up", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def give_up_experiment(  # noqa: PLR0913, PLR0917 - the parts of the call
    work: Work,
    principal: Writer,
    lifecycle: Steering,
    experiment_id: Id,
    idempotent: Idempotent,
    body: GiveUpRequest | None = None,
) -> Response:
    """Wait no longer for a resource that is away: what is blocked fails at once, with the history of the wait."""
    reason = body.reason if body else ""
    return steered(work, principal, idempotent, lambda: lifecycle.give_up(work, principal, experiment_id, reason))


@router.post("/tasks/{task_id}/give-up", status_code=202, response_model=ExperimentBrief, responses=STEERS)
def give_up_task(  # noqa: PLR0913, PLR0917 - the parts of the call
    work: Work,
    principal: Writer,
    lifecycle: Steering,
    task_id: Id,
    idempotent: Idempotent,
    body: GiveUpRequest | None = None,
) -> Response:
    """Wait no longer with this one task for a resource that is away."""
    experiment_id = service.get_task(work, principal.gateway_id, task_id)["experiment_id"]
    reason = body.reason if body else ""
    return steered(
        work, principal, idempotent, lambda: lifecycle.give_up(work, principal, experiment_id, reason, task_id)
    )


@router.post("/experiments/{experiment_id}/clone", status_code=201, response_model=ExperimentBrief, responses=STEERS)
def clone_experiment(  # noqa: PLR0913, PLR0917 - the parts of the call
    request: Request,
    work: Work,
    principal: Writer,
    lifecycle: Steering,
    experiment_id: Id,
    idempotent: Idempotent,
    body: CloneRequest | None = None,
) -> Response:
    """Make a new experiment of the same request, to be launched on its own."""

    def produce() -> Answer:
        record = lifecycle.clone(work, principal, experiment_id, body.name if body else None)
        location = f"{request.url.path.rpartition('/')[0].rpartition('/')[0]}/{record.id}"
        return brief_answer(record, 201, {"Location": location, **etag(record.version)})

    return idempotent.answer(work, principal, produce)


@router.post(
    "/experiments/{experiment_id}/relaunch", status_code=201, response_model=ExperimentBrief, responses=CREATES
)
def relaunch_experiment(  # noqa: PLR0913, PLR0917 - the parts of the call
    request: Request,
    work: Work,
    principal: Writer,
    lifecycle: Steering,
    experiment_id: Id,
    idempotent: Idempotent,
    body: Changes | None = None,
) -> Response:
    """Make a new experiment of the same request with changes, checked whole, and launch it: one call."""

    def produce() -> Answer:
        record = lifecycle.relaunch(work, principal, experiment_id, body or Changes())
        location = f"{request.url.path.rpartition('/')[0].rpartition('/')[0]}/{record.id}"
        return brief_answer(record, 201, {"Location": location, **etag(record.version)})

    return idempotent.answer(work, principal, produce)
