"""Paths of batch scripts: of a task that submits a job, and of an experiment that somebody thinks of launching."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from anyio.to_thread import run_sync
from fastapi import APIRouter, Body, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.experiments import scripts
from api_server.experiments.examples import APPLICATION_EXAMPLE
from api_server.experiments.script_schemas import ScriptShown
from api_server.http.awaited import Wait, awaited
from api_server.http.dependencies import requires
from api_server.http.model import Id
from api_server.http.problem import READS, problems
from api_server.lifecycle.previewing import Submission, submission_of
from api_server.lifecycle.requests import ApplicationExperiment
from api_server.problems import InvalidRequestError, NotFoundError
from api_server.registry.unit_of_work import Registry, UnitOfWork

router = APIRouter(tags=["runs"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
Writer = Annotated[Principal, requires(Scope.EXPERIMENTS_WRITE)]
Wanted = Annotated[ApplicationExperiment, Body(examples=[APPLICATION_EXAMPLE])]
_DONE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": ScriptShown, "description": "The answer came while the call waited."}
}


@router.post("/experiments:script", status_code=202, responses={**_DONE, **problems(InvalidRequestError)})
async def preview_experiment_script(
    request: Request, principal: Writer, body: Wanted, response: Response, wait: Wait = 0
) -> ScriptShown:
    """Render the batch script that an experiment would submit; nothing is created, and nobody logs in for it."""

    def wanted(work: UnitOfWork) -> Submission:
        return submission_of(work.session, principal.gateway_id, body)

    return await _answered(request, principal, wanted, response, wait)


@router.post("/tasks/{task_id}/script", status_code=202, responses={**_DONE, **problems(NotFoundError)})
async def render_task_script(
    request: Request, principal: Reader, task_id: Id, response: Response, wait: Wait = 0
) -> ScriptShown:
    """Render the batch script of a task that submits a job, as it was or will be submitted."""

    def wanted(work: UnitOfWork) -> Submission:
        return scripts.of_task(work, principal.gateway_id, task_id)

    return await _answered(request, principal, wanted, response, wait)


@router.get("/scripts/{script_id}", responses=READS)
async def get_script(request: Request, principal: Reader, script_id: Id) -> ScriptShown:
    """Show a script that was asked for."""
    return await run_sync(_find, request, principal, script_id)


def _find(request: Request, principal: Principal, script_id: str) -> ScriptShown:
    registry: Registry = request.app.state.registry
    with registry.transaction() as work:
        return scripts.find(work, principal.gateway_id, script_id, request.app.state.clock.now())


async def _answered(
    request: Request, principal: Principal, wanted: Callable[[UnitOfWork], Submission], response: Response, wait: float
) -> ScriptShown:
    state = request.app.state
    registry: Registry = state.registry

    def ask() -> ScriptShown:
        with registry.transaction() as work:
            return scripts.ask(work, principal, wanted(work), state.capabilities, state.clock.now())

    shown = await awaited(request, response, wait, ask, lambda script_id: _find(request, principal, script_id))
    response.headers["Location"] = f"/api/v1/scripts/{shown.id}"
    return shown
