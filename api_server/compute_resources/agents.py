"""Enrolling the agent of a compute resource: an account at the brokers, a token here, and nothing that is kept secret.

The brokers come first and the registry second: what a crash leaves between the two is an account whose password nobody
knows, and the same call made again puts it right.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from api_server.auth.principal import SCOPES_OF, Principal, Role
from api_server.auth.tokens import hash_of, new_token
from api_server.problems import ConflictError, ForbiddenError, NotFoundError, UnavailableError
from api_server.registry.models import Agent, ComputeResource, Token
from api_server.registry.repositories.agents import AgentRepository
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.repositories.catalogue import ResourceRepository
from api_server.registry.repositories.tokens import TokenRepository
from api_server.registry.unit_of_work import UnitOfWork
from api_server.settings import ApiSettings
from howdah.contracts.agents import AgentTopics, agent_topics
from howdah.contracts.errors import ConfigurationError
from howdah.contracts.ids import ResourceId
from howdah.contracts.resources import ReachKind
from howdah.messaging.abstract import Admin, MessagingError

_PASSWORD_BYTES = 32


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An enrolment just made: its row, and what the agent is to be told, secrets and all."""

    agent: Agent
    resource: ComputeResource
    settings: dict[str, str]
    revoked_token_id: str | None = None


class Enrolments:
    """Makes, renews and revokes the enrolments of one caller's gateway: for platform administrators.

    Raises ForbiddenError for anybody else, ConflictError where the resource, its enrolment or this installation is not
    as it must be, UnavailableError when the brokers did not do their part.
    """

    def __init__(self, work: UnitOfWork, principal: Principal, settings: ApiSettings, brokers: Admin) -> None:
        self._work = work
        self._principal = principal
        self._settings = settings
        self._brokers = brokers
        self._rows = AgentRepository(work.session, principal.gateway_id)
        self._audit = AuditRepository(work.session, principal.gateway_id)

    def enrol(self, resource_id: str) -> Enrolled:
        """Make the agent known; ConflictError ``already-enrolled``: rotate or revoke it."""
        resource = self._resource(resource_id)
        if resource.reach != ReachKind.AGENT:
            text = f"{resource.name} is not worked on by an agent: set its reach to 'agent' first."
            raise ConflictError(text, slug="no-agent-resource")
        if self._rows.find(resource_id) is not None:
            text = f"The agent of {resource.name} is enrolled already: rotate its secrets, or revoke it first."
            raise ConflictError(text, slug="already-enrolled")
        own, password = self._admitted(resource)
        token, bearer = self._token(resource, own)
        agent = Agent(
            resource_id=resource_id, kafka_user=own.user, token_id=token.id, enrolled_by=self._principal.subject
        )
        self._note("enrol", self._rows.add(agent))
        return Enrolled(agent, resource, self._told(resource, own, password, bearer))

    def rotate(self, resource_id: str) -> Enrolled:
        """Make its secrets anew; the earlier ones open nothing any more."""
        resource = self._resource(resource_id)
        agent = self._found(resource)
        own, password = self._admitted(resource)
        token, bearer = self._token(resource, own)
        earlier, agent.token_id, agent.rotated_at = agent.token_id, token.id, datetime.now(UTC)
        self._work.session.flush()
        TokenRepository(self._work.session, self._principal.gateway_id).revoke(earlier)
        self._note("rotate", agent)
        return Enrolled(agent, resource, self._told(resource, own, password, bearer), earlier)

    def revoke(self, resource_id: str) -> str:
        """Take every right from the agent, and return the id of the token that was revoked. Its topics stay."""
        resource = self._resource(resource_id)
        agent = self._found(resource)
        try:
            self._brokers.expel(agent.kafka_user)
        except MessagingError as error:
            raise _unavailable(error) from error
        self._rows.delete(agent)
        TokenRepository(self._work.session, self._principal.gateway_id).revoke(agent.token_id)
        self._note("revoke", agent)
        return agent.token_id

    def _resource(self, resource_id: str) -> ComputeResource:
        if not self._principal.is_platform_admin:
            raise ForbiddenError("Only a platform administrator enrols agents.", slug="missing-role")
        # Locked: of two that enrol at once the second finds what the first did.
        row = ResourceRepository(self._work.session, self._principal.gateway_id).find(resource_id, lock=True)
        if row is None:
            raise NotFoundError.of("compute resource", resource_id)
        return row

    def _found(self, resource: ComputeResource) -> Agent:
        agent = self._rows.find(resource.id)
        if agent is None:
            raise NotFoundError(f"No agent is enrolled for {resource.name}.")
        return agent

    def _admitted(self, resource: ComputeResource) -> tuple[AgentTopics, str]:
        if self._settings.agent_kafka_bootstrap is None:
            raise ConflictError(
                "This installation offers agents no way to its brokers: set HOWDAH_AGENT_KAFKA_BOOTSTRAP to the "
                "address of a listener with TLS and SASL.",
                slug="no-way-for-agents",
            )
        own, password = agent_topics(ResourceId(resource.id)), secrets.token_urlsafe(_PASSWORD_BYTES)
        try:
            self._brokers.ensure(own.all, self._settings.kafka_replication_factor)
            self._brokers.admit(own.user, password, own.access)
        except MessagingError as error:
            raise _unavailable(error) from error
        return own, password

    def _token(self, resource: ComputeResource, own: AgentTopics) -> tuple[Token, str]:
        bearer = new_token()
        row = Token(
            name=f"agent of {resource.name}"[:200],
            subject=own.subject,
            role=Role.SERVICE.value,
            scopes=sorted(scope.value for scope in SCOPES_OF[Role.SERVICE]),
            sha256=hash_of(bearer),
            created_by=self._principal.subject,
        )
        return TokenRepository(self._work.session, self._principal.gateway_id).add(row), bearer

    def _told(self, resource: ComputeResource, own: AgentTopics, password: str, bearer: str) -> dict[str, str]:
        settings = self._settings
        return {
            "HOWDAH_AGENT_RESOURCE": resource.name,
            "HOWDAH_AGENT_RESOURCE_ID": resource.id,
            "HOWDAH_API_URL": settings.public_url,
            "HOWDAH_SERVICE_TOKEN": bearer,
            "HOWDAH_KAFKA_BOOTSTRAP": settings.agent_kafka_bootstrap or "",
            "HOWDAH_KAFKA_GROUP_PROTOCOL": settings.kafka_group_protocol,
            "HOWDAH_KAFKA_SECURITY_PROTOCOL": settings.agent_kafka_security_protocol,
            "HOWDAH_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "HOWDAH_KAFKA_USERNAME": own.user,
            "HOWDAH_KAFKA_PASSWORD": password,
            **self._certificates(),
        }

    def _certificates(self) -> dict[str, str]:
        path = self._settings.agent_ca_file
        if path is None:
            return {}
        try:
            text = path.read_text()
        except OSError as error:
            raise ConfigurationError(f"HOWDAH_AGENT_CA_FILE: {path} can't be read ({type(error).__name__})") from None
        return {"HOWDAH_KAFKA_CA_PEM": text, "HOWDAH_API_CA_PEM": text}

    def _note(self, action: str, agent: Agent) -> None:
        details = {"kafka_user": agent.kafka_user, "token_id": agent.token_id}
        self._audit.record(self._principal.subject, action, "agent", agent.resource_id, details)


def _unavailable(error: MessagingError) -> UnavailableError:
    return UnavailableError(f"The brokers did not do their part: {error}. Nothing has changed here; try again.")
