"""Paths of outputs: listed, and downloaded whole or a Range of one."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.experiments import outputs, service
from api_server.experiments.schemas import Output
from api_server.http.dependencies import Objects, Work, requires
from api_server.http.download import send_object
from api_server.http.model import Id
from api_server.http.page import Page
from api_server.http.problem import READS, problems
from api_server.http.raw import shown
from api_server.problems import NotFoundError, RangeNotSatisfiableError

router = APIRouter(tags=["outputs"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
_BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The bytes.", "content": {"application/octet-stream": {}}},
    206: {"description": "The bytes of the Range.", "content": {"application/octet-stream": {}}},
    304: {"description": "The caller has it already (If-None-Match)."},
    **problems(NotFoundError, RangeNotSatisfiableError),
}


@router.get("/experiments/{experiment_id}/outputs", response_model=Page[Output], responses=READS)
def list_outputs(work: Work, principal: Reader, experiment_id: Id) -> Response:
    """List what the latest run made or is to make; all of it, since an application has few outputs."""
    service.check_experiment(work, principal.gateway_id, experiment_id)
    return shown({"items": outputs.list_outputs(work, principal.gateway_id, experiment_id), "next_cursor": None})


@router.get("/experiments/{experiment_id}/outputs/{name}", response_class=Response, responses=_BYTES)
def download_output(  # noqa: PLR0913, PLR0917 - the parts of the call
    request: Request,
    work: Work,
    principal: Reader,
    store: Objects,
    experiment_id: Id,
    name: Annotated[str, Path(max_length=200)],
) -> Response:
    """Download an output. Where it is not there the problem says why."""
    service.check_experiment(work, principal.gateway_id, experiment_id)
    output, key = outputs.find_output(work, principal.gateway_id, experiment_id, name)
    return send_object(
        request,
        store,
        key,
        name=output["file_name"],
        content_type=output["content_type"],
        sha256=output["sha256"],
    )
