"""Paths of outputs: listed, and downloaded whole or a Range of one; several files together as tar."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from api_server.auth.principal import Principal, Scope
from api_server.experiments import intermediate, service
from api_server.experiments.file_looks import FileLooks
from api_server.experiments.run_schemas import Output
from api_server.http.dependencies import Objects, Work, requires
from api_server.http.download import content_disposition, send_object
from api_server.http.model import Id, instant_text
from api_server.http.page import Page
from api_server.http.problem import READS, problems
from api_server.http.raw import shown
from api_server.objects import outputs
from api_server.objects.tar import Member, tar_of
from api_server.problems import ConflictError, NotFoundError, RangeNotSatisfiableError

router = APIRouter(tags=["outputs"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
Name = Annotated[str, Path(max_length=200)]
_BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The bytes.", "content": {"application/octet-stream": {}}},
    206: {"description": "The bytes of the Range.", "content": {"application/octet-stream": {}}},
    304: {"description": "The caller has it already (If-None-Match)."},
    **problems(NotFoundError, RangeNotSatisfiableError),
}


@router.get("/experiments/{experiment_id}/outputs", response_model=Page[Output], responses=READS)
def list_outputs(request: Request, work: Work, principal: Reader, experiment_id: Id) -> Response:
    """List what the latest run made or is to make; all of it, since an application has few outputs."""
    service.check_experiment(work, principal.gateway_id, experiment_id)
    now = request.app.state.clock.now()
    items = intermediate.outputs_with_intermediate(work, principal.gateway_id, experiment_id, now)
    return shown({"items": items, "next_cursor": None})


@router.post(
    "/experiments/{experiment_id}/outputs/{name}/fetch",
    status_code=202,
    response_model=Output,
    responses=problems(NotFoundError, ConflictError),
)
def fetch_output(  # noqa: PLR0913, PLR0917 - the parts of the call
    request: Request, work: Work, principal: Reader, store: Objects, experiment_id: Id, name: Name
) -> Response:
    """Ask for an output as it stands while the job still writes it. The list tells when it is here."""
    service.check_experiment(work, principal.gateway_id, experiment_id)
    state = request.app.state
    looks = FileLooks(work, principal, state.capabilities, state.clock)
    intermediate.fetch(work, principal, store, looks, experiment_id, name)
    items = intermediate.outputs_with_intermediate(work, principal.gateway_id, experiment_id, looks.now())
    return shown(next(one for one in items if one["name"] == name), status=202)


@router.get(
    "/experiments/{experiment_id}/outputs/{name}/intermediate",
    response_class=Response,
    responses=_BYTES,
)
def download_intermediate_output(  # noqa: PLR0913, PLR0917 - the parts of the call
    request: Request, work: Work, principal: Reader, store: Objects, experiment_id: Id, name: Name
) -> Response:
    """Download what was fetched of an output while the run went on, as of `Howdah-Seen-At`."""
    service.check_experiment(work, principal.gateway_id, experiment_id)
    output, part, seen_at = intermediate.fetched(work, principal.gateway_id, experiment_id, name)
    response = send_object(
        request,
        store,
        part.key,
        name=output["file_name"],
        content_type=output["content_type"],
        sha256=part.checked_sha256,
    )
    if seen_at is not None:
        response.headers["Howdah-Seen-At"] = instant_text(seen_at)
    return response


@router.get("/experiments/{experiment_id}/outputs/{name}", response_class=Response, responses=_BYTES)
def download_output(  # noqa: PLR0913, PLR0917 - the parts of the call
    request: Request, work: Work, principal: Reader, store: Objects, experiment_id: Id, name: Name
) -> Response:
    """Download an output; several files as one tar. Where it is not there the problem says why."""
    service.check_experiment(work, principal.gateway_id, experiment_id)
    output, key = outputs.find_output(work, principal.gateway_id, experiment_id, name)
    if output["files"]:
        members = [
            Member(one["path"], one["size_bytes"], outputs.file_key(principal.gateway_id, output, one["number"]))
            for one in output["files"]
        ]
        headers = {"Content-Disposition": content_disposition(output["file_name"]), "X-Content-Type-Options": "nosniff"}
        return StreamingResponse(tar_of(store, members), headers=headers, media_type="application/x-tar")
    return send_object(
        request, store, key, name=output["file_name"], content_type=output["content_type"], sha256=output["sha256"]
    )


@router.get("/experiments/{experiment_id}/outputs/{name}/files/{number}", response_class=Response, responses=_BYTES)
def download_output_file(  # noqa: PLR0913, PLR0917 - the parts of the call
    request: Request,
    work: Work,
    principal: Reader,
    store: Objects,
    experiment_id: Id,
    name: Name,
    number: Annotated[int, Path(ge=1, le=100_000)],
) -> Response:
    """Download one of an output's several files, by its number in the list, whole or a Range of it."""
    service.check_experiment(work, principal.gateway_id, experiment_id)
    output, _ = outputs.find_output(work, principal.gateway_id, experiment_id, name)
    key = outputs.file_key(principal.gateway_id, output, number)
    one = output["files"][number - 1]
    return send_object(request, store, key, name=one["path"].rsplit("/", 1)[-1], sha256=one["sha256"])
