"""A daemon of one's own: what Kafka, PostgreSQL and the sandbox have in common when they are started by themselves."""

from abc import ABC, abstractmethod
from pathlib import Path

from howdah.local.child import Child, ChildSpec


class Daemon(ABC):
    """Prepared at its first start; then started, stopped and killed as often as one likes, with its data kept.

    The supervisor needs ``prepare`` only: it has children of its own.
    """

    def __init__(self, log_path: Path) -> None:
        self._log_path = log_path
        self._child: Child | None = None

    @abstractmethod
    def prepare(self) -> ChildSpec:
        """Make what it needs; return what to run. LocalStackError says what is wrong."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start and return when it serves; LocalStackError says what is wrong."""
        if self._child is None:
            self._child = Child(self.prepare(), self._log_path)
        self._child.start()
        self._child.await_ready()

    def stop(self) -> None:
        """Stop in order. Stopping what does not run is fine."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would end it."""
        if self._child is not None:
            self._child.kill()
