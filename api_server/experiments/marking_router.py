"""Paths with which people keep experiments in order: notes, tags, archive, and one verb for many."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.experiments import marking
from api_server.experiments.filtering import Wanted
from api_server.experiments.marking_schemas import Annotations, AnnotationsShown, BulkRequest, BulkResult, Tags
from api_server.experiments.schemas import Experiment
from api_server.http.dependencies import Work, requires
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.problem import LISTS, problems
from api_server.http.raw import shown
from api_server.presentation import runs
from api_server.problems import BadRequestError, ConflictError, InvalidRequestError, NotFoundError
from api_server.registry.repositories import experiment_marks

router = APIRouter(tags=["experiments"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
Writer = Annotated[Principal, requires(Scope.EXPERIMENTS_WRITE)]
_MOST_TAGS = 200
_STEERS = problems(NotFoundError, ConflictError, InvalidRequestError)


async def _bulk(request: Request, work: Work, principal: Writer) -> marking.Bulk:
    state = request.app.state
    return marking.Bulk(work, principal, state.lifecycle, state.steering)


Many = Annotated[marking.Bulk, Depends(_bulk)]


@router.patch("/experiments/{experiment_id}/annotations", responses=_STEERS)
def annotate_experiment(work: Work, principal: Writer, experiment_id: Id, body: Annotations) -> AnnotationsShown:
    """Write notes and tags, in whatever state it is; what is left out stays. The run itself is not touched."""
    return marking.annotate(work, principal, experiment_id, body)


@router.post("/experiments/{experiment_id}/archive", response_model=Experiment, responses=_STEERS)
def archive_experiment(work: Work, principal: Writer, experiment_id: Id) -> Response:
    """Put away what does not run: lists leave it out unless `archived` asks for it. Nothing is deleted."""
    return shown(runs.experiment(marking.archive(work, principal, experiment_id, away=True)))


@router.post("/experiments/{experiment_id}/unarchive", response_model=Experiment, responses=_STEERS)
def unarchive_experiment(work: Work, principal: Writer, experiment_id: Id) -> Response:
    """Bring an experiment back into the lists."""
    return shown(runs.experiment(marking.archive(work, principal, experiment_id, away=False)))


@router.post(
    "/experiments:bulk",
    response_model=BulkResult,
    responses={**LISTS, **problems(BadRequestError, ConflictError, InvalidRequestError)},
)
def steer_many(  # noqa: PLR0913, PLR0917 - the parts of the call
    work: Work, principal: Writer, many: Many, wanted: Wanted, idempotent: Idempotent, body: BulkRequest
) -> Response:
    """Do the same with all experiments that fit the filters of the list, a bounded number a call, newest first.

    Call it again with `next_cursor` until there is none. What can't be done with one is told and stops none of the
    others; repeated with the same Idempotency-Key a step is done once.
    """
    return idempotent.answer(work, principal, lambda: Answer(200, many.step(wanted, body)))


@router.get("/experiment-tags", responses=LISTS)
def list_tags(work: Work, principal: Reader) -> Tags:
    """List the tags that experiments of the gateway bear, the most used first."""
    return Tags(items=list(experiment_marks.tags(work.session, principal.gateway_id, _MOST_TAGS)))
