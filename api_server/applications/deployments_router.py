"""Paths of application deployments."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from api_server.applications import service
from api_server.applications.schemas import DeploymentBody, DeploymentShown
from api_server.auth.principal import Principal, Scope
from api_server.http.dependencies import Work, requires
from api_server.http.etag import ExpectedVersion, etag
from api_server.http.idempotency import Answer, Idempotent
from api_server.http.model import Id
from api_server.http.page import Page, WhichPage
from api_server.http.problem import CREATES, DELETES, EDITS, LISTS, READS
from api_server.registry.models import ApplicationDeployment
from api_server.registry.repositories.catalogue import DeploymentRepository

router = APIRouter(prefix="/application-deployments", tags=["applications"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Writer = Annotated[Principal, requires(Scope.CATALOGUE_WRITE)]


@router.post("", status_code=201, response_model=DeploymentShown, responses=CREATES)
def create_application_deployment(
    request: Request, work: Work, principal: Writer, idempotent: Idempotent, body: DeploymentBody
) -> Response:
    """Add an application deployment: how it is started on one compute resource."""

    def produce() -> Answer:
        row = ApplicationDeployment(**service.columns(work, principal, body))
        row = service.deployments(work, principal).create(row)
        headers = {"Location": f"{request.url.path}/{row.id}", **etag(row.version)}
        return Answer(201, DeploymentShown.model_validate(row), headers)

    return idempotent.answer(work, principal, produce)


@router.get("", responses=LISTS)
def list_application_deployments(work: Work, principal: Reader, page: WhichPage) -> Page[DeploymentShown]:
    """List application deployments."""
    rows = DeploymentRepository(work.session, principal.gateway_id).page(page.limit, page.after)
    return Page.of(rows, DeploymentShown.model_validate)


@router.get("/{deployment_id}", responses=READS)
def get_application_deployment(work: Work, principal: Reader, deployment_id: Id, response: Response) -> DeploymentShown:
    """Show an application deployment."""
    row = service.deployments(work, principal).get(deployment_id)
    response.headers.update(etag(row.version))
    return DeploymentShown.model_validate(row)


@router.put("/{deployment_id}", responses=EDITS)
def edit_application_deployment(  # noqa: PLR0913, PLR0917 - what the edit is made of
    work: Work,
    principal: Writer,
    deployment_id: Id,
    expected: ExpectedVersion,
    body: DeploymentBody,
    response: Response,
) -> DeploymentShown:
    """Replace an application deployment."""
    changes = service.columns(work, principal, body)
    row = service.deployments(work, principal).edit(deployment_id, expected, changes)
    response.headers.update(etag(row.version))
    return DeploymentShown.model_validate(row)


@router.delete("/{deployment_id}", status_code=204, responses=DELETES)
def delete_application_deployment(work: Work, principal: Writer, deployment_id: Id) -> None:
    """Remove an application deployment; what was launched goes on."""
    service.deployments(work, principal).delete(deployment_id)
