"""The interface of whatever runs the platform's services."""

from collections.abc import Sequence
from typing import Literal, Protocol

from api_server.problems import ConflictError
from howdah.contracts.services import ServiceDeployment, ServiceReport, ServiceStatus

ControlName = Literal["none", "local", "kubernetes"]


class ControlPlane(Protocol):
    """Shows and steers services. Every change is a wish: the answer says that it was taken, ``report`` how far it is.

    Calls block for seconds at most. They raise NotFoundError for a service that is not there, ConflictError for what
    can't be done with it, InvalidRequestError for a wrong deployment, UnavailableError when nobody answers.
    Instances are replaced one after the other, and each finishes what it has in hand: no task is lost by any of this.
    """

    @property
    def name(self) -> ControlName:
        """Which backend this is."""
        ...

    def services(self) -> Sequence[ServiceStatus]:
        """Return all services: the platform's own, the built-in ones, the custom ones."""
        ...

    def report(self, name: str) -> ServiceReport:
        """Return one service with its instances and their latest events."""
        ...

    def scale(self, name: str, replicas: int) -> None:
        """Want so many instances of a task service."""
        ...

    def restart(self, name: str) -> None:
        """Replace every instance of the service."""
        ...

    def deploy(self, name: str, deployment: ServiceDeployment) -> None:
        """Run a custom service as described: a new one, or a new revision of one."""
        ...

    def roll_back(self, name: str) -> None:
        """Go back to the revision before the present one; doing it twice undoes it."""
        ...

    def remove(self, name: str) -> None:
        """Stop a custom service and forget it. Its topic stays, with the tasks that wait in it."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class NoControlPlane:
    """The installation runs its services itself: nothing is shown, and nothing can be steered from here."""

    name: ControlName = "none"

    def services(self) -> Sequence[ServiceStatus]:
        """Return nothing."""
        return ()

    def report(self, name: str) -> ServiceReport:
        """Refuse."""
        raise self._refusal(name)

    def scale(self, name: str, replicas: int) -> None:
        """Refuse."""
        raise self._refusal(f"{name} × {replicas}")

    def restart(self, name: str) -> None:
        """Refuse."""
        raise self._refusal(name)

    def deploy(self, name: str, deployment: ServiceDeployment) -> None:
        """Refuse."""
        raise self._refusal(f"{name} for {deployment.task_type}")

    def roll_back(self, name: str) -> None:
        """Refuse."""
        raise self._refusal(name)

    def remove(self, name: str) -> None:
        """Refuse."""
        raise self._refusal(name)

    def close(self) -> None:
        """Nothing is open."""

    @staticmethod
    def _refusal(what: str) -> ConflictError:
        return ConflictError(
            f"{what}: this server was not told what runs the services (HOWDAH_CLUSTER is none; local and kubernetes "
            "are possible).",
            slug="no-control-plane",
        )
