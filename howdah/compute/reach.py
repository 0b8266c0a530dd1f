"""The real ``Reach``: chooses the transport that a target names and keeps what can be kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, assert_never

from howdah.compute.abstract import UNBOUNDED, Bounds, Connection, SecretSource
from howdah.compute.local import LocalConnection
from howdah.compute.ssh.connection import SshConnection
from howdah.compute.ssh.pool import SshPool
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.contracts.ids import ResourceId
from howdah.contracts.resources import ReachKind, ResourceTarget, TransportKind


class PooledReach:
    """One per process; thread-safe. Close it when the process ends.

    ``agent_of`` names the resource whose agent this process is. What an agent works on is nobody else's: a service of
    the platform would work on its own machine instead.
    """

    def __init__(self, *, idle_seconds: float = 60.0, agent_of: ResourceId | None = None) -> None:
        self._agent_of = agent_of
        self._pool = SshPool(idle_seconds=idle_seconds)
        self._homes: dict[str, str] = {}

    @contextmanager
    def connect(self, target: ResourceTarget, secret: SecretSource, bounds: Bounds = UNBOUNDED) -> Iterator[Connection]:
        """Return a connection for a ``with`` block (see ``abstract.Reach``)."""
        match target.transport:
            case TransportKind.LOCAL:
                self._refuse_anothers(target)
                yield LocalConnection(target, bounds, self._homes)
            case TransportKind.SSH:
                connection = SshConnection(target, secret, bounds, self._homes, self._pool)
                try:
                    yield connection
                finally:
                    connection.close()
            case _:
                assert_never(target.transport)

    def _refuse_anothers(self, target: ResourceTarget) -> None:
        if target.reach is ReachKind.AGENT and target.resource_id != self._agent_of:
            sentence = f"{target.name} is worked on by its agent alone; this service can't reach it."
            raise TaskError.of(FailureKind.PERMANENT, sentence, host=target.host, operation="connect")

    def close(self) -> None:
        """Close every connection; operations under way fail as TRANSIENT."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
