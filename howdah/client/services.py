"""Services: what runs in how many instances. Steering them needs a platform administrator's token."""

from pydantic import BaseModel, ConfigDict

from howdah.client.connection import Connection
from howdah.client.errors import UnexpectedAnswerError
from howdah.contracts.services import ServiceDeployment, ServiceReport, ServiceStatus

_PATH = "/services"


class ServiceList(BaseModel):
    """All services, and what runs them: ``kubernetes``, ``local``, or ``none`` where the server was not told."""

    model_config = ConfigDict(frozen=True, extra="allow")

    control: str
    items: tuple[ServiceStatus, ...]


class ServiceCalls:
    """Looks at services (scope operations:read) and steers them (operations:write, platform administrators)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> ServiceList:
        """Return all services as they are now."""
        return self._connection.get(_PATH, ServiceList)

    def get(self, name: str) -> ServiceReport:
        """Return one with its instances and their latest events."""
        return self._connection.get(f"{_PATH}/{name}", ServiceReport)

    def scale(self, name: str, replicas: int) -> ServiceReport:
        """Want so many instances; ConflictError for the platform's own processes."""
        return self._connection.post(f"{_PATH}/{name}/scale", {"replicas": replicas}, ServiceReport)

    def restart(self, name: str) -> ServiceReport:
        """Replace every instance, one after the other."""
        return self._connection.post(f"{_PATH}/{name}/restart", {}, ServiceReport)

    def deploy(self, name: str, deployment: ServiceDeployment) -> ServiceReport:
        """Run a custom service, or a new revision of it."""
        body = deployment.model_dump(mode="json", exclude_none=True)
        response = self._connection.send("PUT", f"{_PATH}/{name}", json=body)
        try:
            return ServiceReport.model_validate_json(response.content)
        except ValueError as error:
            raise UnexpectedAnswerError(f"the answer to PUT {_PATH}/{name} is not understood") from error

    def roll_back(self, name: str) -> ServiceReport:
        """Go back to the revision before; ConflictError when there is none."""
        return self._connection.post(f"{_PATH}/{name}/roll-back", {}, ServiceReport)

    def remove(self, name: str) -> None:
        """Stop a custom service and forget it."""
        self._connection.send("DELETE", f"{_PATH}/{name}")
