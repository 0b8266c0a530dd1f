"""What operators do with services, each noted in the audit trail of the gateway that they called from."""

from typing import Any, TypeVar

import structlog

from api_server.auth.principal import Principal
from api_server.cluster.abstract import ControlPlane
from api_server.problems import UnavailableError
from api_server.registry.repositories.audit import AuditRepository
from api_server.registry.unit_of_work import UnitOfWork
from howdah.contracts.errors import HowdahError
from howdah.contracts.params import BUILT_IN
from howdah.contracts.services import ServiceDeployment, ServiceKind, ServiceReport, ServiceStatus
from howdah.contracts.topics import tasks
from howdah.messaging.abstract import Messaging

S = TypeVar("S", bound=ServiceStatus)
log = structlog.get_logger(__name__)


class Operators:
    """Steers services for people. ``messaging`` makes the topic of a new task type."""

    def __init__(self, control: ControlPlane, messaging: Messaging, replication_factor: int) -> None:
        self.control = control
        self._messaging = messaging
        self._replication_factor = replication_factor

    def services(self) -> list[ServiceStatus]:
        """Return all services, with what waits for them."""
        return [self._with_backlog(one) for one in self.control.services()]

    def report(self, name: str) -> ServiceReport:
        """Return one service with its instances, their latest events and what waits for it."""
        return self._with_backlog(self.control.report(name))

    def scale(self, work: UnitOfWork, principal: Principal, name: str, replicas: int) -> ServiceReport:
        """Want so many instances."""
        self.control.scale(name, replicas)
        return self._done(work, principal, "scale", name, {"replicas": replicas})

    def restart(self, work: UnitOfWork, principal: Principal, name: str) -> ServiceReport:
        """Replace every instance."""
        self.control.restart(name)
        return self._done(work, principal, "restart", name)

    def deploy(self, work: UnitOfWork, principal: Principal, name: str, wanted: ServiceDeployment) -> ServiceReport:
        """Make the task type's topic where it is missing, then run the service."""
        self._ensure_topic(wanted.task_type)
        self.control.deploy(name, wanted)
        details = wanted.model_dump(mode="json", exclude={"environment"}) | {"variables": sorted(wanted.environment)}
        return self._done(work, principal, "deploy", name, details)

    def roll_back(self, work: UnitOfWork, principal: Principal, name: str) -> ServiceReport:
        """Go back to the revision before."""
        self.control.roll_back(name)
        return self._done(work, principal, "roll back", name)

    def remove(self, work: UnitOfWork, principal: Principal, name: str) -> None:
        """Stop a custom service and forget it."""
        self.control.remove(name)
        self._note(work, principal, "remove", name, {})

    def _done(
        self, work: UnitOfWork, principal: Principal, action: str, name: str, details: dict[str, Any] | None = None
    ) -> ServiceReport:
        self._note(work, principal, action, name, details or {})
        return self.report(name)

    def _with_backlog(self, status: S) -> S:
        task_type = status.deployment.task_type if status.deployment else status.name
        if status.kind is ServiceKind.PLATFORM or (status.deployment is None and task_type not in BUILT_IN):
            return status
        try:
            backlog = self._messaging.admin().backlog(task_type, tasks(task_type).name)
        except HowdahError as error:
            log.warning("backlog is not known", service=status.name, error=str(error))
            return status
        return status.model_copy(update={"backlog": sum(backlog.values())})

    @staticmethod
    def _note(work: UnitOfWork, principal: Principal, action: str, name: str, details: dict[str, Any]) -> None:
        log.info("service steered", action=action, service=name, by=principal.subject)
        AuditRepository(work.session, principal.gateway_id).record(principal.subject, action, "service", name, details)

    def _ensure_topic(self, task_type: str) -> None:
        topic = tasks(task_type)
        try:
            self._messaging.admin().ensure((topic,), self._replication_factor)
        except HowdahError as error:
            raise UnavailableError(f"The topic {topic.name} could not be made: {error}") from error
