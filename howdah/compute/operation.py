"""One operation on a resource: its time limit, its cancel signal, and how its failures are worded."""

import time
from types import TracebackType
from typing import Self

from howdah.compute.abstract import Bounds
from howdah.contracts.errors import TaskError
from howdah.contracts.failures import FailureKind
from howdah.runtime import metrics


class Operation:
    """Measures and limits one operation; use it in a ``with`` block, and ``check`` wherever it waits.

    With ``silence`` the time-out runs anew from every ``progressed``: it limits how long nothing moves.
    ``expired`` is the kind that running out of time means: TIMEOUT, or TRANSIENT while no effect can have happened.
    """

    def __init__(  # noqa: PLR0913 - what an operation is, two of it by keyword
        self,
        name: str,
        host: str,
        bounds: Bounds,
        timeout_seconds: float,
        *,
        silence: bool = False,
        expired: FailureKind = FailureKind.TIMEOUT,
    ) -> None:
        self.name = name
        self.host = host
        self.bounds = bounds
        self.timeout_seconds = timeout_seconds
        self._silence = silence
        self._expired = expired
        self._started = time.monotonic()
        self._expires_at = self._started + timeout_seconds

    @property
    def elapsed_seconds(self) -> float:
        """Seconds since the operation began."""
        return time.monotonic() - self._started

    def progressed(self) -> None:
        """Say that something moved."""
        if self._silence:
            self._expires_at = time.monotonic() + self.timeout_seconds

    def remaining_seconds(self) -> float:
        """Return the seconds that are left; zero or less when there are none."""
        return min(self._expires_at, self.bounds.deadline) - time.monotonic()

    def overdue(self, by_seconds: float) -> bool:
        """Tell, from another thread, whether the operation still runs although its time was over long ago."""
        return self.remaining_seconds() < -by_seconds

    def check(self) -> None:
        """Raise CANCELED or the time-out's kind when the operation should end."""
        if self.bounds.canceled.is_set():
            raise self.failure(FailureKind.CANCELED, "was canceled")
        now = time.monotonic()
        if now >= self.bounds.deadline:
            raise self.failure(FailureKind.TIMEOUT, "ran into the deadline of its task")
        if now >= self._expires_at:
            what = f"moved nothing for {self.timeout_seconds:g} s" if self._silence else "got no answer in time"
            raise self.failure(self._expired, what)

    def failure(
        self, kind: FailureKind, what: str, *, detail: str | None = None, exit_status: int | None = None
    ) -> TaskError:
        """Return the error: ``<operation> on <host> <what> (after … s)``."""
        return TaskError.of(
            kind,
            f"{self.name} on {self.host} {what} (after {self.elapsed_seconds:.1f} s)",
            detail=detail,
            host=self.host,
            operation=self.name,
            exit_status=exit_status,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outcome = error.failure.kind.value if isinstance(error, TaskError) else "error" if error else "ok"
        metrics.REMOTE_SECONDS.labels(self.name, outcome).observe(self.elapsed_seconds)
