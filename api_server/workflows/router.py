"""Paths of workflows: draw, keep, look at, compare. A run of one is an experiment."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, requires
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, LISTS, READS, problems
from api_server.lifecycle.surroundings import surroundings_of
from api_server.problems import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from api_server.registry.models import Workflow, WorkflowVersion
from api_server.registry.repositories.workflows import WorkflowRepository
from api_server.workflows import drafts, service
from api_server.workflows.schemas import (
    DiffShown,
    DraftBody,
    DraftProblem,
    DraftShown,
    VersionBody,
    VersionInFull,
    VersionShown,
    WorkflowBody,
    WorkflowInFull,
    WorkflowShown,
)
from howdah.contracts.plain_yaml import written
from howdah.contracts.workflows import WorkflowDefinition, as_written

router = APIRouter(tags=["workflows"])

Reader = Annotated[Principal, requires(Scope.EXPERIMENTS_READ)]
Writer = Annotated[Principal, requires(Scope.EXPERIMENTS_WRITE)]
Number = Annotated[int, Path(ge=1, le=1_000_000, description="The version.", examples=[2])]
YAML = "application/yaml"


@router.post("/workflows:validate", responses=problems(InvalidRequestError))
def validate_workflow(work: Work, principal: Reader, body: DraftBody) -> DraftShown:
    """Say what is wrong with a definition, and which ports its nodes have; nothing is kept."""
    definition, found = service.parsed(body)
    if definition is None:
        shown = [DraftProblem(field=one.field, message=one.message) for one in found]
        return DraftShown(valid=False, problems=shown, nodes={}, definition=None, yaml=None)
    found = service.check(work, principal, definition)
    around = surroundings_of(work.session, principal.gateway_id, definition)
    return DraftShown(
        valid=not found,
        problems=[DraftProblem(field=one.field, message=one.message) for one in found],
        nodes=drafts.nodes_of(definition, around),
        definition=definition,
        yaml=written(as_written(definition)),
    )


@router.post("/workflows", status_code=201, response_model=WorkflowInFull, responses=CREATES)
def create_workflow(
    request: Request, work: Work, principal: Writer, idempotent: Idempotent, body: WorkflowBody
) -> Response:
    """Keep a new workflow, by the name in its definition; it is checked whole."""

    def produce() -> Answer:
        row, version = service.create(work, principal, body)
        return Answer(201, _in_full(row, version), {"Location": f"{request.url.path}/{row.id}"})

    return idempotent.answer(work, principal, produce)


@router.get("/workflows", responses=LISTS)
def list_workflows(
    work: Work,
    principal: Reader,
    page: WhichPage,
    name: Annotated[str | None, Query(max_length=100, description="Only the one of this name.")] = None,
) -> Page[WorkflowShown]:
    """List the gateway's workflows, newest first."""
    found = WorkflowRepository(work.session, principal.gateway_id).page(page.limit, page.after, name)
    return Page.of(found, WorkflowShown.model_validate)


@router.get("/workflows/{workflow_id}", responses=READS)
def get_workflow(work: Work, principal: Reader, workflow_id: Id) -> WorkflowInFull:
    """Show a workflow with its newest definition."""
    return _in_full(*service.get_version(work, principal, workflow_id))


@router.delete(
    "/workflows/{workflow_id}", status_code=204, responses=problems(NotFoundError, ForbiddenError, ConflictError)
)
def delete_workflow(work: Work, principal: Writer, workflow_id: Id) -> None:
    """Delete a workflow with all its versions; one that was run stays."""
    service.delete(work, principal, workflow_id)


@router.post(
    "/workflows/{workflow_id}/versions",
    status_code=201,
    response_model=VersionInFull,
    responses={**CREATES, **problems(NotFoundError, ForbiddenError)},
)
def create_workflow_version(
    work: Work, principal: Writer, workflow_id: Id, idempotent: Idempotent, body: VersionBody
) -> Response:
    """Keep a new version; runs that were launched before keep to theirs. The newest one again is 200, and none new."""

    def produce() -> Answer:
        row, version, is_new = service.add_version(work, principal, workflow_id, body)
        return Answer(201 if is_new else 200, _version_in_full(row, version))

    return idempotent.answer(work, principal, produce)


@router.get("/workflows/{workflow_id}/versions", responses={**READS, **LISTS})
def list_workflow_versions(work: Work, principal: Reader, workflow_id: Id, page: WhichPage) -> Page[VersionShown]:
    """List the versions of a workflow, newest first."""
    row = service.get(work, principal, workflow_id)
    found = WorkflowRepository(work.session, principal.gateway_id).versions(workflow_id, page.limit, page.after)
    return Page.of(found, lambda version: _version(row, version))


@router.get("/workflows/{workflow_id}/versions/{version}", responses=READS)
def get_workflow_version(work: Work, principal: Reader, workflow_id: Id, version: Number) -> VersionInFull:
    """Show one version with its definition."""
    return _version_in_full(*service.get_version(work, principal, workflow_id, version))


@router.get(
    "/workflows/{workflow_id}/versions/{version}/yaml",
    response_class=Response,
    responses={**READS, 200: {"content": {YAML: {"schema": {"type": "string"}}}, "description": "The definition."}},
)
def export_workflow_version(work: Work, principal: Reader, workflow_id: Id, version: Number) -> Response:
    """Export one version as YAML, as it may be imported again."""
    row, found = service.get_version(work, principal, workflow_id, version)
    disposition = f'attachment; filename="{row.name}.v{found.version}.yaml"'
    return Response(written(found.definition), media_type=YAML, headers={"Content-Disposition": disposition})


@router.get("/workflows/{workflow_id}/versions/{version}/diff", responses=READS)
def diff_workflow_versions(
    work: Work,
    principal: Reader,
    workflow_id: Id,
    version: Number,
    against: Annotated[int | None, Query(ge=1, description="The version before it where it is left out.")] = None,
) -> DiffShown:
    """Say what a version has otherwise than another one."""
    _, new = service.get_version(work, principal, workflow_id, version)
    _, old = service.get_version(work, principal, workflow_id, against or max(version - 1, 1))
    return drafts.difference(old.definition, new.definition, (old.version, new.version))


def _in_full(row: Workflow, version: WorkflowVersion) -> WorkflowInFull:
    shown = WorkflowShown.model_validate(row).model_dump(mode="python")
    return WorkflowInFull(**shown, definition=WorkflowDefinition.model_validate(version.definition))


def _version(row: Workflow, version: WorkflowVersion) -> VersionShown:
    return VersionShown(
        workflow_id=row.id,
        name=row.name,
        version=version.version,
        comment=version.comment,
        created_by=version.created_by,
        created_at=version.created_at,
    )


def _version_in_full(row: Workflow, version: WorkflowVersion) -> VersionInFull:
    shown = _version(row, version).model_dump(mode="python")
    return VersionInFull(**shown, definition=WorkflowDefinition.model_validate(version.definition))
