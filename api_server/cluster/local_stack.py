"""The local stack: its supervisor is asked over the control socket, in the words of ``howdah.contracts.control``."""

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from api_server.cluster.abstract import ControlName
from api_server.problems import ConflictError, InvalidRequestError, NotFoundError, ProblemError, UnavailableError
from howdah.contracts.control import (
    ANSWERS,
    MAX_LINE_BYTES,
    Accepted,
    AnyAnswer,
    AnyRequest,
    DeployService,
    GetServices,
    RefusalReason,
    Refused,
    RemoveService,
    RestartService,
    RollBackService,
    ScaleService,
    Services,
)
from howdah.contracts.services import ServiceDeployment, ServiceReport, ServiceStatus

_TIMEOUT_SECONDS: Final = 5.0
_CHUNK_BYTES: Final = 65_536
_REFUSALS: Final[dict[RefusalReason, type[ProblemError]]] = {
    RefusalReason.UNKNOWN: NotFoundError,
    RefusalReason.CONFLICT: ConflictError,
    RefusalReason.INVALID: InvalidRequestError,
}


class LocalStack:
    """The supervisor behind a control socket."""

    name: ControlName = "local"

    def __init__(self, control_socket: Path) -> None:
        self._socket = control_socket

    def services(self) -> Sequence[ServiceStatus]:
        """Return all services."""
        return self._services(None)

    def report(self, name: str) -> ServiceReport:
        """Return one service."""
        return self._services(name)[0]

    def scale(self, name: str, replicas: int) -> None:
        """Want so many instances."""
        self._wish(ScaleService(name=name, replicas=replicas))

    def restart(self, name: str) -> None:
        """Replace every instance."""
        self._wish(RestartService(name=name))

    def deploy(self, name: str, deployment: ServiceDeployment) -> None:
        """Run a custom service from a folder of this machine."""
        self._wish(DeployService(name=name, deployment=deployment))

    def roll_back(self, name: str) -> None:
        """Go back to the revision before."""
        self._wish(RollBackService(name=name))

    def remove(self, name: str) -> None:
        """Stop a custom service and forget it."""
        self._wish(RemoveService(name=name))

    def close(self) -> None:
        """Nothing stays open between two questions."""

    def _services(self, name: str | None) -> tuple[ServiceReport, ...]:
        answer = self._ask(GetServices(name=name))
        if not isinstance(answer, Services) or (name is not None and not answer.services):
            raise _unavailable("its answer does not fit")
        return answer.services

    def _wish(self, request: AnyRequest) -> None:
        if not isinstance(self._ask(request), Accepted):
            raise _unavailable("its answer does not fit")

    def _ask(self, request: AnyRequest) -> AnyAnswer:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(_TIMEOUT_SECONDS)
                connection.connect(str(self._socket))
                connection.sendall(request.model_dump_json().encode() + b"\n")
                answer = ANSWERS.validate_json(_line(connection))
        except (OSError, ValidationError) as error:
            raise _unavailable(type(error).__name__) from error
        if isinstance(answer, Refused):
            raise _REFUSALS[answer.reason](answer.sentence)
        return answer


def _line(connection: socket.socket) -> bytes:
    data = bytearray()
    while not data.endswith(b"\n") and len(data) <= MAX_LINE_BYTES:
        chunk = connection.recv(_CHUNK_BYTES)
        if not chunk:
            break
        data += chunk
    return bytes(data)


def _unavailable(why: str) -> UnavailableError:
    return UnavailableError(
        f"The local stack's supervisor does not answer ({why}); `howdah up` runs it.", headers={"Retry-After": "2"}
    )
