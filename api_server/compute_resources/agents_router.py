"""Paths of the agent of a compute resource: enrol, look at, rotate, revoke."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api_server.auth.authenticator import Authenticator
from api_server.auth.principal import Principal, Scope
from api_server.compute_resources import service
from api_server.compute_resources.agent_schemas import AgentSettingsShown, AgentShown
from api_server.compute_resources.agents import Enrolled, Enrolments
from api_server.http.dependencies import Work, after_commit, platform_administrator, requires
from api_server.http.model import Id
from api_server.http.problem import DELETES, READS, problems
from api_server.problems import ConflictError, NotFoundError, UnavailableError
from api_server.registry.models import Agent, ComputeResource
from api_server.registry.repositories.agents import AgentRepository
from howdah.contracts.agents import agent_topics
from howdah.contracts.ids import ResourceId

router = APIRouter(prefix="/compute-resources/{resource_id}/agent", tags=["compute resources"])

Reader = Annotated[Principal, requires(Scope.CATALOGUE_READ)]
Administrator = Annotated[Principal, Depends(platform_administrator)]

_ENROLS = problems(NotFoundError, ConflictError, UnavailableError)


def _enrolments(request: Request, work: Work, principal: Administrator) -> Enrolments:
    state = request.app.state
    return Enrolments(work, principal, state.settings, state.brokers)


Made = Annotated[Enrolments, Depends(_enrolments)]


@router.get("", responses=READS)
def get_agent(work: Work, principal: Reader, resource_id: Id) -> AgentShown:
    """Show who may work on the resource as its agent, and with what rights. No secret is among it."""
    resource = service.resources(work, principal).get(resource_id)
    agent = AgentRepository(work.session, principal.gateway_id).find(resource_id)
    if agent is None:
        raise NotFoundError(f"No agent is enrolled for {resource.name}.")
    return _shown(agent, resource)


@router.post("", status_code=201, responses=_ENROLS)
def enrol_agent(enrolments: Made, resource_id: Id, response: Response) -> AgentSettingsShown:
    """Enrol the agent: its account and rights at the brokers, its token, its topics. The secrets are shown once."""
    response.headers["Cache-Control"] = "no-store"
    return _in_full(enrolments.enrol(resource_id))


@router.post("/rotation", responses=_ENROLS)
def rotate_agent(
    request: Request, work: Work, enrolments: Made, resource_id: Id, response: Response
) -> AgentSettingsShown:
    """Make the agent's secrets anew, and show them once. The earlier ones open nothing any more."""
    made = enrolments.rotate(resource_id)
    _forget(request, work, made.revoked_token_id)
    response.headers["Cache-Control"] = "no-store"
    return _in_full(made)


@router.delete("", status_code=204, responses=DELETES | problems(UnavailableError))
def revoke_agent(request: Request, work: Work, enrolments: Made, resource_id: Id) -> None:
    """Take every right from the agent. What waits in its topics stays there for the next one that is enrolled."""
    _forget(request, work, enrolments.revoke(resource_id))


def _forget(request: Request, work: Work, token_id: str | None) -> None:
    authenticator: Authenticator = request.app.state.authenticator
    after_commit(work, lambda: authenticator.forget(lambda known: known.token_id == token_id))


def _in_full(made: Enrolled) -> AgentSettingsShown:
    return AgentSettingsShown(agent=_shown(made.agent, made.resource), settings=made.settings)


def _shown(agent: Agent, resource: ComputeResource) -> AgentShown:
    access = agent_topics(ResourceId(agent.resource_id)).access
    return AgentShown(
        resource_id=agent.resource_id,
        resource_name=resource.name,
        kafka_user=agent.kafka_user,
        enrolled_by=agent.enrolled_by,
        enrolled_at=agent.enrolled_at,
        rotated_at=agent.rotated_at,
        reads=list(access.read),
        writes=list(access.write),
        groups=access.groups,
    )
